"""Making tickets: an id and a signed code for every admission."""

from __future__ import annotations

from uuid import UUID

from application.ports.system import Ids
from domain.ticket_code import NONCE_BYTES, TicketCodes


class TicketIssuer:
    """Callable as the domain's IssueTicket."""

    def __init__(self, ids: Ids, codes: TicketCodes) -> None:
        self._ids = ids
        self._codes = codes

    def __call__(self, show_id: UUID) -> tuple[UUID, str]:
        return self._ids.new(), self._codes.issue(show_id, self._ids.random_bytes(NONCE_BYTES))
