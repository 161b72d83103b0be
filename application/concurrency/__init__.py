"""Shared means of use cases to do many things at once, safely."""
