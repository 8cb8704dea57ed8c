"""The contract of the sessions API: requests, answers and enums, exactly as the API's own pages describe them."""
