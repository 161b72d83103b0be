"""TaxLocations in memory."""

from __future__ import annotations


class MemoryTaxLocations:
    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    async def find(self, fingerprint: str) -> str | None:
        return self._ids.get(fingerprint)

    async def remember(self, fingerprint: str, location_id: str) -> None:
        self._ids[fingerprint] = location_id

    async def forget(self, fingerprint: str) -> None:
        self._ids.pop(fingerprint, None)
