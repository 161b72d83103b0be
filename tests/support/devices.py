"""Paired devices: scanner = await pair(service.container, office.producer, DeviceKind.SCANNER, shows=[show.id])."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID, uuid4

from application.devices.pairing import OfferedPairing, PairedDevice
from domain.access import Actor
from domain.catalog import Producer
from domain.devices import DeviceKind
from entrypoints.container import Container
from tests.support.back_office import BackOffice


async def offer(
    container: Container,
    producer: Producer,
    kind: DeviceKind = DeviceKind.SCANNER,
    *,
    name: str = "",
    shows: Collection[UUID] = (),
) -> OfferedPairing:
    """A code for a device with a name of its own."""
    called = name or f"{kind} {uuid4().hex[:8]}"
    return await container.offer_pairing()(Actor(producer.id, name="Kim Park"), name=called, kind=kind, show_ids=shows)


async def pair(
    container: Container,
    producer: Producer,
    kind: DeviceKind = DeviceKind.SCANNER,
    *,
    name: str = "",
    shows: Collection[UUID] = (),
) -> PairedDevice:
    """A device that has paired, and its secret."""
    offered = await offer(container, producer, kind, name=name, shows=shows)
    return await container.pair_device()(offered.code, [kind])


async def scanner_of(office: BackOffice, *, name: str = "", shows: Collection[UUID] = ()) -> BackOffice:
    """The producer's API with the secret of a new scanner."""
    paired = await pair(office.container, office.producer, name=name, shows=shows)
    return office.with_secret(paired.secret)
