"""Dispatching outbox tasks to workers over Redis streams, by taskiq."""
