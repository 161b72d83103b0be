"""The producer API: everything under /producer, opened by a bearer token."""
