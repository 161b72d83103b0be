"""The one line that a page shows after something was done: a redirect names it by its key, ``?done=show-published``.

The texts stand here, so an address cannot put words of its own on a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        # People
        "chosen": "You work for this producer now.",
        "signed-in": "You are signed in.",
    }
)
