"""A buyer's choice, as forms and addresses carry it: "q-<ticket>" tickets for "d-<ticket>" each, and "promo". A form
also has the name on each ticket, "n-<ticket>-<number>".

All values stay as typed, so a page that is shown again has them unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from domain.cart import Cart, CartLine
from domain.errors import DomainError, InvalidAmount, InvalidName, InvalidQuantity, TicketNotFound
from domain.money import currency
from domain.person_name import parse_name
from domain.policy import CheckoutPolicy
from entrypoints.web.amounts import NumberStyle

#: More fields than any show has tickets to choose from. Fields beyond it are not read.
MAX_LINES: Final = 100
#: Numbers as the United States write them.
PLAIN_NUMBERS: Final = NumberStyle("en-US", currency("USD"))
_QUANTITY, _DONATION, _NAME, _PROMO = "q-", "d-", "n-", "promo"
#: The promo code in an address that people write: /shows/…?code=SPRING.
_CODE = "code"
_LINE = re.compile(r"tickets\[(?P<position>\d+)\]\.(?P<name>\w+)(?:\[(?P<place>\d+)\])?")
_FIELDS = {"quantity": _QUANTITY, "donation_amount": _DONATION, "names": _NAME}


@dataclass(frozen=True, slots=True)
class Selection:
    """``quantities`` and ``donations`` are by ticket id, ``names`` by ticket id and number, as typed."""

    quantities: Mapping[str, str] = field(default_factory=dict)
    donations: Mapping[str, str] = field(default_factory=dict)
    promo_code: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Selection:
        """The choice in a form, or in the query of an address."""
        return cls(
            quantities=_starting_with(_QUANTITY, fields),
            donations=_starting_with(_DONATION, fields),
            promo_code=fields.get(_PROMO) or fields.get(_CODE, ""),
            names=_starting_with(_NAME, fields),
        )

    @property
    def has_amounts(self) -> bool:
        """Whether there are typed amounts, which can only be read with the show's locale and currency."""
        return any(typed.strip() for typed in self.donations.values())

    def to_cart(self, show_id: UUID, policy: CheckoutPolicy, style: NumberStyle = PLAIN_NUMBERS) -> Cart:
        """The cart. ``style`` is how amounts are written there.

        Raises InvalidQuantity, InvalidAmount, InvalidName, TicketNotFound, and what Cart.of raises.
        """
        lines = [
            self._line(position, ticket_id, typed, style)
            for position, (ticket_id, typed) in enumerate(self.quantities.items())
        ]
        return Cart.of(show_id, lines, promo_code=self.promo_code or None, policy=policy)

    def query(self) -> str:
        """The choice as the query of an address, without names; "" for an empty one."""
        chosen = {id_: typed for id_, typed in self.quantities.items() if typed.strip() not in ("", "0")}
        fields = {_QUANTITY + id_: typed for id_, typed in chosen.items()}
        fields |= {_DONATION + id_: typed for id_, typed in self.donations.items() if id_ in chosen}
        return urlencode(fields | ({_PROMO: self.promo_code} if self.promo_code else {}))

    def field_of(self, error: DomainError) -> str | None:
        """The field of the form that an error is about, if it is about one."""
        place = error.field or ""
        if place == "promo_code":
            return _PROMO
        if not (found := _LINE.fullmatch(place)):
            return None
        ticket_id = list(self.quantities)[int(found["position"])]
        field_name = _FIELDS.get(found["name"], _QUANTITY) + ticket_id
        return f"{field_name}-{found['place']}" if found["place"] else field_name

    def _line(self, position: int, ticket_id: str, typed: str, style: NumberStyle) -> CartLine:
        try:
            parsed_id = UUID(ticket_id)
        except ValueError:
            raise TicketNotFound("No such ticket in this show", field=f"tickets[{position}].ticket_id") from None
        quantity = _quantity(typed, position)
        # Ignore the amount of a ticket that is not chosen, however it is written.
        donation = _amount(self.donations.get(ticket_id, ""), position, style) if quantity else Decimal(0)
        line = CartLine(position, parsed_id, quantity, donation)
        names = self._names(ticket_id, quantity) if self.names else []
        return line.named(names) if any(names) else line

    def wrong_names(self) -> dict[str, InvalidName]:
        """What is wrong with the names that were typed for chosen tickets, by the field of each."""
        wrong = {}
        for ticket_id, quantity in self.quantities.items():
            typed = self._names(ticket_id, int(quantity[:9]) if quantity[:9].strip().isdecimal() else 0)
            for place, name in enumerate(typed):
                try:
                    parse_name(name or "nameless")
                except InvalidName as error:
                    wrong[f"{_NAME}{ticket_id}-{place}"] = error
        return wrong

    def _names(self, ticket_id: str, quantity: int) -> list[str]:
        """The typed name of each ticket. Fields beyond the quantity, which was lowered since, do not count."""
        return [self.names.get(f"{ticket_id}-{place}", "") for place in range(min(quantity, MAX_LINES))]


def _starting_with(prefix: str, fields: Mapping[str, str]) -> dict[str, str]:
    found = {name.removeprefix(prefix): value for name, value in fields.items() if name.startswith(prefix)}
    return dict(list(found.items())[:MAX_LINES])


def _quantity(typed: str, position: int) -> int:
    text = typed.strip() or "0"
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise InvalidQuantity("Quantity must be a whole number", field=f"tickets[{position}].quantity")
    return int(text)


def _amount(typed: str, position: int, style: NumberStyle) -> Decimal:
    try:
        return style.read(typed)
    except InvalidAmount as error:
        raise InvalidAmount(str(error), field=f"tickets[{position}].donation_amount") from None
