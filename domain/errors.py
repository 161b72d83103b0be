"""The refusals of the rules, one class for each reason.

DomainError
├── InvalidRequest                the request makes no sense as it stands
│   ├── InvalidAmount
│   └── OrderTotalTooSmall
├── InvalidEmail, InvalidName, InvalidPhone
├── InvalidQuantity, NoTickets, TooManyTickets
├── OrderTotalExceeded
├── DonationTooLarge, DonationTooSmall, DonationNotAllowed
├── ShowEnded, ShowUnavailable
├── NotOnSaleYet, SaleEnded
├── TicketNotFound, TicketsUnavailable
├── InvalidPromoCode, PromoCodeExhausted
├── ProducerPaymentMissing
├── HoldLimitReached
├── NotFound
├── Conflict
│   └── IllegalTransition
└── PaymentMismatch

``str(error)`` is a sentence for a person. ``field`` is the place in the request that is to blame, written as the API
writes it (``tickets[0].quantity``), or None. The edge decides how an error looks over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Self


class DomainError(Exception):
    """A rule refused the request. Nothing has been changed."""

    _template: str | None = None
    _amount: int = 0

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field

    @classmethod
    def about_amount(cls, template: str, amount: int, write: Callable[[int], str], *, field: str | None = None) -> Self:
        """An error whose sentence has an amount of minor units at ``{amount}``, as ``write`` writes it."""
        error = cls(template.format(amount=write(amount)), field=field)
        error._template, error._amount = template, amount
        return error

    def written_by(self, write: Callable[[int], str]) -> str:
        """The sentence, with its amount (if it has one) written by ``write``: people read it in the show's locale."""
        return str(self) if self._template is None else self._template.format(amount=write(self._amount))


class InvalidRequest(DomainError):
    """The request is malformed in a way that no more specific error describes."""


class InvalidAmount(InvalidRequest):
    """An amount is not a finite, non-negative number with at most the currency's decimal places."""


class OrderTotalTooSmall(InvalidRequest):
    """The total is above zero, but below the least amount that Stripe accepts in the currency."""


class InvalidEmail(DomainError):
    """The text is not an e-mail address."""


class InvalidName(DomainError):
    """The customer's name is empty, too long, or has digits or symbols in it."""


class InvalidPhone(DomainError):
    """The phone number cannot be written as E.164."""


class InvalidQuantity(DomainError):
    """A quantity is negative or not a whole number."""


class NoTickets(DomainError):
    """The order has no lines left after those with quantity zero are skipped."""


class TooManyTickets(DomainError):
    """The order has more tickets than allowed."""


class OrderTotalExceeded(DomainError):
    """The total is above the limit for one order."""


class DonationTooLarge(DomainError):
    """A donation is above the limit for one ticket."""


class DonationTooSmall(DomainError):
    """A donation is below the ticket's price."""


class DonationNotAllowed(DomainError):
    """A donation was offered for a ticket with a fixed price."""


class ShowEnded(DomainError):
    """The show is over."""


class ShowUnavailable(DomainError):
    """The show is not published, or was cancelled."""


class NotOnSaleYet(DomainError):
    """The public sale of the show, or of a ticket type, has not begun: ``on_sale_at`` is when it does, as the venue's
    clock has it. ``ticket`` is the name of the ticket type, if it is about one.
    """

    def __init__(self, on_sale_at: datetime, *, ticket: str | None = None, field: str | None = None) -> None:
        what = f"{ticket} goes" if ticket else "Tickets go"
        moment = f"{on_sale_at:%Y-%m-%d} at {on_sale_at:%H:%M} ({on_sale_at.tzinfo})"
        super().__init__(f"{what} on sale on {moment}", field=field)
        self.on_sale_at = on_sale_at
        self.ticket = ticket


class SaleEnded(DomainError):
    """The public sale of the show, or of a ticket type, is over, although the show itself is not."""


class TicketNotFound(DomainError):
    """The show has no such ticket."""


class TicketsUnavailable(DomainError):
    """Fewer tickets are left than the buyer wants."""


class InvalidPromoCode(DomainError):
    """The show has no such promo code."""


class PromoCodeExhausted(DomainError):
    """The promo code exists, but is used up or outside its dates."""


class HoldLimitReached(DomainError):
    """The buyer already has as many unpaid or free tickets of the show as one buyer may have."""


class ProducerPaymentMissing(DomainError):
    """The producer cannot be paid yet: there is no Stripe account, or charges are not enabled on it."""


class NotFound(DomainError):
    """The object does not exist, or the caller may not see it."""


class Conflict(DomainError):
    """The request is valid, but the current state forbids it."""


class IllegalTransition(Conflict):
    """An order in this status cannot have this event (docs/domain-rules.md#order-life-cycle)."""


class PaymentMismatch(DomainError):
    """The amount that Stripe reports as paid differs from the order's price."""
