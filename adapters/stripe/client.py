"""The SDK's client, and what its errors mean to us."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import stripe
from stripe import AIOHTTPClient, StripeClient
from typing_extensions import override

from application.ports.payment import (
    PaymentBusy,
    PaymentError,
    PaymentKeyRefused,
    PaymentQueued,
    PaymentRefused,
    PaymentUnavailable,
    SessionNotFound,
)

#: One call's time-out. A buyer waits for it.
TIMEOUT_SECONDS = 10
#: The SDK repeats calls that got no answer or a 500, under the same idempotency key.
MAX_NETWORK_RETRIES = 1
DEFAULT_API_BASE = "https://api.stripe.com"

#: How long to stay away after a 429 that does not say.
RATE_LIMIT_PAUSE_SECONDS = 1.0

#: Ids of objects in a path: "cs_test_a1", "re_1".
_IDS: Final = re.compile(r"(?<=/)(?:acct|ch|cs|dp|du|pi|py|pyr|re|tr)_\w+")
_SERVER_ERROR = 500
_CONFLICT = 409
#: Stripe's code where the key is good, and the connected account is not one of the platform's.
_NOT_OUR_ACCOUNT = "account_invalid"


class KeySpent(PaymentUnavailable):
    """Under this idempotency key nothing is to be had any more, and what was made with it nobody knows.

    Stripe failed at the first call under it, and answers every repetition with that failure; or the first call asked
    for something else, as it does where PUBLIC_URL, SECRET_KEY or our release was another one then.
    """


#: Hears of every HTTP call: operation ("POST /v1/refunds"), outcome (HTTP status, or "no_answer"), seconds.
Observe = Callable[[str, str, float], None]


class HttpClient(AIOHTTPClient):
    """The connections to Stripe. Close them with ``close_async``."""

    def __init__(self, observe: Observe = lambda *_: None, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        super().__init__(timeout=timeout_seconds)
        self._observe = observe

    @override
    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[Any, int, Mapping[str, str]]:
        """As the SDK's own, but for an answer that ends in its middle: that is an answer lost like any other, and its
        connection is let go of.
        """
        outcome = "no_answer"
        started = time.perf_counter()
        args, options = self._get_request_args_kwargs(method, url, headers, post_data)
        try:
            async with self._session.request(*args, **options) as answer:
                body = await answer.read()
            outcome = str(answer.status)
        except Exception as error:  # noqa: BLE001  # as the SDK does
            self._handle_request_error(error)
        finally:
            operation = f"{method.upper()} {_IDS.sub('{id}', urlsplit(url).path)}"
            self._observe(operation, outcome, time.perf_counter() - started)
        return body, answer.status, answer.headers


def create_client(api_key: str, http_client: AIOHTTPClient, *, api_base: str = DEFAULT_API_BASE) -> StripeClient:
    """An asynchronous client. Without a key every call is refused by Stripe, which is what an operator should see."""
    stripe.enable_telemetry = False
    return StripeClient(
        api_key or "unset",
        http_client=http_client,
        base_addresses={"api": api_base},
        max_network_retries=MAX_NETWORK_RETRIES,
    )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raises PaymentRefused, SessionNotFound, PaymentKeyRefused, PaymentBusy or PaymentUnavailable for the SDK's."""
    try:
        yield
    except stripe.StripeError as error:
        raise _translated(error) from error
    except msgspec.DecodeError as error:
        raise PaymentUnavailable(f"the answer is not understood: {error}") from error


def _translated(error: stripe.StripeError) -> PaymentError:
    match error:
        case stripe.InvalidRequestError(http_status=404):
            return SessionNotFound(str(error))
        case stripe.AuthenticationError() | stripe.PermissionError():
            # The SDK's error itself has no code here; Stripe's own error object does.
            is_not_ours = error.error is not None and error.error.code == _NOT_OUR_ACCOUNT
            return PaymentRefused(str(error)) if is_not_ours else PaymentKeyRefused(str(error))
        case stripe.IdempotencyError():
            return KeySpent(str(error))
        case stripe.InvalidRequestError() | stripe.CardError():
            return PaymentRefused(str(error))
        case stripe.RateLimitError():
            return PaymentQueued(_retry_after_seconds(error))
    if error.http_status == _CONFLICT:
        return PaymentBusy(str(error))
    if (error.http_status or 0) >= _SERVER_ERROR and _header(error, "Idempotent-Replayed") == "true":
        return KeySpent(str(error))
    return PaymentUnavailable(str(error))


def _retry_after_seconds(error: stripe.RateLimitError) -> float:
    try:
        return max(float(_header(error, "Retry-After")), RATE_LIMIT_PAUSE_SECONDS)
    except ValueError:
        return RATE_LIMIT_PAUSE_SECONDS


def _header(error: stripe.StripeError, name: str) -> str:
    headers = error.headers or {}
    return headers.get(name) or headers.get(name.lower()) or ""
