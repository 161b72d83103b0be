"""Tasks that workers do after a commit."""
