"""Links for buyers and for people of the office, and the tokens that open them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from domain.branding import Picture
from domain.orders import Order

_TOKEN_BYTES = 16
_ID_BYTES = 16

#: What tokens of the office are for: one of a kind of link opens no other.
SIGN_IN = "sign-in"
INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class OrderTokens:
    """Tokens that open an order without a login. They are derived from the installation's secret, never stored.

    Links made with one of the ``earlier`` secrets still open their orders.
    """

    secret: str = field(repr=False)
    earlier: Sequence[str] = field(default=(), repr=False)

    def token(self, order_id: UUID) -> str:
        """The order's token: 22 URL-safe characters."""
        return _order_token(self.secret, order_id)

    def matches(self, order_id: UUID, token: str) -> bool:
        """Whether ``token`` opens the order."""
        return any(
            hmac.compare_digest(_order_token(secret, order_id).encode(), token.encode())
            for secret in (self.secret, *self.earlier)
        )


@lru_cache(maxsize=256)  # an answer has the token of an order twice: as it is, and in a link
def _order_token(secret: str, order_id: UUID) -> str:
    tag = hmac.digest(secret.encode(), b"order-token:" + order_id.bytes, hashlib.sha256)
    return base64.urlsafe_b64encode(tag[:_TOKEN_BYTES]).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class OfficeTokens:
    """Tokens of links into the office. They are derived from the installation's secret, never stored."""

    secret: str = field(repr=False)
    earlier: Sequence[str] = field(default=(), repr=False)

    def token(self, purpose: str, thing_id: UUID) -> str:
        """The token for a link to this thing: its id and a signature, as 64 URL-safe characters."""
        return _office_token(self.secret, purpose, thing_id)

    def opened(self, purpose: str, token: str) -> UUID | None:
        """The id of the thing that the token opens, None if it is no token of ours for this purpose."""
        try:
            thing_id = UUID(bytes=base64.urlsafe_b64decode(token)[:_ID_BYTES])
        except ValueError:
            return None
        wanted = (_office_token(secret, purpose, thing_id) for secret in (self.secret, *self.earlier))
        return thing_id if any(hmac.compare_digest(each.encode(), token.encode()) for each in wanted) else None


def _office_token(secret: str, purpose: str, thing_id: UUID) -> str:
    tag = hmac.digest(secret.encode(), f"office-{purpose}:".encode() + thing_id.bytes, hashlib.sha256)
    return base64.urlsafe_b64encode(thing_id.bytes + tag).decode()


@dataclass(frozen=True, slots=True)
class OfficeLinks:
    """Links into the office. ``public_url`` has no slash at the end."""

    public_url: str
    tokens: OfficeTokens

    def home(self) -> str:
        """The first page of the office."""
        return f"{self.public_url}/office"

    def own_page(self) -> str:
        """The page of the person who opens it: name, passkeys, sessions."""
        return f"{self.public_url}/office/me"

    def sign_in(self, link_id: UUID) -> str:
        """A link that signs in once."""
        return f"{self.public_url}/office/sign-in/link?token={self.tokens.token(SIGN_IN, link_id)}"

    def invitation(self, invitation_id: UUID) -> str:
        """A link that accepts an invitation."""
        return f"{self.public_url}/office/invitation?token={self.tokens.token(INVITATION, invitation_id)}"


@dataclass(frozen=True, slots=True)
class Links:
    """``public_url`` is where buyers reach this installation, without a slash at the end."""

    public_url: str
    tokens: OrderTokens

    def show_page(self, show_id: UUID) -> str:
        """A show's page in the storefront."""
        return f"{self.public_url}/shows/{show_id}"

    def production_page(self, production_id: UUID) -> str:
        """A production's page in the storefront, with the dates of its shows."""
        return f"{self.public_url}/productions/{production_id}"

    def producer_page(self, producer_id: UUID) -> str:
        """The page of all that one producer has on sale."""
        return f"{self.public_url}/?producer={producer_id}"

    def order_page(self, order: Order) -> str:
        """The order's page in the storefront."""
        return f"{self.public_url}/shows/{order.show_id}/orders/{order.id}?token={self.tokens.token(order.id)}"

    def find_orders(self) -> str:
        """The page where a buyer asks for the links to their orders. It has no token, so others may read it."""
        return f"{self.public_url}/orders"

    def pay_page(self, order: Order) -> str:
        """The page where a buyer waits for the payment page, and is then forwarded to it."""
        token = self.tokens.token(order.id)
        return f"{self.public_url}/shows/{order.show_id}/orders/{order.id}/pay?token={token}"

    def office(self, path: str = "") -> str:
        """A page of the office, by its path below the office's first page."""
        return f"{self.public_url}/office{path}"

    def picture(self, picture: Picture) -> str:
        """A logo or a show's image."""
        return f"{self.public_url}/pictures/{picture.name}"

    def checkout_url(self, order: Order) -> str:
        """The next page for the order: its payment page while it can be paid, else its own."""
        if not order.holds_tickets:
            return self.order_page(order)
        return order.checkout_url or self.pay_page(order)

    def payment_success(self) -> str:
        """Where Stripe sends the buyer after paying; Stripe fills in the session's id."""
        return f"{self.public_url}/api/v1/checkout/success?session_id={{CHECKOUT_SESSION_ID}}"

    def payment_cancel(self, order: Order) -> str:
        """Where Stripe sends the buyer who goes back."""
        token = self.tokens.token(order.id)
        return f"{self.public_url}/api/v1/checkout/cancel?order_id={order.id}&token={token}"
