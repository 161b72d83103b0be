"""The distributed lock in Redis."""
