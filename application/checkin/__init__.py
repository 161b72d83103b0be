"""The door: scanning tickets, with and without a network."""
