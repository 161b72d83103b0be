"""Ownership: what an actor may see and change; and the audit log of changes."""
