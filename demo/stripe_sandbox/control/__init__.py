"""Control of the sandbox from outside the API, for tests and people."""
