"""A mail server for the demo and the tests: it keeps every mail and shows it on a web page."""
