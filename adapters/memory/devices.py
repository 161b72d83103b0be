"""DeviceRepo and PairingRepo in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from domain.devices import Device, DeviceNameTaken, Pairing


class MemoryDeviceRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, device: Device) -> None:
        self._ensure_unique(device)
        self._tables.devices[device.id] = device

    async def get(self, device_id: UUID) -> Device | None:
        return self._tables.devices.get(device_id)

    async def with_hash(self, secret_hash: bytes) -> Device | None:
        return next((each for each in self._tables.devices.values() if each.secret_hash == secret_hash), None)

    async def of_producer(self, producer_id: UUID) -> list[Device]:
        found = [device for device in self._tables.devices.values() if device.producer_id == producer_id]
        return sorted(found, key=lambda device: (device.paired_at, device.id))

    async def seen(self, device_id: UUID, *, now: datetime) -> None:
        self._tables.devices[device_id] = replace(self._tables.devices[device_id], last_seen_at=now)

    async def rename(self, device_id: UUID, name: str) -> None:
        renamed = replace(self._tables.devices[device_id], name=name)
        self._ensure_unique(renamed)
        self._tables.devices[device_id] = renamed

    async def revoke(self, device_id: UUID, *, now: datetime) -> bool:
        device = self._tables.devices.get(device_id)
        if device is None or device.is_revoked:
            return False
        self._tables.devices[device_id] = replace(device, revoked_at=now)
        return True

    def _ensure_unique(self, device: Device) -> None:
        for other in self._tables.devices.values():
            is_rival = other.producer_id == device.producer_id and other.id != device.id
            if is_rival and not (other.is_revoked or device.is_revoked) and other.name.lower() == device.name.lower():
                raise DeviceNameTaken(device.name)


class MemoryPairingRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def put(self, pairing: Pairing) -> None:
        self._tables.pairings[pairing.id] = pairing

    async def get(self, pairing_id: UUID) -> Pairing | None:
        return self._tables.pairings.get(pairing_id)

    async def waiting(self, producer_id: UUID, *, since: datetime) -> list[Pairing]:
        found = [
            each
            for each in self._tables.pairings.values()
            if each.producer_id == producer_id and each.created_at > since and each.device_id is None
        ]
        return sorted(found, key=lambda pairing: (pairing.created_at, pairing.id))

    async def remove(self, pairing_id: UUID) -> bool:
        pairing = self._tables.pairings.get(pairing_id)
        if pairing is None or pairing.device_id is not None:
            return False
        del self._tables.pairings[pairing_id]
        return True

    async def with_code(self, code_hash: bytes) -> Pairing | None:
        return next((each for each in self._tables.pairings.values() if each.code_hash == code_hash), None)
