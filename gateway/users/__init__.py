"""Authentication: principals, passwords, API keys, tokens, and their rights."""
