"""Banks, which take money back, and people at Stripe's dashboard."""

from __future__ import annotations

import asyncio

from domain.disputes import DisputeStatus
from tests.simulation.actors import Player


class Bank(Player):
    """The banks of buyers."""

    def _some_payment(self) -> str | None:
        stripe = self.world.stripe
        known = [id_ for id_ in stripe.ledger.charges if stripe.left_of(id_) > 0 and not stripe.has_open_dispute(id_)]
        return self.random.choice(known) if known else None

    def _name(self, intent_id: str) -> str:
        return self.order_name(self.world.stripe.ledger.owners[intent_id])

    async def dispute(self) -> None:
        """Dispute a payment, and decide later."""
        intent_id = self._some_payment()
        if intent_id is None:
            return
        stripe, left = self.world.stripe, self.world.stripe.left_of(intent_id)
        amount = left if self.random.random() < 0.7 else self.random.randint(1, left)
        self.tell(f"disputes {amount} of {self._name(intent_id)}")
        dispute = stripe.dispute_of(intent_id, DisputeStatus.NEEDS_RESPONSE, amount)
        await asyncio.sleep(self.random.choice([1, 60, 900]))
        end = self.random.choice([DisputeStatus.WON, DisputeStatus.LOST])
        self.tell(f"decides about {self._name(intent_id)}: {end}")
        stripe.decide_dispute(dispute, end)

    async def inquire(self) -> None:
        """Ask about a payment, and leave it there."""
        intent_id = self._some_payment()
        if intent_id is None:
            return
        self.tell(f"asks about {self._name(intent_id)}")
        dispute = self.world.stripe.dispute_of(intent_id, DisputeStatus.WARNING_NEEDS_RESPONSE, 100)
        await asyncio.sleep(self.random.choice([1, 60]))
        self.world.stripe.decide_dispute(dispute, DisputeStatus.WARNING_CLOSED)

    async def refund_by_hand(self) -> None:
        """Someone refunds at Stripe's dashboard."""
        intent_id = self._some_payment()
        if intent_id is None:
            return
        left = self.world.stripe.left_of(intent_id)
        amount = left if self.random.random() < 0.5 else self.random.randint(1, left)
        self.tell(f"gives {amount} of {self._name(intent_id)} back in the dashboard")
        self.world.stripe.refund_by_hand(intent_id, amount)
