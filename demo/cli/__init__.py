"""The commands ``piquetickets demo`` and ``piquetickets sandbox``."""
