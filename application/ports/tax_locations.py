"""The provider's ids of the places of performance, by which it computes tax."""

from __future__ import annotations

from typing import Protocol


class TaxLocations(Protocol):
    """The provider's id of each place, by the fingerprint of its address. All methods raise StorageUnavailable."""

    async def find(self, fingerprint: str) -> str | None:
        """The id of the place with this address, if one was made."""
        ...

    async def remember(self, fingerprint: str, location_id: str) -> None:
        """Store this id for the address, replacing an earlier one."""
        ...

    async def forget(self, fingerprint: str) -> None:
        """Delete a place that the provider no longer knows, as with the key of another account."""
        ...
