"""The rules of selling tickets: pure and synchronous, without I/O, clocks or randomness."""
