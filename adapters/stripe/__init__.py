"""Payments by Stripe Checkout with the official SDK."""
