"""Requests that mean no good, made from a seed: the same seed and number make the same bytes."""
