"""Lists in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Cursor = TypeVar("Cursor")


def page_of(found: Sequence[Item], limit: int, cursor_of: Callable[[Item], Cursor]) -> tuple[list[Item], Cursor | None]:
    """The first ``limit`` items, and where the next page begins; None if there is no next page.

    ``found`` has one item more than ``limit`` if there is a next page. ``cursor_of`` makes the cursor from the page's
    last item.
    """
    page = list(found[:limit])
    return page, cursor_of(page[-1]) if len(found) > limit else None
