"""The rules of selling tickets: pure, synchronous, without I/O, clock or randomness of their own."""
