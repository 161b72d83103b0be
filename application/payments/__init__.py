"""Keeping orders in line with what Stripe says of their payments."""
