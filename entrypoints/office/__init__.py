"""The office: the pages of a producer's own people."""
