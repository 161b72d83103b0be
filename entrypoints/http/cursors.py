"""Where a list goes on, as text that clients pass back unread."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from application.ports.storage import ShowCursor
from domain.errors import InvalidRequest


def encode_cursor(cursor: ShowCursor) -> str:
    return base64.urlsafe_b64encode(f"{cursor.start_time.isoformat()}|{cursor.show_id}".encode()).decode()


def decode_cursor(text: str) -> ShowCursor:
    """Raises InvalidRequest."""
    try:
        start_time, _, show_id = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        cursor = ShowCursor(datetime.fromisoformat(start_time), UUID(show_id))
    except (ValueError, binascii.Error):
        raise InvalidRequest("cursor is not one that this list has given", field="cursor") from None
    if cursor.start_time.tzinfo is None:
        raise InvalidRequest("cursor is not one that this list has given", field="cursor")
    return cursor
