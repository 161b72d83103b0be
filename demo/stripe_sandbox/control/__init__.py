"""What tests and people may do to the sandbox from outside the API."""
