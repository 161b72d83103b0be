"""The copied show, made ready for its rehearsal: on sale, with an account, and with remarks on what it lacks. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from application.ports.catalog import ShowDetails, WholeShow
from domain.capacity import Allocation, Capacity
from domain.catalog import ProducerFinancial, Ticket
from domain.inventory import Inventory
from rehearsal.choice import on_offer
from rehearsal.words import count


class CannotRehearse(Exception):
    """``str(error)`` says why the show cannot be rehearsed, and what to do."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A show that is sold from ``opens_at`` on. ``remarks`` say what the real one lacks."""

    whole: WholeShow
    opens_at: datetime
    remarks: tuple[str, ...]


def opened(whole: WholeShow, now: datetime, *, as_new: bool) -> Opened:
    """The show as it is to be rehearsed: at its opening, or now if it is on sale already. ``as_new`` takes nothing as
    held or sold. Raises CannotRehearse.
    """
    show = whole.show
    if show.cancelled:
        raise CannotRehearse(f"{show.title} was cancelled: nothing of it is sold any more")
    opens_at = max(now, show.sale.begins or now)
    if show.sale.ends <= opens_at:
        raise CannotRehearse(f"{show.title} is over, or its sale is: rehearse a show that is still to be sold")
    ready = replace(whole, show=replace(show, published=True))
    remarks = list(_remarks(whole, now))
    account = whole.producer.financial.stripe_account_id or "acct_rehearsal"
    producer = replace(whole.producer, financial=ProducerFinancial(account, charges_enabled=True))
    ready = replace(ready, producer=producer)
    if as_new:
        ready = _as_new(ready)
    elif held := sum(ticket.places * ticket.inventory.held for ticket in whole.tickets):
        remarks.append(f"Held by buyers who are paying now: {count(held, 'place')}. Here they stay held to the end.")
    _ensure_sells(ready, opens_at)
    return Opened(ready, opens_at, tuple(remarks))


def _remarks(whole: WholeShow, now: datetime) -> list[str]:
    remarks = []
    financial = whole.producer.financial
    if not (financial.stripe_account_id and financial.charges_enabled) and any(t.price for t in whole.tickets):
        remarks.append(
            f"{whole.producer.name} has no Stripe account that takes payments yet: until it has one, every order that "
            "costs something is refused. The rehearsal went on as if it had."
        )
    if not whole.show.published:
        remarks.append("The show is not published yet. The rehearsal sold it all the same.")
    if whole.show.sale.begins is None and not whole.show.published:
        remarks.append("The sale has no opening time (on_sale_at): it begins when the show is published.")
    elif whole.show.sale.begins is None or whole.show.sale.begins <= now:
        remarks.append("The show is on sale already: the rehearsal began with what is left now.")
    return remarks


def _as_new(whole: WholeShow) -> WholeShow:
    return replace(
        whole,
        tickets=tuple(map(_unsold, whole.tickets)),
        capacities=tuple(_empty(each, whole.allocations) for each in whole.capacities),
        allocations=tuple(each if each.is_released else replace(each, held=0, sold=0) for each in whole.allocations),
        promo_codes=tuple(replace(each, uses=0) for each in whole.promo_codes),
    )


def _unsold(ticket: Ticket) -> Ticket:
    return replace(ticket, inventory=Inventory(ticket.inventory.quantity))


def _empty(capacity: Capacity, allocations: tuple[Allocation, ...]) -> Capacity:
    kept = sum(a.size for a in allocations if a.capacity_id == capacity.id and not a.is_released)
    return replace(capacity, held=0, sold=0, allocated=kept)


def _ensure_sells(whole: WholeShow, opens_at: datetime) -> None:
    shown = ShowDetails(whole.show, whole.producer, whole.tickets, whole.production, whole.capacities).for_buyers()
    if not whole.tickets:
        raise CannotRehearse(f"{whole.show.title} has no ticket types: add what it sells first")
    offered = on_offer(shown, opens_at)
    if not offered:
        raise CannotRehearse(f"{whole.show.title} has no ticket type that the public can buy when its sale opens")
    if not any(shown.remaining(ticket) for ticket in offered):
        raise CannotRehearse(f"{whole.show.title} is sold out: --as-new rehearses it as if nothing had been sold")
