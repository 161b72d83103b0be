"""What the operations of Stripe's API do, a file for each resource."""
