"""Use cases: parties at the door: all of an order in one act, and looking for one by its name
(docs/door-protocol.md#a-party-in-one-act).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from application.access.ownership import owned_show
from application.checkin.lookup import TicketLookup
from application.checkin.passing import CheckInResult, Passing, device_named, scan_now
from application.ports.checkin import IssuedTicket
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.admission import Direction, ScanResult
from domain.errors import InvalidRequest

#: The most tickets of an order.
MAX_PARTY: Final = 250


@dataclass(frozen=True, slots=True)
class PartyScan:
    """One ticket of a party. ``id`` is the scanner's own, the same each time the party is sent."""

    id: UUID
    attendee_id: UUID


class CheckInParty:
    """Lets the tickets of one order in, or out, in one transaction: each of them that may pass."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, door: TicketLookup) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._door = door

    async def __call__(
        self,
        actor: Actor,
        show_id: UUID,
        scans: Sequence[PartyScan],
        *,
        device_id: str = "",
        direction: Direction = Direction.IN,
    ) -> list[CheckInResult]:
        """The result of each scan, in the given order. Scans that were decided before get the same results.

        Raises NotFound, IdempotencyKeyReused, and InvalidRequest for tickets of several orders or none.
        """
        device = device_named(actor, device_id)
        now = self._clock.now()
        ids = [scan.id for scan in scans]
        if not 1 <= len(scans) <= MAX_PARTY or len(set(ids)) < len(ids):
            raise InvalidRequest(f"A party has 1 to {MAX_PARTY} scans, each with an id of its own", field="scans")
        async with self._unit_of_work() as uow:
            show = await owned_show(uow, actor, show_id)
            tickets = await self._door.tickets_of(uow, actor, {scan.attendee_id for scan in scans})
            order_id = _order_of(scans, tickets, show.id)
            passing = Passing(await uow.check_ins.lock([order_id], list(tickets), {(show.id, id_) for id_ in ids}))
            results: list[CheckInResult] = []
            for each in scans:
                ticket, order = tickets[each.attendee_id], passing.party(order_id)
                answer = CheckInResult(
                    ScanResult.ADMITTED, order, each.attendee_id, party=self._door.party(show.id, order_id)
                )
                scan = scan_now(ticket, each.id, device, direction, now)
                known = passing.scans_of(each.attendee_id)
                results.append(passing.decide(show, order_id, scan, answer, known))
            if passing.has_changed:
                await passing.write(uow)
                await uow.commit()
        return results


def _order_of(scans: Sequence[PartyScan], tickets: Mapping[UUID, IssuedTicket], show_id: UUID) -> UUID:
    """The order whose tickets these are. Raises InvalidRequest."""
    found = [tickets.get(scan.attendee_id) for scan in scans]
    here = {ticket.order_id for ticket in found if ticket and ticket.show_id == show_id}
    if None in found or len(here) != 1 or any(ticket and ticket.show_id != show_id for ticket in found):
        raise InvalidRequest("attendee_id must name tickets of one order of this show", field="scans")
    [order_id] = here
    return order_id
