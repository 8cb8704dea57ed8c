"""Metadata of the service, generated from the catalog without HTTP: pages, typed clients, OpenAPI, the explorer."""
