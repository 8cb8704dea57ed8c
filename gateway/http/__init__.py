"""The only part that knows HTTP: Falcon's app and what stands between its requests and the use cases."""
