"""Sessions, messages, accounts and customers: tables and the functions that read and write them."""
