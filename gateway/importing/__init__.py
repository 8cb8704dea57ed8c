"""Foreign contracts: conversion of other hosts' documents to a `Contract`, and of a `Contract` to Python declarations.

Each reader converts one kind of document to a `drafts.Draft`, with types by their .NET names. `assembly` resolves the names.
"""
