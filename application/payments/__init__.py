"""Keeping orders in line with their payments at Stripe."""
