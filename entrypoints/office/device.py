"""What a browser is called in the list of a person's sessions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import ua_parser
from litestar import Request

#: Longer than what any browser calls itself.
_MOST: Final = 400
UNKNOWN: Final = "Unknown browser"


def device_of(request: Request[Any, Any, Any]) -> str:
    """The browser and its system, such as "Firefox on Windows", from what the browser says of itself."""
    return device_named(request.headers.get("user-agent", ""))


@lru_cache(maxsize=1000)
def device_named(agent: str) -> str:
    """The browser and its system, from a User-Agent header."""
    found = ua_parser.parse(agent[:_MOST])
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    return " on ".join(each for each in (browser, system) if each) or UNKNOWN
