"""What OpenAPI says of errors, and of things in general: said once, here, instead of at every handler.

A handler names the errors of its own (``responses=answers("conflict")``). What every operation of its kind can answer
is added by ``complete`` when the application is made: 400 where something is sent, 401 and 403 where a token is needed,
404 where the path names a thing, 413 where there is a body, 503 where the database is asked.
"""

from __future__ import annotations

from collections import defaultdict
from http import HTTPStatus
from typing import Final

from litestar.openapi.datastructures import ResponseSpec

from entrypoints.http.errors import ERRORS, ErrorOut

#: Codes that no error of ours stands for: the framework's, and those of middleware.
_FRAMEWORK: Final = {
    "unauthorized": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
}
STATUSES: Final = {row.code: row.status for row in ERRORS.values()} | _FRAMEWORK


def answers(*codes: str) -> dict[int, ResponseSpec]:
    """The errors of an operation by their codes in api.md's table, each with an example."""
    by_status: defaultdict[HTTPStatus, list[str]] = defaultdict(list)
    for code in codes:
        by_status[STATUSES[code]].append(code)
    return {
        int(status): ResponseSpec(
            data_container=ErrorOut,
            generate_examples=False,
            description=", ".join(coded),
        )
        for status, coded in by_status.items()
    }
