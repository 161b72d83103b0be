"""The form of a run: its texts' place, and the ticket types and capacities that its next shows get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from application.catalog.productions import PricedDefault
from domain.catalog import MAX_PLACES, MAX_QUANTITY
from domain.errors import InvalidRequest
from domain.money import Currency
from domain.production import MAX_MINUTES, CapacityDefault, DefaultFields, Production, ProductionFields
from domain.texts import MAX_TITLE_LENGTH, check_locale
from entrypoints.office.forms import Form
from entrypoints.office.venue_fields import VENUE_FIELDS, VENUE_LABELS, read_venue, venue_choices, venue_values
from entrypoints.web.amounts import NumberStyle

#: Empty rows that a form offers for more ticket types and capacities.
SPARE_ROWS: Final = 2
#: More rows than this are not read.
MAX_ROWS: Final = 100
LABELS: Final[Mapping[str, str]] = {
    **VENUE_LABELS,
    "title": "Title",
    "doors_minutes": "Doors",
    "duration_minutes": "Length",
    "terms": "Terms",
}
_ROW: Final = re.compile(r"(?P<what>tickets|capacities)\[(?P<row>[0-9]+)\]\.(?P<field>[a-z_]+)")
_ROW_NAME: Final = re.compile(r"(?P<what>ticket|capacity)-(?P<row>[0-9]{1,3})-name")
_IN_ROW: Final = {"tickets": "ticket", "capacities": "capacity"}


def filled_form(production: Production, numbers: NumberStyle) -> Form:
    """The form with what the run has."""
    values: dict[str, object] = {
        **venue_values(production),
        "title": production.title,
        "terms": production.terms,
        "doors_minutes": production.doors_minutes,
        "duration_minutes": production.duration_minutes,
    }
    for row, capacity in enumerate(production.capacities):
        values |= {f"capacity-{row}-name": capacity.name, f"capacity-{row}-size": capacity.size}
    for row, ticket in enumerate(production.tickets):
        fields = {
            "name": ticket.name,
            "price": numbers.write(ticket.price),
            "quantity": ticket.quantity,
            "capacity": ticket.capacity,
            "places": ticket.places,
            "description": ticket.description,
            "donation": ticket.is_donation_based,
            "vip": ticket.is_vip,
            "hidden": ticket.hidden,
        }
        values |= {f"ticket-{row}-{name}": value for name, value in fields.items()}
    return Form.filled(values)


def form_context(form: Form, currency: Currency) -> dict[str, Any]:
    """What the template of the form needs."""
    more = SPARE_ROWS if form.checked("more") else 0
    return {
        "form": form,
        "labels": LABELS,
        "currency": currency.code,
        "ticket_rows": _rows(form, "ticket", more),
        "capacity_rows": _rows(form, "capacity", more),
        **venue_choices(),
    }


def _rows(form: Form, what: str, more: int) -> range:
    """The rows that were sent or filled, and some for more."""
    sent = [
        int(found["row"]) for name in form.names() if (found := _ROW_NAME.fullmatch(name)) and found["what"] == what
    ]
    filled = [row for row in sent if form[f"{what}-{row}-name"]]
    last = max(filled, default=-1)
    return range(min(max(last + 1 + SPARE_ROWS, max(sent, default=-1) + 1 + more), MAX_ROWS))


def read_production(form: Form, currency: Currency) -> tuple[ProductionFields, list[PricedDefault]]:
    """The fields of the run, and its ticket types; what is wrong is noted in the form."""
    given: dict[str, Any] = {
        "title": form.text("title", required=True),
        "terms": form.text("terms"),
        "doors_minutes": form.whole("doors_minutes", required=True, most=MAX_MINUTES) or 0,
        "duration_minutes": form.whole("duration_minutes", required=True, most=MAX_MINUTES) or 0,
        **read_venue(form),
    }
    fields = cast("ProductionFields", given)
    capacities = tuple(
        CapacityDefault(
            name=form.text(f"capacity-{row}-name"),
            size=form.whole(f"capacity-{row}-size", required=True, most=MAX_QUANTITY) or 0,
        )
        for row in _named(form, "capacity")
    )
    fields["capacities"] = capacities
    house = {capacity.name.casefold(): capacity.name for capacity in capacities}
    numbers = NumberStyle(_readable(fields["locale"]), currency)
    return fields, [_ticket(form, row, numbers, house) for row in _named(form, "ticket")]


def _ticket(form: Form, row: int, numbers: NumberStyle, house: Mapping[str, str]) -> PricedDefault:
    """The ticket type of a row. ``house`` has the names of the capacities by what they are in small letters."""

    def name(field: str) -> str:
        return f"ticket-{row}-{field}"

    price = form.money(name("price"), numbers)
    quantity = form.whole(name("quantity"), most=MAX_QUANTITY)
    # Where there is one capacity, a ticket type without a number of its own can mean no other.
    part = form.text(name("capacity")) or (next(iter(house)) if quantity is None and len(house) == 1 else "")
    if part and part.casefold() not in house:
        form.wrong(name("capacity"), "No capacity above has this name.")
    fields = DefaultFields(
        name=form.text(name("name"), most=MAX_TITLE_LENGTH),
        description=form.text(name("description")),
        capacity=house.get(part.casefold()),
        places=form.whole(name("places"), least=1, most=MAX_PLACES) or 1,
        is_donation_based=form.checked(name("donation")),
        is_vip=form.checked(name("vip")),
        hidden=form.checked(name("hidden")),
    )
    return PricedDefault(numbers.currency.to_decimal(price or 0), quantity, fields)


def _named(form: Form, what: str) -> list[int]:
    """The rows with a name: all others are left out."""
    return [row for row in range(MAX_ROWS) if form[f"{what}-{row}-name"].strip()]


def _readable(tag: str) -> str:
    """The locale that amounts are read by: a wrong tag is refused with the form."""
    try:
        check_locale(tag)
    except InvalidRequest:
        return "en-US"
    return tag


def refused_fields(form: Form, place: str) -> Mapping[str, str]:
    """The names of our fields by that of a refusal: "tickets[1].price" is of the second row with a name."""
    found = _ROW.fullmatch(place)
    if found is None:
        return VENUE_FIELDS
    what = _IN_ROW[found["what"]]
    rows = _named(form, what)
    number = int(found["row"])
    return {place: f"{what}-{rows[number]}-{found['field']}"} if number < len(rows) else {}
