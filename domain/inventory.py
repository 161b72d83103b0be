"""The inventory of a ticket type: how many are held, sold and left (docs/domain-rules.md#inventory)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import Conflict


@dataclass(frozen=True, slots=True)
class Inventory:
    """Counters of one ticket type. Always: held >= 0, sold >= 0, held + sold <= quantity.

    ``quantity`` None means that only a capacity limits the type.
    """

    quantity: int | None
    held: int = 0
    sold: int = 0

    def __post_init__(self) -> None:
        is_over = self.quantity is not None and self.held + self.sold > self.quantity
        if self.held < 0 or self.sold < 0 or is_over:
            raise Conflict(f"Inventory does not add up: {self.held} held + {self.sold} sold of {self.quantity}")

    @property
    def remaining(self) -> int | None:
        """The number of tickets that its own quantity still allows to hold or sell; None if it has none. A capacity may
        allow fewer: ``Stock.remaining`` knows both.
        """
        return None if self.quantity is None else self.quantity - self.held - self.sold

    def hold(self, count: int) -> Inventory:
        """Hold ``count`` for a buyer who is about to pay. Raises Conflict if fewer remain."""
        return Inventory(self.quantity, self.held + count, self.sold)

    def release(self, count: int) -> Inventory:
        """Give back ``count`` held tickets. Raises Conflict if fewer are held."""
        return Inventory(self.quantity, self.held - count, self.sold)

    def sell_held(self, count: int) -> Inventory:
        """Sell ``count`` held tickets that were paid. Raises Conflict if fewer are held."""
        return Inventory(self.quantity, self.held - count, self.sold + count)

    def sell(self, count: int) -> Inventory:
        """Sell ``count`` tickets without a hold: free, manual and late paid orders. Raises Conflict if fewer remain."""
        return Inventory(self.quantity, self.held, self.sold + count)

    def restock(self, count: int) -> Inventory:
        """Put ``count`` refunded tickets on sale again. Raises Conflict if fewer are sold."""
        return Inventory(self.quantity, self.held, self.sold - count)

    def resize(self, quantity: int | None) -> Inventory:
        """Change the quantity. Raises Conflict if more are already held and sold."""
        if quantity is not None and self.held + self.sold > quantity:
            raise Conflict(
                f"quantity cannot go below {self.held + self.sold}: {self.held} are held and {self.sold} are sold",
                field="quantity",
            )
        return Inventory(quantity, self.held, self.sold)
