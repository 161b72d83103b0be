"""Examining an installation before it goes live (api.md, piquetickets doctor)."""
