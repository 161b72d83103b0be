"""Orders, as buyers and producers look at them."""
