"""Use cases: a producer sees who holds a show's tickets without having paid, and puts them back on sale."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_show
from application.pages import page_of
from application.payments.release import ReleaseOrder
from application.ports.order_lists import Hold
from application.ports.payment import PaymentError
from application.ports.system import Clock
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.claims import canonical_email
from domain.errors import DomainError, InvalidRequest
from domain.orders import OrderEvent, OrderStatus

log = logging.getLogger(__name__)

#: The most holds of one show that are read. An on-sale with more will have fewer after these are released.
MAX_HOLDS: Final = 20_000
#: The most holds released at a time: each costs a call to Stripe, whose slots buyers wait for, too.
RELEASED_AT_A_TIME: Final = 25
#: The most claims deleted in one transaction, which no checkout notices.
FORGOTTEN_AT_A_TIME: Final = 5000


class HeldBy(StrEnum):
    """What holds are grouped by."""

    EMAIL = "email"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class HoldsOfAddress:
    """The holds of one e-mail address, in any spelling, or of one client network in a show.

    ``address`` is the e-mail address, or a name of the network that does not identify its buyers.
    """

    address: str
    orders: int
    tickets: int
    since: datetime
    until: datetime


class ListHolds:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, actor: Actor, show_id: UUID, *, by: HeldBy, after: tuple[int, str] | None, limit: int
    ) -> tuple[list[HoldsOfAddress], tuple[int, str] | None]:
        """A page of holders, the largest first, and where the next page begins, if there is one (tickets, address).

        Raises NotFound.
        """
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            holds = await uow.order_lists.holds(show_id, limit=MAX_HOLDS)
        groups = sorted(_grouped(holds, by), key=_place)
        if after is not None:
            groups = [group for group in groups if _place(group) > (-after[0], after[1])]
        return page_of(groups, limit, lambda last: (last.tickets, last.address))


@dataclass(frozen=True, slots=True)
class Released:
    """``released`` holds were given back, ``paid`` ones were paid before that; ``left`` could not be given back yet."""

    released: int
    paid: int
    left: int


class ReleaseHolds:
    """Releases holds. It closes each payment page first, so no buyer pays for tickets that are on sale again."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, release: ReleaseOrder, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._release = release
        self._audit = audit

    async def __call__(
        self, actor: Actor, show_id: UUID, *, email: str | None = None, network: str | None = None
    ) -> Released:
        """Release the holds of an e-mail address, in any spelling, or of a network: RELEASED_AT_A_TIME of them.

        Orders that wait for the buyer's bank are left alone. Raises NotFound, and InvalidRequest unless exactly one of
        the two is given.
        """
        if (email is None) == (network is None):
            raise InvalidRequest("Name either an e-mail address or a network", field="email")
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
            holds = await uow.order_lists.holds(show_id, limit=MAX_HOLDS)
        by, address = (HeldBy.EMAIL, canonical_email(email)) if email is not None else (HeldBy.NETWORK, network)
        wanted = [
            hold.order_id for hold in holds if hold.status is OrderStatus.PENDING and _address_of(hold, by) == address
        ]
        released = await self._give_back(wanted[:RELEASED_AT_A_TIME])
        outcome = Released(
            released=sum(status in _GIVEN_BACK for status in released),
            paid=sum(status is OrderStatus.COMPLETED for status in released),
            left=len(wanted) - len(released),
        )
        await self._remember(actor, show_id, by, outcome)
        return outcome

    async def _give_back(self, order_ids: Iterable[UUID]) -> list[OrderStatus]:
        """The statuses of the orders, as far as they could be asked for."""
        statuses = []
        for order_id in order_ids:
            try:
                statuses.append((await self._release(order_id, OrderEvent.CANCELLED)).status)
            except (PaymentError, DomainError, StorageUnavailable, StorageConflict) as error:
                log.warning("The hold of order %s is not given back yet: %s", order_id, error)
        return statuses

    async def _remember(self, actor: Actor, show_id: UUID, by: HeldBy, outcome: Released) -> None:
        async with self._unit_of_work() as uow:
            facts = {"by": by, "released": outcome.released}
            await self._audit.record(uow, actor, Action.HOLDS_RELEASED, show_id, show_id=show_id, after=facts)
            await uow.commit()


class ForgetClaims:
    """Deletes claims of holds that have ended."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> int:
        """Delete ended claims. Returns how many."""
        forgotten = 0
        while True:
            async with self._unit_of_work() as uow:
                count = await uow.inventory.forget_claims(now=self._clock.now(), limit=FORGOTTEN_AT_A_TIME)
                await uow.commit()
            forgotten += count
            if count < FORGOTTEN_AT_A_TIME:
                return forgotten


_GIVEN_BACK: Final = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.PAYMENT_FAILED})


def _grouped(holds: Iterable[Hold], by: HeldBy) -> list[HoldsOfAddress]:
    found: dict[str, list[Hold]] = {}
    for hold in holds:
        if (address := _address_of(hold, by)) is not None:
            found.setdefault(address, []).append(hold)
    return [
        HoldsOfAddress(
            address=group[0].email if by is HeldBy.EMAIL else address,
            orders=len(group),
            tickets=sum(hold.tickets for hold in group),
            since=min(hold.created_at for hold in group),
            until=max(hold.expires_at for hold in group),
        )
        for address, group in found.items()
    ]


def _address_of(hold: Hold, by: HeldBy) -> str | None:
    if by is HeldBy.EMAIL:
        return canonical_email(hold.email)
    return None if hold.network is None else hold.network.to_bytes(8, signed=True).hex()


def _place(group: HoldsOfAddress) -> tuple[int, str]:
    return -group.tickets, group.address
