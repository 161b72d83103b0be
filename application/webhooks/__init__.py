"""What Stripe tells by itself."""
