"""Where the world comes in: HTTP, command line, worker. Wire and translate, nothing else."""
