"""Use cases: the devices of a producer, and which of them asks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.bearer import note_use
from application.access.ownership import locked_producer, producer_of
from application.devices.pairing import revoke_device
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor, hash_secret
from domain.audit_log import Action
from domain.catalog import Producer, Show
from domain.devices import Device, DeviceKind, ensure_another_device, parse_device_name
from domain.errors import NotFound

#: A device without limit gets the shows that are not over for longer than this, the soonest first.
OVER_SINCE: Final = timedelta(hours=12)
MOST_SHOWS: Final = 100


class AuthenticateDevice:
    """Finds the device for a secret."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, secret: str) -> Device | None:
        """The device, revoked or not; None if there is none. Nothing is remembered between two calls.

        The use of one that is not revoked is recorded once in USE_REMEMBERED_EVERY.
        """
        now = self._clock.now()
        async with self._unit_of_work(read_only=True) as uow:
            device = await uow.devices.with_hash(hash_secret(secret))
        if device is None or not await note_use(self._unit_of_work, [device], now):
            return device
        return replace(device, last_seen_at=now)


class IdentifyTill:
    """Finds the till of a browser's cookie."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, authenticate: AuthenticateDevice) -> None:
        self._unit_of_work = unit_of_work
        self._authenticate = authenticate

    async def __call__(self, secret: str) -> tuple[Device, Producer] | None:
        """The till, revoked or not, and its producer; None if there is none."""
        device = await self._authenticate(secret) if secret else None
        if device is None or device.kind is not DeviceKind.TILL:
            return None
        async with self._unit_of_work(read_only=True) as uow:
            return device, await producer_of(uow, device.producer_id)


class ListDevices:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor) -> list[Device]:
        """The producer's devices, including revoked ones, oldest first."""
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.devices.of_producer(actor.producer_id)


class RenameDevice:
    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, device_id: UUID, name: str) -> Device:
        """Give the device another name; its earlier scans keep the name that it had then.

        Raises NotFound, InvalidRequest, Conflict (another has the name).
        """
        called = parse_device_name(name)
        async with self._unit_of_work() as uow:
            await locked_producer(uow, actor.producer_id)
            before = await owned_device(uow, actor, device_id)
            ensure_another_device(await uow.devices.of_producer(actor.producer_id), called, but=device_id)
            if called == before.name:
                return before
            after = replace(before, name=called)
            await uow.devices.rename(device_id, called)
            await self._audit.record(
                uow, actor, Action.DEVICE_RENAMED, device_id, before={"name": before.name}, after={"name": called}
            )
            await uow.commit()
        return after


class RevokeDevice:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audit = audit

    async def __call__(self, actor: Actor, device_id: UUID) -> None:
        """Revoke the device: its next request is refused. Twice is harmless. Raises NotFound."""
        async with self._unit_of_work() as uow:
            device = await owned_device(uow, actor, device_id)
            await revoke_device(uow, self._audit, actor, device, self._clock.now())
            await uow.commit()


async def owned_device(uow: UnitOfWork, actor: Actor, device_id: UUID) -> Device:
    """The actor's device. Raises NotFound."""
    device = await uow.devices.get(device_id)
    if device is None or device.producer_id != actor.producer_id:
        raise NotFound("No such device")
    return device


class ListDeviceShows:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, actor: Actor, *, also: Collection[UUID] = ()) -> list[Show]:
        """The producer's shows that a device can be for: those to come, and ``also`` these; the soonest first."""
        since = self._clock.now() - OVER_SINCE
        async with self._unit_of_work(read_only=True) as uow:
            shows = {show.id: show for show in await uow.shows.coming(actor.producer_id, since=since, limit=MOST_SHOWS)}
            for show_id in set(also) - set(shows):
                show = await uow.shows.get(show_id)
                if show is not None and show.producer_id == actor.producer_id:
                    shows[show_id] = show
        return sorted(shows.values(), key=lambda show: (show.start_time, show.id))


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device as it sees itself: with its producer, and the shows that it may work for, soonest first."""

    device: Device
    producer: Producer
    shows: tuple[Show, ...]


class ViewDevice:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, device: Device) -> DeviceView:
        """The device with its producer and shows: those that it is limited to, or the producer's that are not over
        since OVER_SINCE, at most MOST_SHOWS of them.
        """
        async with self._unit_of_work(read_only=True) as uow:
            producer = await producer_of(uow, device.producer_id)
            if device.show_ids:
                limited = [await uow.shows.get(show_id) for show_id in device.show_ids]
                shows = [show for show in limited if show and show.producer_id == device.producer_id]
            else:
                since = self._clock.now() - OVER_SINCE
                shows = await uow.shows.coming(device.producer_id, since=since, limit=MOST_SHOWS)
        return DeviceView(device, producer, tuple(sorted(shows, key=lambda show: (show.start_time, show.id))))
