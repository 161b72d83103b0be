"""Answering 429 to a client network that sends too many requests. The limits count:

- checkouts, past validation: they hold tickets
- quotes, and the pages that price a cart; returns from the payment page: they cost a query or a call
- pairings of devices: a code must not be guessed
- look-ups, and other names on tickets: they send mail
- sign-ins to the office, by network and by the address that was typed: they send mail
- errors: requests that are wrong in themselves, such as guesses of promo codes, tokens and sessions. A request that
  fails because others were quicker (sold out, the show is over) is not the buyer's error.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import TooManyRequestsException
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from adapters.redis.rate_limit import RateLimit
from domain.people import address_key
from entrypoints.http.client_network import client_network
from entrypoints.http.context import error_code_of, is_of_a_route

#: The key of the limits in the application's state: hooks get no dependencies.
RATE_LIMITS: Final = "rate_limits"

_WEBHOOKS: Final = "/api/v1/webhooks/"
_INSTEAD: Final = "answered_instead"

#: The codes of requests that are wrong in themselves.
WRONG: Final = frozenset(
    {
        "invalid_request",
        "invalid_email",
        "invalid_name",
        "invalid_phone",
        "invalid_quantity",
        "no_tickets",
        "too_many_tickets",
        "order_total_exceeded",
        "donation_too_large",
        "donation_too_small",
        "donation_not_allowed",
        "ticket_not_found",
        "invalid_promo_code",
        "not_found",
        "unauthorized",
        "idempotency_key_reused",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Each limit counts separately, over all processes, by client network."""

    checkouts: RateLimit
    quotes: RateLimit
    lookups: RateLimit
    errors: RateLimit
    sign_ins: RateLimit


def limits_of(request: Request[Any, Any, Any]) -> RateLimits:
    limits: RateLimits = request.app.state[RATE_LIMITS]
    return limits


async def count_checkout(request: Request[Any, Any, Any]) -> None:
    """CHECKOUT_RATE_LIMIT: count one more checkout, after validation. Raises TooManyRequestsException."""
    await _count(limits_of(request).checkouts, "checkout", request, "Too many checkouts from your address")


async def limit_quotes(request: Request[Any, Any, Any]) -> None:
    """A handler's ``before_request``: QUOTE_RATE_LIMIT. Raises TooManyRequestsException."""
    await _count(limits_of(request).quotes, "quote", request, "Too many requests from your address")


async def limit_returns(request: Request[Any, Any, Any]) -> None:
    """A handler's ``before_request``: as many returns from the payment page as quotes.

    Raises TooManyRequestsException.
    """
    await _count(limits_of(request).quotes, "return", request, "Too many requests from your address")


async def limit_documents(request: Request[Any, Any, Any]) -> None:
    """A handler's ``before_request``: as many tickets to print as quotes. Raises TooManyRequestsException."""
    await _count(limits_of(request).quotes, "document", request, "Too many requests from your address")


async def limit_lookups(request: Request[Any, Any, Any]) -> None:
    """A handler's ``before_request``: LOOKUP_RATE_LIMIT. Raises TooManyRequestsException."""
    await _count(limits_of(request).lookups, "lookup", request, "Too many requests for links from your address")


async def limit_sign_ins(request: Request[Any, Any, Any]) -> None:
    """A handler's ``before_request``: as many tries to sign in as look-ups. Raises TooManyRequestsException."""
    await _count(limits_of(request).lookups, "sign-in", request, "Too many tries to sign in from your address")


async def limit_pairings(request: Request[Any, Any, Any]) -> None:
    """A handler's ``before_request``: as many tries to pair a device as quotes: a theatre pairs its phones in a row,
    and a code cannot be guessed at that rate. Raises TooManyRequestsException.
    """
    await _count(limits_of(request).quotes, "pairing", request, "Too many tries to pair a device from your address")


async def limit_sign_in_address(request: Request[Any, Any, Any], email: str) -> None:
    """SIGN_IN_RATE_LIMIT: count one more link that is asked for this address, known or not.

    Raises TooManyRequestsException.
    """
    key = hashlib.sha256(address_key(email).encode()).hexdigest()
    _refuse(await limits_of(request).sign_ins.refused_for(f"sign-in:{key}"), "Too many links for this address")


async def limit_renames(request: Request[Any, Any, Any]) -> None:
    """A handler's ``before_request``: as many other names on tickets as look-ups. Raises TooManyRequestsException."""
    await _count(limits_of(request).lookups, "rename", request, "Too many changes from your address")


async def ensure_not_guessing(request: Request[Any, Any, Any], promo_code: str | None) -> None:
    """A network that was wrong too often gets no answer about a promo code, valid or not.

    Raises TooManyRequestsException.
    """
    if promo_code:
        limit = limits_of(request).errors
        _refuse(await limit.exceeded_for(_error_key(request)), "Too many requests that are wrong from your address")


async def _count(limit: RateLimit, what: str, request: Request[Any, Any, Any], words: str) -> None:
    _refuse(await limit.refused_for(f"{what}:{client_network(request)}"), words)


def _error_key(request: Request[Any, Any, Any]) -> str:
    return f"error:{client_network(request)}"


def _refuse(seconds: float | None, words: str) -> None:
    if seconds is not None:
        raise TooManyRequestsException(
            f"{words}, please wait a moment", headers={"Retry-After": str(math.ceil(seconds))}
        )


def limit_errors(
    answer: Callable[[Request[Any, Any, Any], Any], Response[Any]],
) -> BeforeMessageSendHookHandler:
    """Hook: ERROR_RATE_LIMIT. A wrong request of a network that was wrong too often gets 429 instead; ``answer`` makes
    the response to an exception. Requests with a valid token do not count.
    """

    async def limit(message: Message, scope: Scope) -> None:
        if message["type"] == "http.response.start":
            if _is_wrong(scope) and (body := await _instead(message, scope)) is not None:
                scope["state"][_INSTEAD] = body
        elif message["type"] == "http.response.body" and _INSTEAD in scope["state"]:
            message["body"] = scope["state"].pop(_INSTEAD)

    async def _instead(message: Any, scope: Scope) -> bytes | None:
        request: Request[Any, Any, Any] = Request(scope)
        seconds = await limits_of(request).errors.refused_for(_error_key(request))
        try:
            _refuse(seconds, "Too many requests that are wrong from your address")
        except TooManyRequestsException as error:
            refusal = answer(request, error)
            body = _encoded(refusal)
            media_type = str(refusal.media_type or MediaType.JSON)
            headers: Mapping[str, str] = {
                **refusal.headers,
                "content-type": media_type,
                "content-length": str(len(body)),
            }
            message["status"] = refusal.status_code or error.status_code
            message["headers"] = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
            return body
        return None

    return limit


def _is_wrong(scope: Scope) -> bool:
    return (
        error_code_of(scope) in WRONG
        and is_of_a_route(scope)
        and scope.get("auth") is None
        and not scope["path"].startswith(_WEBHOOKS)
    )


def _encoded(response: Response[Any]) -> bytes:
    content = response.content
    return content.encode() if isinstance(content, str) else msgspec.json.encode(content)


Limit = Callable[[Request[Any, Any, Any]], Awaitable[None]]
