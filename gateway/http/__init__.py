"""The HTTP layer: Falcon's application, and everything between its requests and the use cases."""
