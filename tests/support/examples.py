"""How much is tried by tests that make up their data, with Hypothesis or Schemathesis.

Every day as much as finds most mistakes within seconds. With the variable ``THOROUGH`` in the environment, for instance
at night, ten times as much.
"""

from __future__ import annotations

import os
from typing import Final

THOROUGH: Final = bool(os.environ.get("THOROUGH"))
_TIMES: Final = 10


def examples(everyday: int) -> int:
    """The number of examples to try in this run, for a number that is enough on most days."""
    return everyday * _TIMES if THOROUGH else everyday
