"""The operations of Stripe's API, a file for each resource."""
