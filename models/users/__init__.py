"""Users, keys, log-ins and idempotency keys: tables and the functions that read and write them."""
