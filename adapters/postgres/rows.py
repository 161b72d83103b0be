"""Conversion between rows and domain objects. The domain knows nothing of tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from adapters.postgres.connection import Row
from domain.branding import Branding, Picture
from domain.capacity import Allocation, Capacity
from domain.catalog import Producer, ProducerFinancial, Show, Ticket
from domain.fees import FeeBearer
from domain.inventory import Inventory
from domain.money import currency
from domain.production import CapacityDefault, Production, TicketDefault
from domain.promotions import TicketPromoCode, UseCount
from domain.sale_period import SellsUntil
from domain.tax import TaxMode, VenueAddress
from domain.venue_clock import VenueClock, VenueTime

Values = dict[str, Any]


def producer_of(row: Row) -> Producer:
    return Producer(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        currency=currency(row["currency"]),
        financial=ProducerFinancial(row["stripe_account_id"], charges_enabled=row["charges_enabled"]),
        branding=Branding(
            colour=row["colour"],
            logo=_picture_of(row["logo"]),
            widget_origins=tuple(row["widget_origins"]),
        ),
        tax=TaxMode(row["tax"]),
        fees=FeeBearer(row["fees"]),
    )


def _address_of(stored: dict[str, str] | None) -> VenueAddress | None:
    return VenueAddress(**stored) if stored else None


def _address_values(address: VenueAddress | None) -> dict[str, str] | None:
    return asdict(address) if address else None


def _picture_of(name: str | None) -> Picture | None:
    return Picture(name) if name else None


def producer_values(producer: Producer) -> Values:
    return {
        "id": producer.id,
        "name": producer.name,
        "email": producer.email,
        "currency": producer.currency.code,
        "colour": producer.branding.colour,
        "logo": producer.branding.logo.name if producer.branding.logo else None,
        "widget_origins": list(producer.branding.widget_origins),
        "tax": producer.tax,
        "fees": producer.fees,
    }


def financial_values(producer: Producer) -> Values:
    return {
        "producer_id": producer.id,
        "stripe_account_id": producer.financial.stripe_account_id,
        "charges_enabled": producer.financial.charges_enabled,
    }


def show_of(row: Row) -> Show:
    return Show(
        id=row["id"],
        producer_id=row["producer_id"],
        title=row["title"],
        description=row["description"],
        venue=row["venue"],
        venue_address=_address_of(row["venue_address"]),
        door_time=row["door_time"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        timezone=row["timezone"],
        venue_clock=venue_clock_of(row),
        on_sale_at=row["local_on_sale_at"] and _sale_time_of(row, "on_sale"),
        off_sale_at=row["local_off_sale_at"] and _sale_time_of(row, "off_sale"),
        sells_until=SellsUntil(row["sells_until"]),
        locale=row["locale"],
        terms=row["terms"],
        published=row["published"],
        cancelled=row["cancelled"],
        image=_picture_of(row["image"]),
        production_id=row["production_id"],
        renames_until_hours=row["renames_until_hours"],
        exchanges_until_hours=row["exchanges_until_hours"],
        re_entry=row.get("re_entry", False),  # a checkout does not read what only the door needs
        offline_new_codes=row.get("offline_new_codes", False),
    )


def venue_clock_of(row: Row) -> VenueClock:
    """The clock of a show's row."""
    moments = (row["door_time"], row["start_time"], row["end_time"])
    if row["time_zone_rules"] is None:  # from an earlier version, which computed with the moments
        return VenueClock.at(moments, row["timezone"])
    return VenueClock(
        times=(
            row["local_door_time"].replace(fold=row["door_fold"]),
            row["local_start_time"].replace(fold=row["start_fold"]),
            row["local_end_time"].replace(fold=row["end_fold"]),
        ),
        rules=row["time_zone_rules"],
        moments=moments,
        timezone=row["timezone"],
    )


def _sale_time_of(row: Row, which: str) -> VenueTime:
    return VenueTime(row[f"local_{which}_at"].replace(fold=row[f"{which}_fold"]), row[f"{which}_at"])


def _sale_time_values(of: Show | Ticket) -> Values:
    values: Values = {}
    for which, time in (("on_sale", of.on_sale_at), ("off_sale", of.off_sale_at)):
        values |= {
            f"{which}_at": time and time.moment,
            f"local_{which}_at": time and time.local.replace(fold=0),
            f"{which}_fold": time and time.local.fold,
        }
    return values


def venue_clock_values(clock: VenueClock) -> Values:
    door, start, end = clock.times
    return {
        "local_door_time": door.replace(fold=0),
        "local_start_time": start.replace(fold=0),
        "local_end_time": end.replace(fold=0),
        "door_fold": door.fold,
        "start_fold": start.fold,
        "end_fold": end.fold,
        "time_zone_rules": clock.rules,
    }


def show_values(show: Show) -> Values:
    return {
        "id": show.id,
        "producer_id": show.producer_id,
        "title": show.title,
        "description": show.description,
        "venue": show.venue,
        "venue_address": _address_values(show.venue_address),
        "door_time": show.door_time,
        "start_time": show.start_time,
        "end_time": show.end_time,
        "timezone": show.timezone,
        "locale": show.locale,
        "terms": show.terms,
        "published": show.published,
        "cancelled": show.cancelled,
        "image": show.image.name if show.image else None,
        "production_id": show.production_id,
        "renames_until_hours": show.renames_until_hours,
        "exchanges_until_hours": show.exchanges_until_hours,
        "re_entry": show.re_entry,
        "offline_new_codes": show.offline_new_codes,
        **venue_clock_values(show.venue_clock),
        **_sale_time_values(show),
        "sells_until": show.sells_until,
    }


def production_of(row: Row) -> Production:
    return Production(
        id=row["id"],
        producer_id=row["producer_id"],
        title=row["title"],
        description=row["description"],
        venue=row["venue"],
        venue_address=_address_of(row["venue_address"]),
        timezone=row["timezone"],
        locale=row["locale"],
        terms=row["terms"],
        doors_minutes=row["doors_minutes"],
        duration_minutes=row["duration_minutes"],
        tickets=tuple(TicketDefault(**stored) for stored in row["tickets"]),
        capacities=tuple(CapacityDefault(**stored) for stored in row["capacities"]),
        image=_picture_of(row["image"]),
    )


def production_values(production: Production) -> Values:
    return {
        "id": production.id,
        "producer_id": production.producer_id,
        "title": production.title,
        "description": production.description,
        "venue": production.venue,
        "venue_address": _address_values(production.venue_address),
        "timezone": production.timezone,
        "locale": production.locale,
        "terms": production.terms,
        "doors_minutes": production.doors_minutes,
        "duration_minutes": production.duration_minutes,
        "tickets": [asdict(default) for default in production.tickets],
        "capacities": [asdict(default) for default in production.capacities],
        "image": production.image.name if production.image else None,
    }


def ticket_of(row: Row) -> Ticket:
    return Ticket(
        id=row["id"],
        show_id=row["show_id"],
        name=row["name"],
        description=row["description"],
        price=row["price"],
        is_donation_based=row["is_donation_based"],
        is_vip=row["is_vip"],
        hidden=row["hidden"],
        inventory=Inventory(row["quantity"], row["held"], row["sold"]),
        on_sale_at=row["local_on_sale_at"] and _sale_time_of(row, "on_sale"),
        off_sale_at=row["local_off_sale_at"] and _sale_time_of(row, "off_sale"),
        capacity_id=row["capacity_id"],
        places=row["places"],
    )


def ticket_values(ticket: Ticket) -> Values:
    """All columns except the counters held and sold."""
    return {
        "id": ticket.id,
        "show_id": ticket.show_id,
        "name": ticket.name,
        "description": ticket.description,
        "price": ticket.price,
        "is_donation_based": ticket.is_donation_based,
        "is_vip": ticket.is_vip,
        "hidden": ticket.hidden,
        "quantity": ticket.inventory.quantity,
        **_sale_time_values(ticket),
        "capacity_id": ticket.capacity_id,
        "places": ticket.places,
    }


def capacity_of(row: Row) -> Capacity:
    return Capacity(
        id=row["id"],
        show_id=row["show_id"],
        name=row["name"],
        size=row["size"],
        held=row["held"],
        sold=row["sold"],
        allocated=row["allocated"],
    )


def capacity_values(capacity: Capacity) -> Values:
    """All columns except the size and the counters."""
    return {"id": capacity.id, "show_id": capacity.show_id, "name": capacity.name}


def capacity_counters(capacity: Capacity) -> Values:
    """The size and the counters, which ``InventoryRepo.save`` writes."""
    return {
        "id": capacity.id,
        "size": capacity.size,
        "held": capacity.held,
        "sold": capacity.sold,
        "allocated": capacity.allocated,
    }


def allocation_of(row: Row) -> Allocation:
    return Allocation(
        id=row["id"],
        capacity_id=row["capacity_id"],
        name=row["name"],
        size=row["size"],
        held=row["held"],
        sold=row["sold"],
        release_at=row["release_at"],
        released_at=row["released_at"],
    )


def allocation_values(allocation: Allocation) -> Values:
    """All columns except the size, the counters, and whether it was released."""
    return {
        "id": allocation.id,
        "capacity_id": allocation.capacity_id,
        "name": allocation.name,
        "release_at": allocation.release_at,
    }


def allocation_counters(allocation: Allocation) -> Values:
    """The columns that ``InventoryRepo.save`` writes."""
    return {
        "id": allocation.id,
        "size": allocation.size,
        "held": allocation.held,
        "sold": allocation.sold,
        "released_at": allocation.released_at,
    }


def promo_code_of(row: Row) -> TicketPromoCode:
    return TicketPromoCode(
        id=row["id"],
        show_id=row["show_id"],
        code=row["code"],
        discount=row["discount"],
        amount_off=row["amount_off"],
        fixed_price=row["fixed_price"],
        ticket_ids=None if row["ticket_ids"] is None else frozenset(row["ticket_ids"]),
        opens_ticket_ids=frozenset(row["opens_ticket_ids"]),
        allocation_id=row["allocation_id"],
        counts=UseCount(row["counts"]),
        max_uses=row["max_uses"],
        max_per_order=row["max_per_order"],
        uses=row["uses"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
    )


def promo_code_values(promo_code: TicketPromoCode) -> Values:
    """All columns except the count of uses."""
    return {
        "id": promo_code.id,
        "show_id": promo_code.show_id,
        "code": promo_code.code,
        "discount": promo_code.discount,
        "amount_off": promo_code.amount_off,
        "fixed_price": promo_code.fixed_price,
        "ticket_ids": None if promo_code.ticket_ids is None else sorted(promo_code.ticket_ids),
        "opens_ticket_ids": sorted(promo_code.opens_ticket_ids),
        "allocation_id": promo_code.allocation_id,
        "counts": promo_code.counts,
        "max_uses": promo_code.max_uses,
        "max_per_order": promo_code.max_per_order,
        "valid_from": promo_code.valid_from,
        "valid_until": promo_code.valid_until,
    }


#: The columns of ``order_state_values``.
ORDER_STATE = (
    "status",
    "completed_at",
    "payment_intent_id",
    "charge_id",
    "last_payment_error",
    "amount_paid",
    "tax",
    "refunded_amount",
    "disputed",
    "unwanted",
    "idempotency_key",
    "names",
)
