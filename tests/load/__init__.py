"""Load suite: speed as ratios, all measured in one run on one machine. ``python -m tests.load --help``."""
