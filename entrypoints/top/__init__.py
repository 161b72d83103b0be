"""``piquetickets top``: the minute of an on-sale, in a terminal.

It reads the database and Redis, which know of all hosts of an installation and need no address. How long
buyers wait is known to the servers alone: ``--metrics`` names their addresses, and adds them up.
"""
