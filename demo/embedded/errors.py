"""What can go wrong with an embedded engine, told in one line to a person."""


class EngineError(Exception):
    """An embedded engine cannot be installed, started or reached; the message says why and what to do."""
