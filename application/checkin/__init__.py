"""Check-in at the door: scanning tickets, with and without a network."""
