"""The doors: scanners with and without a network, and the people who bring tickets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from application.checkin.decide_scans import ScanRequest
from application.checkin.offline import OfflineScan
from application.checkin.party import PartyScan
from domain.access import Actor
from domain.admission import Direction, ScanResult
from domain.devices import SCOPES_OF, DeviceKind
from domain.orders import TicketAttendee
from tests.simulation.actors import Player
from tests.simulation.plan import Part
from tests.simulation.world import World


class _AtTheDoor(Player):
    pauses: ClassVar[tuple[float, float]] = (0.5, 60)

    def __init__(self, world: World, part: Part) -> None:
        super().__init__(world, part)
        producer_id = world.house.producer.id
        scopes = SCOPES_OF[DeviceKind.SCANNER]
        self.actor = Actor(producer_id, name=self.name, scopes=scopes, device_id=world.ids.new())
        self.show_id = world.house.tonight.id
        self.codes: list[str] = []

    def some_ticket(self) -> TicketAttendee | None:
        """A ticket that someone brings: mostly a good one, sometimes a copy, or one that was given back."""
        tonight = [order for order in self.world.tables.orders.values() if order.show_id == self.show_id]
        tickets = [attendee for order in tonight for attendee in order.attendees]
        return self.random.choice(tickets) if tickets else None


class Scanner(_AtTheDoor):
    """A scanner with a network. It sends a scan again, with the same id, until it has an answer."""

    def __init__(self, world: World, part: Part) -> None:
        super().__init__(world, part)
        self._last: tuple[UUID, str] | None = None

    async def scan(self) -> None:
        ticket = self.some_ticket()
        if ticket is not None:
            self._last = (self.world.ids.new(), ticket.code)
            await self._send()

    async def again(self) -> None:
        if self._last is not None:
            await self._send()

    async def forge(self) -> None:
        self._last = (self.world.ids.new(), "FORGEDFORGEDFORGED")
        await self._send()

    async def _send(self, direction: Direction = Direction.IN) -> None:
        if self._last is None:
            return
        scan_id, code = self._last
        scan = ScanRequest(by=self.actor, code=code, show_id=self.show_id, scan_id=scan_id, direction=direction)
        answer = await self.ask(
            f"scans {self.world.story.name(self._attendee_of(code), 'ticket')}"
            + (" out" if direction is Direction.OUT else ""),
            lambda app: app.check_in(scan),
            tries=4,
        )
        if answer.is_good:
            self.tell(f"… {answer.value.result}")
            self._note(answer.value, scan_id)

    def _note(self, result: Any, scan_id: UUID) -> None:
        if result.attendee_id is not None and result.result is ScanResult.ADMITTED:
            self.world.told.admitted[result.attendee_id].append((self.world.loop.time(), str(scan_id)))

    def _attendee_of(self, code: str) -> UUID | None:
        orders = self.world.tables.orders.values()
        return next((a.id for order in orders for a in order.attendees if a.code == code), None)

    async def out(self) -> None:
        inside = [
            attendee
            for order in self.world.tables.orders.values()
            for attendee in order.attendees
            if attendee.checked_in_at and order.show_id == self.show_id
        ]
        if inside:
            self._last = (self.world.ids.new(), self.random.choice(inside).code)
            await self._send(Direction.OUT)
            self._last = None

    async def undo(self) -> None:
        if self._last is not None:
            code, self._last = self._last[1], None
            await self.ask("takes the last scan back", lambda app: app.undo_check_in(self.actor, code))

    async def party(self) -> None:
        """Let all of an order in."""
        order = self.some_order(wanted=lambda order: order.show_id == self.show_id and order.success)
        if order is None:
            return
        scans = [PartyScan(self.world.ids.new(), attendee.id) for attendee in order.attendees if attendee.is_valid]
        answer = await self.ask(
            f"lets the party of {self.order_name(order.id)} in",
            lambda app: app.check_in_party(self.actor, self.show_id, scans),
            tries=4,
        )
        if answer.is_good:
            for scan, result in zip(scans, answer.value, strict=True):
                self._note(result, scan.id)


class OfflineScanner(_AtTheDoor):
    """A scanner without a network. It reports its scans late, and perhaps more than once. Its clock is off."""

    def __init__(self, world: World, part: Part) -> None:
        super().__init__(world, part)
        self._scans: list[OfflineScan] = []
        self._taken_back: set[UUID] = set()
        self._off_by = self.random.choice([0, 0, 0, 7200, -90000])

    def _now(self) -> Any:
        return self.world.clock.now() + timedelta(seconds=self._off_by)

    async def scan(self) -> None:
        ticket = self.some_ticket()
        if ticket is not None:
            self.tell(f"lets {self.world.story.name(ticket.id, 'ticket')} in, offline")
            self._scans.append(OfflineScan(self.world.ids.new(), ticket.code, self._now()))

    async def out(self) -> None:
        ticket = self.some_ticket()
        if ticket is not None:
            self.tell(f"lets {self.world.story.name(ticket.id, 'ticket')} out, offline")
            self._scans.append(OfflineScan(self.world.ids.new(), ticket.code, self._now(), direction=Direction.OUT))

    async def undo(self) -> None:
        if self._scans:
            self.tell("takes the last scan back, offline")
            self._scans[-1] = replace(self._scans[-1], undone_at=self._now())

    async def upload(self) -> None:
        await asyncio.sleep(self.random.choice([0, 60, 1200]))
        if not self._scans:
            return
        scans, sent_at = list(self._scans), self._now()
        answer = await self.ask(
            f"reports {len(scans)} scans",
            lambda app: app.sync_offline_scans(self.actor, self.show_id, self.name, scans, sent_at=sent_at),
            tries=5,
        )
        if answer.is_good:
            self.tell(f"… {', '.join(report.scan.result for report in answer.value)}")
