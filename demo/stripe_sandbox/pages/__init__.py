"""The pages that Stripe hosts."""
