"""Typed clients: the contract's types written in each language, one language a module."""
