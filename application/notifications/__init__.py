"""Mails, and the files that come with them."""
