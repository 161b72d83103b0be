"""A mail server that keeps what it is given and shows it on a web page, for demo and tests."""
