"""The base of every owner of rows: connections, transactions, statements, lists."""
