"""Devices of producers, and the codes that pair them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.devices import Device, Pairing


class DeviceRepo(Protocol):
    """Scanners, tills and printers."""

    async def add(self, device: Device) -> None:
        """Store a device. Raises DeviceNameTaken where another of the producer's in use has its name, in any case."""
        ...

    async def get(self, device_id: UUID) -> Device | None: ...

    async def with_hash(self, secret_hash: bytes) -> Device | None:
        """The device with this secret, revoked or not."""
        ...

    async def of_producer(self, producer_id: UUID) -> list[Device]:
        """A producer's devices, including revoked ones, oldest first."""
        ...

    async def seen(self, device_id: UUID, *, now: datetime) -> None: ...

    async def rename(self, device_id: UUID, name: str) -> None:
        """Raises DeviceNameTaken as ``add`` does."""
        ...

    async def revoke(self, device_id: UUID, *, now: datetime) -> bool:
        """Revoke the device. False if there is none, or if it was revoked before."""
        ...


class PairingRepo(Protocol):
    """Codes, by the hash of which they are found."""

    async def put(self, pairing: Pairing) -> None:
        """Add the pairing, or replace the one with its id."""
        ...

    async def get(self, pairing_id: UUID) -> Pairing | None: ...

    async def waiting(self, producer_id: UUID, *, since: datetime) -> list[Pairing]:
        """The producer's pairings that were made after ``since`` and not used, oldest first."""
        ...

    async def remove(self, pairing_id: UUID) -> bool:
        """Remove the pairing unless it was used. Whether it was there."""
        ...

    async def with_code(self, code_hash: bytes) -> Pairing | None:
        """The pairing with this code, locked: of two who use it, the second finds it used."""
        ...
