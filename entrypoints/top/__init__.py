"""``piquetickets top``: the minute of an on-sale, in a terminal.

It reads the database and Redis, which know the whole installation, whatever hosts it has, and need no address. How long
buyers wait is known to the servers alone: ``--metrics`` names their addresses, and adds them up.
"""
