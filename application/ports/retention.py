"""Data that an installation need not keep for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Disposable(StrEnum):
    """Data that is deleted once it is old enough. Records that moved money or admitted a person are never included.

    TASKS are done. EVENTS were handled without a failure. UNPAID_ORDERS never held money, and have no refund, no
    payment, no note, and no unfinished task; their lines and Idempotency-Keys are deleted with them. SCANS admitted no
    one, or were undone. JOBS were begun that long ago. OFFICE_SESSIONS were last seen that long ago, SIGN_IN_LINKS and
    PASSKEY_CHALLENGES were good until then, and INVITATIONS were sent then and not accepted. PAIRINGS were made,
    DEVICES revoked, and PRINT_JOBS asked for that long ago.

    PERSONAL_DATA is not deleted with its rows: orders of shows that ended that long ago become anonymous, as if their
    buyers had been erased. Money, counts, codes and times stay. Orders that still need a person's address stay as they
    are: those with an unfinished task, with a refund under way, or with an open dispute.
    """

    TASKS = "tasks"
    EVENTS = "events"
    UNPAID_ORDERS = "unpaid_orders"
    SCANS = "scans"
    AUDIT_LOG = "audit_log"
    JOBS = "jobs"
    PRINT_JOBS = "print_jobs"
    OFFICE_SESSIONS = "office_sessions"
    SIGN_IN_LINKS = "sign_in_links"
    PASSKEY_CHALLENGES = "passkey_challenges"
    INVITATIONS = "invitations"
    PAIRINGS = "pairings"
    DEVICES = "devices"
    PERSONAL_DATA = "personal_data"


class Retention(Protocol):
    """Each method raises StorageUnavailable."""

    async def count(self, what: Disposable, *, before: datetime) -> int:
        """How many are older than ``before``."""
        ...

    def delete(self, what: Disposable, *, before: datetime) -> AsyncIterator[int]:
        """Delete them (PERSONAL_DATA: make them anonymous) in small pieces; yields how many each piece had. Rows that
        are in use stay until later.

        Each piece is a separate transaction, and waits for no lock.
        """
        ...
