"""Everything that the sandbox remembers."""
