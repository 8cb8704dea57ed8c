"""What every owner of rows builds on: connections, transactions, statements, lists."""
