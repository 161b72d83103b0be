"""To whom mails about a producer go: its own address, and the people whose role has to do with it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from application.ports.unit_of_work import UnitOfWork
from domain.catalog import Producer
from domain.customer import Customer
from domain.email_address import is_same_address
from domain.people import RIGHTS, Right

#: The key of a task's details for whom its mail is for: PRODUCER, or a person's id.
RECIPIENT: Final = "recipient"
PRODUCER: Final = "producer"


async def recipients(uow: UnitOfWork, producer: Producer, *rights: Right) -> list[str]:
    """The producer's own address, and each person whose role has all of the rights and who has another address.

    Each is a value for RECIPIENT: each mail is a separate task, so none is sent twice because another failed.
    """
    members = await uow.people.members(producer.id)
    people = [
        str(person.id)
        for person, membership in members
        if RIGHTS[membership.role].issuperset(rights) and not is_same_address(person.email, producer.email)
    ]
    return [PRODUCER, *people]


async def addressee(uow: UnitOfWork, producer: Producer, recipient: str, *rights: Right) -> Customer | None:
    """Whom a mail goes to; None for a person who is gone, or whose role does not have the rights any more."""
    if recipient == PRODUCER:
        return Customer(producer.name, producer.email) if producer.email else None
    person_id = UUID(recipient)
    person, membership = await uow.people.get(person_id), await uow.people.membership(person_id, producer.id)
    if person is None or membership is None or not RIGHTS[membership.role].issuperset(rights):
        return None
    return Customer(person.name, person.email)
