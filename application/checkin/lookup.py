"""Finds the ticket of a code that was scanned or typed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.ports.checkin import IssuedTicket
from application.ports.unit_of_work import UnitOfWork
from domain.access import Actor
from domain.code_readings import Reading, other_readings, plain_code
from domain.ticket_code import TicketCodes


@dataclass(frozen=True, slots=True)
class ReadTicket:
    """A ticket, and the keyboard layout that typed its code (None if the code came unchanged)."""

    ticket: IssuedTicket
    layout: str | None = None


class TicketLookup:
    """Finds tickets by their codes.

    The database is queried only for texts that can be a code and have our signature. Texts that are not a ticket as
    they stand are looked up among the replaced codes, and read in other ways: as another keyboard layout types them,
    and with characters that are mistaken for others. ``show_id`` is the show at whose door a text was read; its key
    identifies the right reading at once, and what it did not sign is looked up in all ways together.
    """

    def __init__(self, codes: TicketCodes) -> None:
        self._codes = codes

    async def ticket(
        self, uow: UnitOfWork, actor: Actor, text: str, *, show_id: UUID | None = None
    ) -> ReadTicket | None:
        """The producer's ticket with the code."""
        return (await self.tickets(uow, actor, [text], show_id=show_id)).get(text)

    async def tickets(
        self, uow: UnitOfWork, actor: Actor, texts: Collection[str], *, show_id: UUID | None = None
    ) -> Mapping[str, ReadTicket]:
        """The producer's tickets by the scanned or typed text."""
        likely = {text: self.as_it_stands(text, show_id) for text in texts}
        found = await self._read(uow, actor, likely)
        others = {text: self.all_readings(text, show_id) for text in texts if text not in found}
        return found | await self._read(uow, actor, others, replaced=True)

    async def _read(
        self, uow: UnitOfWork, actor: Actor, readings: Mapping[str, Sequence[Reading]], *, replaced: bool = False
    ) -> dict[str, ReadTicket]:
        issued = await self.issued(uow, readings.values(), replaced=replaced)
        read = {text: self.chosen(actor, each, issued) for text, each in readings.items()}
        return {text: ticket for text, ticket in read.items() if ticket}

    def as_it_stands(self, text: str, show_id: UUID | None) -> Sequence[Reading]:
        """The text as a present code of the show (None: of any), if it can be one."""
        code = plain_code(text)
        if code is None or (show_id is not None and not self._codes.is_genuine(show_id, code)):
            return ()
        return (Reading(code),)

    def all_readings(self, text: str, show_id: UUID | None) -> Sequence[Reading]:
        """All that the text can stand for, the likeliest first."""
        code = plain_code(text)
        as_it_stands = [Reading(code)] if code else []
        others = other_readings(text)
        if show_id is not None:
            others = [each for each in others if self._codes.is_genuine(show_id, each.code)] or others
        return [*as_it_stands, *others]

    async def issued(
        self, uow: UnitOfWork, readings: Collection[Sequence[Reading]], *, replaced: bool = False
    ) -> Mapping[str, IssuedTicket]:
        """The tickets that have one of these codes; with ``replaced`` those, too, that had it before."""
        codes = {reading.code for each in readings for reading in each}
        return await uow.check_ins.tickets(codes, replaced=replaced) if codes else {}

    def chosen(
        self,
        actor: Actor,
        readings: Sequence[Reading],
        issued: Mapping[str, IssuedTicket],
        *,
        signed_for: UUID | None = None,
    ) -> ReadTicket | None:
        """The producer's ticket by the first of the readings that is one's. ``signed_for`` is the show whose key
        is known to have signed them.
        """
        for reading in readings:
            ticket = issued.get(reading.code)
            if ticket is None or ticket.producer_id != actor.producer_id:
                continue
            if ticket.show_id == signed_for or self._codes.is_genuine(ticket.show_id, reading.code):
                return ReadTicket(ticket, reading.layout)
        return None

    async def tickets_of(
        self, uow: UnitOfWork, actor: Actor, attendee_ids: Collection[UUID]
    ) -> dict[UUID, IssuedTicket]:
        """The producer's tickets of these attendees."""
        found = await uow.check_ins.tickets_of(attendee_ids) if attendee_ids else {}
        return {id_: ticket for id_, ticket in found.items() if ticket.producer_id == actor.producer_id}

    def party(self, show_id: UUID, order_id: UUID) -> str:
        """What stands for the order at the door."""
        return self._codes.party(show_id, order_id)
