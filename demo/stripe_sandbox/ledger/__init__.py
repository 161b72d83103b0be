"""The stored state of the sandbox."""
