"""The buyer's form: the typed values, their errors, and the request that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TypeVar
from uuid import UUID

from application.checkout.place_orders import CheckoutRequest
from domain.customer import Customer, parse_email, parse_name, parse_phone
from domain.errors import DomainError
from domain.policy import CheckoutPolicy
from entrypoints.web.amounts import NumberStyle
from entrypoints.web.page_format import PageFormat, error_text
from entrypoints.web.selection import PLAIN_NUMBERS, Selection

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class CheckoutForm:
    """All values as typed. ``errors`` are sentences by the name of their field; "" is for the form as a whole."""

    selection: Selection
    name: str = ""
    email: str = ""
    phone: str = ""
    expected_total: str = ""
    key: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, DomainError] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> CheckoutForm:
        return cls(
            Selection.of(fields),
            name=fields.get("name", ""),
            email=fields.get("email", ""),
            phone=fields.get("phone", ""),
            expected_total=fields.get("expected_total", ""),
            key=fields.get("key", ""),
        )

    def request(
        self, show_id: UUID, policy: CheckoutPolicy, numbers: NumberStyle = PLAIN_NUMBERS
    ) -> CheckoutRequest | None:
        """The request; None if the form is invalid: then ``errors`` has all of the reasons, not just the first."""
        name = self._parse("name", parse_name)
        email = self._parse("email", parse_email)
        phone = self._parse("phone", parse_phone)
        self.errors.update({name: error_text(error) for name, error in self.selection.wrong_names().items()})
        try:
            cart = self.selection.to_cart(show_id, policy, numbers)
        except DomainError as error:
            self.refuse(error)
            return None
        if name is None or email is None or self.errors:
            return None
        return CheckoutRequest(cart=cart, customer=Customer(name, email, phone), expected_total=self._expected_total())

    def refuse(self, error: DomainError) -> None:
        """Show the error at the field that is to blame."""
        name = self.selection.field_of(error) or ""
        self.errors[name] = error_text(error)
        self.refusals[name] = error

    def tell(self, words: PageFormat) -> None:
        """Write the amounts in the errors as the rest of the page does."""
        self.errors.update({name: error_text(error, words) for name, error in self.refusals.items()})

    @property
    def is_about_tickets(self) -> bool:
        """Whether the tickets must be chosen again."""
        return any(name not in ("name", "email", "phone") and not name.startswith("n-") for name in self.errors)

    @property
    def is_about_names(self) -> bool:
        """Whether a name on a ticket was typed, or is wrong."""
        return any(self.selection.names.values()) or any(name.startswith("n-") for name in self.errors)

    def _parse(self, name: str, parse: Callable[[str], Parsed]) -> Parsed | None:
        try:
            return parse(getattr(self, name))
        except DomainError as error:
            self.errors[name] = error_text(error)
            return None

    def _expected_total(self) -> Decimal:
        # A form always carries the total it showed; if the text is not a number, the buyer agreed to none.
        try:
            return Decimal(self.expected_total)
        except InvalidOperation:
            return Decimal(-1)
