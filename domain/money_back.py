"""The money of an order that was given back, in whole or in part, as its buyer is informed of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.disputes import Dispute, is_contested, taken_by_banks
from domain.orders import Order
from domain.refunds import Refund, RefundStatus, is_moved_on, outstanding


class MoneyBackStatus(StrEnum):
    """The most important status: first money that did not arrive, then money on its way, then money that arrived.

    ``disputed``: the buyer's bank has the money and decides. ``failed``: the money is owed.
    """

    DISPUTED = "disputed"
    FAILED = "failed"
    PENDING = "pending"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyBack:
    """Amounts in minor units: ``returned`` (by banks, too), ``on_its_way``, and ``owed`` because a refund failed."""

    status: MoneyBackStatus
    returned: int
    on_its_way: int
    owed: int


def money_back(order: Order, refunds: Sequence[Refund], disputes: Sequence[Dispute]) -> MoneyBack | None:
    """The money that went back or should go back; None if the order has none."""
    if not refunds and not disputes:
        return None
    refunds = [refund for refund in refunds if not is_moved_on(order, refund)]
    if not refunds and not disputes:
        return None
    arrived = sum(refund.amount for refund in refunds if refund.status is RefundStatus.SUCCEEDED)
    under_way = sum(refund.amount for refund in refunds if refund.is_effective) - arrived
    # The fees go back if the refund that was lost included them.
    with_fees = any(refund.refund_fees for refund in refunds if not refund.is_effective)
    still_owed = outstanding(order, refunds, refund_fees=with_fees, disputes=disputes)
    returned = min(arrived + taken_by_banks(disputes), order.amount_paid)
    if is_contested(order, disputes):
        status = MoneyBackStatus.DISPUTED
    elif still_owed:
        status = MoneyBackStatus.FAILED
    elif under_way:
        status = MoneyBackStatus.PENDING
    elif returned:
        status = MoneyBackStatus.SUCCEEDED
    else:
        return None
    return MoneyBack(status=status, returned=returned, on_its_way=under_way, owed=still_owed)
