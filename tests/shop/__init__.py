"""A service's own tables, as somebody writes them: two models and two migrations."""
