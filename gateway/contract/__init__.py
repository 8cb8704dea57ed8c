"""How an operation is declared, and found again."""
