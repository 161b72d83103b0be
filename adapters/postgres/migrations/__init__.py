"""The schema's history. Each revision is frozen once it is released."""
