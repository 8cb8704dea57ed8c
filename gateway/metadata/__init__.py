"""What the service says of itself: pages, generated clients, OpenAPI, the explorer. All from the catalog; nothing here knows HTTP."""
