"""Examining an installation before it goes live (docs/operations.md#doctor)."""
