"""Who asks: the token of a program, or a paired device, by the secret that comes with a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain import access, devices
from domain.access import AccessToken, Actor
from domain.devices import Device

#: What a secret belongs to.
Holder = AccessToken | Device


@dataclass(frozen=True, slots=True)
class Bearer:
    """The secret of a request whose holder is still to be read.

    ``actor_of`` gives the author of what the holder does. It gets None for a secret of nothing, or of a token that was
    revoked, and raises what refuses the request.
    """

    secret_hash: bytes = field(repr=False)
    is_device: bool
    actor_of: Callable[[Holder | None], Actor]


def in_force(token: AccessToken | None) -> AccessToken | None:
    """The token, unless it was revoked."""
    return token if token is not None and token.revoked_at is None else None


async def note_use(unit_of_work: UnitOfWorkFactory, holders: Iterable[Holder], now: datetime) -> bool:
    """Write down that these were used, each at most once in USE_REMEMBERED_EVERY. False where there was nothing to
    write.
    """
    to_note = {holder.id: holder for holder in holders if _is_to_note(holder, now)}
    if not to_note:
        return False
    async with unit_of_work() as uow:
        for holder_id in sorted(to_note):  # in one order, or two processes would wait for each other
            await _note(uow, to_note[holder_id], now)
        await uow.commit()
    return True


def _is_to_note(holder: Holder, now: datetime) -> bool:
    if isinstance(holder, Device):
        return not holder.is_revoked and now - holder.last_seen_at >= devices.USE_REMEMBERED_EVERY
    return holder.last_used_at is None or holder.last_used_at < now - access.USE_REMEMBERED_EVERY


async def _note(uow: UnitOfWork, holder: Holder, now: datetime) -> None:
    if isinstance(holder, Device):
        await uow.devices.seen(holder.id, now=now)
    else:
        await uow.tokens.used(holder.id, now=now, unless_since=now - access.USE_REMEMBERED_EVERY)
