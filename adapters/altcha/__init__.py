"""Challenges that cost a browser some work: ALTCHA, version 1."""
