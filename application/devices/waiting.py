"""Use cases: the codes that wait for their device, and a code that is withdrawn before it is used."""

from __future__ import annotations

from uuid import UUID

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.devices import PAIRING_GOOD_FOR, CodeUsed, Pairing
from domain.errors import NotFound


class ListWaitingPairings:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, actor: Actor) -> list[Pairing]:
        """The producer's codes that still make a device, the oldest first."""
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.pairings.waiting(actor.producer_id, since=self._clock.now() - PAIRING_GOOD_FOR)


class WithdrawPairing:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor, pairing_id: UUID) -> None:
        """Make the code worthless. Twice is harmless. Raises CodeUsed, and NotFound for another producer's.

        The audit log has neither a code that was made nor one that was withdrawn: what counts is the device.
        """
        async with self._unit_of_work() as uow:
            pairing = await uow.pairings.get(pairing_id)
            if pairing is None:
                return
            if pairing.producer_id != actor.producer_id:
                raise NotFound("No such code")
            if not await uow.pairings.remove(pairing_id) and await uow.pairings.get(pairing_id):
                raise CodeUsed("This device has paired: revoke it instead")
            await uow.commit()
