"""Rows: the tables and the functions that read and write them."""
