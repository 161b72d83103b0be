"""Errors that stop a use case without breaking a rule.

ApplicationError
├── Busy                   too many requests wait already, or a lock was held for too long
├── CheckoutInProgress     the same Idempotency-Key is being worked on
├── IdempotencyKeyReused   the same Idempotency-Key came with another request
├── ProofOfWorkRequired    the show asks for some work first
├── PaymentNotPossible     the payment provider is down, slow, or refused to open a session
├── TaxNotConfigured       the payment provider cannot compute the producer's tax
└── ScopeMissing           the actor's token may not do this
"""

from __future__ import annotations


class ApplicationError(Exception):
    """``str(error)`` is a sentence for a person."""


class Busy(ApplicationError):
    """Try again in a moment; nothing was held."""

    def __init__(self) -> None:
        super().__init__("Your request is waiting behind many others being processed, please try again in a moment")


class TicketsInUse(Busy):
    """A ticket's or promo code's row is locked for longer than a sale takes.

    Checkouts of the show's other tickets go on.
    """


class CheckoutInProgress(ApplicationError):
    """The first request with this key has not been answered yet."""

    def __init__(self) -> None:
        super().__init__("This checkout is being processed already, please wait a moment")


class IdempotencyKeyReused(ApplicationError):
    """The key belongs to an order, or a scan, with another request."""

    def __init__(self, message: str = "This Idempotency-Key was used for a different checkout") -> None:
        super().__init__(message)


class ProofOfWorkRequired(ApplicationError):
    """The request has no solution, or one that is for another show, expired, or already used for an order."""

    def __init__(self) -> None:
        super().__init__(
            "This show asks for a proof of work, and none came that is still good: please get a challenge and try again"
        )


class PaymentNotPossible(ApplicationError):
    """No payment page could be opened. ``hold_released`` is whether the tickets are already on sale again."""

    def __init__(self, *, hold_released: bool) -> None:
        super().__init__("The payment provider did not answer as expected, please try again in a moment")
        self.hold_released = hold_released


class TaxNotConfigured(ApplicationError):
    """Nothing was held or charged, and trying again does not help: the producer has to act first."""

    def __init__(self) -> None:
        super().__init__(
            "This order cannot be paid online, because the organiser's tax settings are not complete. "
            "Nothing was charged. Please ask the organiser"
        )


class ScopeMissing(ApplicationError):
    """The token may call this address, but not make this change."""

    def __init__(self, scope: str, what: str) -> None:
        super().__init__(f'This token lacks the scope "{scope}", which {what} needs')
