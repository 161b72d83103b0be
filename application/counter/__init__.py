"""The counter: shifts, and sales to people who stand in front of it."""
