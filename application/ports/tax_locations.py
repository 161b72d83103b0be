"""Where the provider keeps the places of performance that it computes tax by."""

from __future__ import annotations

from typing import Protocol


class TaxLocations(Protocol):
    """The provider's id of each place, by the fingerprint of its address. All raise StorageUnavailable."""

    async def find(self, fingerprint: str) -> str | None:
        """The id of the place with this address, if one was made."""
        ...

    async def remember(self, fingerprint: str, location_id: str) -> None:
        """From now on the address has this id, whatever it had before."""
        ...

    async def forget(self, fingerprint: str) -> None:
        """The provider does not know the place any more, as with the key of another account."""
        ...
