"""The use cases: one function an operation, from the bound request and its context to the answer."""
