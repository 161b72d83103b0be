"""From a cart to an order that holds tickets."""
