"""The dress rehearsal of an on-sale: a producer's own show, copied, and a crowd from a seed (docs/rehearsal.md)."""
