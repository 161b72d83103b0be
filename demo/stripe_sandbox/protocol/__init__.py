"""How Stripe writes things: ids, money, refusals, forms, and its published description."""
