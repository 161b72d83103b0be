"""Stripe's lists: newest first, cut into pages by a cursor."""

import operator
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from demo.stripe_sandbox.ledger.table import Table
from demo.stripe_sandbox.protocol.errors import StripeRefusal, no_such
from demo.stripe_sandbox.protocol.json_types import JsonObject

Row = TypeVar("Row")

_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_DEFAULT_LIMIT = 10
_MAXIMUM_LIMIT = 100


def list_object(data: list[Any], url: str, *, has_more: bool = False) -> JsonObject:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page_of(
    table: Table[Row],
    params: JsonObject,
    url: str,
    matches: Callable[[Row], bool],
    render: Callable[[Row], JsonObject],
) -> JsonObject:
    """The page of a table that ``limit``, ``starting_after`` and ``ending_before`` ask for."""
    limit = page_limit(params)
    before = params.get("ending_before")
    after = params.get("starting_after")
    for cursor_name in ("ending_before", "starting_after"):
        cursor = params.get(cursor_name)
        if cursor is not None and cursor not in table:
            raise no_such("object", cursor, cursor_name)
    rows: Iterable[Row] = (
        table.oldest_first(newer_than=before) if before is not None else table.newest_first(older_than=after)
    )
    found = list(islice(filter(matches, rows), limit + 1))
    page = found[:limit]
    if before is not None:
        page.reverse()
    return list_object([render(row) for row in page], url, has_more=len(found) > limit)


def page_limit(params: JsonObject) -> int:
    limit: int = params.get("limit", _DEFAULT_LIMIT)
    if not 1 <= limit <= _MAXIMUM_LIMIT:
        raise StripeRefusal(f"Invalid limit: must be between 1 and {_MAXIMUM_LIMIT}.", param="limit")
    return limit


def created_matches(created: int, wanted: int | JsonObject | None) -> bool:
    """Whether a time fits ``created`` (a moment) or ``created[gte]`` and its like."""
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return created == wanted
    return all(_COMPARISONS[name](created, bound) for name, bound in wanted.items())
