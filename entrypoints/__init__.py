"""The ways in from the outside: HTTP, command line, worker. They only wire and translate."""
