"""Foreign contracts: documents of other hosts read into a `Contract`, and Python declarations made of one.

A reader makes a `drafts.Draft` of one kind of document: what it declares, with types by their .NET names. `assembly` resolves the names.
"""
