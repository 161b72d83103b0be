"""What the extra adds to the command line: the commands ``demo`` and ``sandbox``, and engines."""
