"""The world that the simulation and the rehearsal share: virtual time, processes that can die, a database server, a
queue, a mail server and Stripe, all in memory. What happens to calls is decided by who plays (``Way``).
"""
