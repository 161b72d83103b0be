"""A fake of every port, good enough to run the whole application in one process without any engine.

They are held to the same contract tests as the real adapters.
"""
