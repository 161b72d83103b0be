"""The pages for buyers."""
