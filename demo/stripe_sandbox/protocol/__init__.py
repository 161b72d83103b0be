"""Stripe's conventions: ids, money, refusals, forms, and its published description."""
