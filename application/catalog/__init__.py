"""Producers, their shows, and what these sell."""
