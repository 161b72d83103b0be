"""Tickets as PDF, in any script."""
