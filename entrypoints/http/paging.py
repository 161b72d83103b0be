"""Lists in pages (api.md): ``limit``, ``cursor``, and ``next_cursor`` in the answer."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar.params import QueryParameter

from domain.errors import InvalidRequest

MAX_PAGE = 100
DEFAULT_PAGE = 20

PageLimit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="At most so many items.")]
PageCursor = Annotated[str | None, QueryParameter(description="The next_cursor of the page before.")]


def encode_cursor(moment: datetime, id_: UUID) -> str:
    """Where a page ended, in a list that is sorted by a time and then by id."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{id_}".encode()).decode()


def decode_cursor(text: str) -> tuple[datetime, UUID]:
    """What ``encode_cursor`` was given. Raises InvalidRequest for a text that it never made."""
    try:
        moment_text, _, id_text = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        moment, id_ = datetime.fromisoformat(moment_text), UUID(id_text)
    except (ValueError, binascii.Error):
        raise InvalidRequest("cursor is not one that this list has given", field="cursor") from None
    if moment.tzinfo is None:
        raise InvalidRequest("cursor is not one that this list has given", field="cursor")
    return moment, id_
