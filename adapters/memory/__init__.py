"""A fake of every port, good enough to run the whole application in one process without any engine.

The fakes pass the same contract tests as the real adapters.
"""
