"""Typed clients: the contract's types written in each language, with a module for each language."""
