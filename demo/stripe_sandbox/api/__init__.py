"""The HTTP face of Stripe's API."""
