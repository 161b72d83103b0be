"""Lists in pages (docs/api.md): ``limit``, ``cursor``, and ``next_cursor`` in the answer."""

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

PageLimit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="The most items to return.")]
PageCursor = Annotated[str | None, QueryParameter(description="The next_cursor of the page before.")]


def encode_text(text: str) -> str:
    """The cursor for the end of a page, in a list that is sorted by a text."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_text(cursor: str) -> str:
    """The text that ``encode_text`` got. Raises InvalidRequest for a cursor that it never made."""
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise _unknown() from None
    if "\0" in text:
        raise _unknown()
    return text


def decode_id(cursor: str) -> UUID:
    """The id whose text ``encode_text`` got. Raises InvalidRequest for a cursor that it never made."""
    try:
        return UUID(decode_text(cursor))
    except ValueError:
        raise _unknown() from None


def encode_cursor(moment: datetime, id_: UUID) -> str:
    """The cursor for the end of a page, in a list that is sorted by a time and then by id."""
    return encode_text(f"{moment.isoformat()}|{id_}")


def decode_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The values that ``encode_cursor`` got. Raises InvalidRequest for a cursor that it never made."""
    moment_text, _, id_text = decode_text(cursor).partition("|")
    try:
        moment, id_ = datetime.fromisoformat(moment_text), UUID(id_text)
    except ValueError:
        raise _unknown() from None
    if moment.tzinfo is None:
        raise _unknown()
    return moment, id_


def _unknown() -> InvalidRequest:
    return InvalidRequest("cursor is not one that this list has given", field="cursor")
