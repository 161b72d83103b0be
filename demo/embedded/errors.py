"""The error of the embedded engines: one line for a person."""


class EngineError(Exception):
    """An embedded engine cannot be installed, started or reached; the message says why and what to do."""
