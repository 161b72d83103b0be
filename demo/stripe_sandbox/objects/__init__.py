"""Stripe's objects as they are when new, and the cart behind a Checkout Session."""
