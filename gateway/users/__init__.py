"""Who calls: principals, passwords, keys and tokens, and what each may do."""
