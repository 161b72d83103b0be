"""The SDK's client, and the meaning of its errors."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
import stripe
from stripe import AIOHTTPClient, StripeClient
from typing_extensions import override

from application.ports.payment import (
    PaymentBusy,
    PaymentError,
    PaymentKeyRefused,
    PaymentObjectNotFound,
    PaymentQueued,
    PaymentRefused,
    PaymentUnavailable,
    TaxRefused,
)

#: One call's time-out. A buyer waits for it.
TIMEOUT_SECONDS = 10
#: The SDK repeats calls that got no answer or a 500, with the same idempotency key.
MAX_NETWORK_RETRIES = 1
DEFAULT_API_BASE = "https://api.stripe.com"

#: How long to pause after a 429 that names no time.
RATE_LIMIT_PAUSE_SECONDS = 1.0

#: Ids of objects in a path: "cs_test_a1", "re_1".
_IDS: Final = re.compile(r"(?<=/)(?:acct|ch|cs|dp|du|pi|py|pyr|re|tr)_\w+")
#: Stripe's codes for tax that it cannot compute. Earlier API versions say so only in the message.
_TAX_CODES: Final = frozenset({"stripe_tax_inactive", "taxes_calculation_failed", "tax_id_invalid"})
_TAX_WORDS: Final = re.compile(r"Stripe Tax|automatic tax|head office", re.IGNORECASE)
#: Parameters about tax, anywhere in a request.
_TAX_PARAMS: Final = re.compile(r"(?:automatic_tax|tax_details|tax_behavior)")
_LOCATION_PARAM: Final = "[performance_location]"
#: Stripe's code if the key is valid, but the connected account is not one of the platform's.
_NOT_OUR_ACCOUNT = "account_invalid"
#: Stripe's code if it knows no object with this id. A 404 without it is about the address that was called.
_NO_SUCH_OBJECT = "resource_missing"


class TaxLocationUnknown(TaxRefused):
    """Stripe has no such place of performance: it was made with the key of another account or mode."""


class KeySpent(PaymentUnavailable):
    """This idempotency key can produce nothing any more, and we do not know what was made with it.

    Either Stripe failed at the first call with it and repeats that failure; or the first call had other parameters,
    because PUBLIC_URL, SECRET_KEY or our release was different then.
    """


class RefusalRepeated(PaymentRefused):
    """Stripe repeats its answer to the first call with this idempotency key, which may be outdated."""


#: Called for every HTTP call: operation ("POST /v1/refunds"), outcome (HTTP status, or "no_answer"), seconds.
Observe = Callable[[str, str, float], None]
#: Called with status and headers of every answer.
Heard = Callable[[int, Mapping[str, str]], None]


class HttpClient(AIOHTTPClient):
    """The connections to Stripe. Close them with ``close_async``."""

    def __init__(
        self,
        observe: Observe = lambda *_: None,
        heard: Heard = lambda *_: None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        proxy: str | None = None,
        connector: aiohttp.BaseConnector | None = None,
    ) -> None:
        """``proxy`` is the proxy for calls; ``connector`` makes connections, if not in the SDK's way."""
        super().__init__(timeout=timeout_seconds, proxy=proxy, connector=connector)
        self._observe = observe
        self._heard = heard

    @override
    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[Any, int, Mapping[str, str]]:
        """As the SDK's method, except for an answer that breaks off.

        Such an answer counts as lost, like any other, and its connection is released.
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
        self._heard(answer.status, answer.headers)
        return body, answer.status, answer.headers


class WatchedHttpClient(HttpClient):
    """The connections to Stripe, each request of which aiohttp tells to ``trace_configs``."""

    def __init__(self, *args: Any, trace_configs: Sequence[aiohttp.TraceConfig], **options: Any) -> None:
        super().__init__(*args, **options)
        self._trace_configs = trace_configs

    @property
    @override
    def _session(self) -> aiohttp.ClientSession:
        is_new = self._cached_session is None
        session: aiohttp.ClientSession = super()._session
        if is_new:
            for config in self._trace_configs:
                config.freeze()
                session.trace_configs.append(config)
        return session


class Client(StripeClient):
    """The SDK's client, with a shorter path for objects that are read by the thousand while a show is on sale.

    The SDK decodes a whole answer into objects and formats it for its log, even if the log is off: more work than
    completing an order. The short path uses the same HTTP client, with its connections, time-outs and repetitions.
    """

    def __init__(self, api_key: str, http_client: HttpClient, *, api_base: str) -> None:
        super().__init__(
            api_key,
            http_client=http_client,
            base_addresses={"api": api_base},
            max_network_retries=MAX_NETWORK_RETRIES,
        )
        self._http_client = http_client
        self._api_base = api_base
        self._reading_headers = {"Authorization": f"Bearer {api_key}", "Stripe-Version": stripe.api_version}

    async def read(self, path_and_query: str) -> bytes:
        """The answer to a GET. Raises as ``translated_errors`` does, and errors for it to translate."""
        body, status, headers = await self._http_client.request_with_retries_async(
            "get", f"{self._api_base}{path_and_query}", self._reading_headers, max_network_retries=MAX_NETWORK_RETRIES
        )
        if status != HTTPStatus.OK:
            raise _refusal(status, body, headers)
        answer: bytes = body
        return answer


class _Error(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None


class _Refusal(msgspec.Struct):
    error: _Error


def _refusal(status: int, body: bytes, headers: Mapping[str, str]) -> PaymentError:
    try:
        error = msgspec.json.decode(body, type=_Refusal).error
    except msgspec.DecodeError:
        return PaymentUnavailable(f"the answer, with HTTP status {status}, is not from Stripe")
    return _meaning(status, error.message or "", headers, error)


def create_client(api_key: str, http_client: HttpClient, *, api_base: str = DEFAULT_API_BASE) -> Client:
    """An asynchronous client. Without a key, Stripe refuses every call, as an operator should see."""
    stripe.enable_telemetry = False
    return Client(api_key or "unset", http_client, api_base=api_base)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raises PaymentRefused, PaymentObjectNotFound, PaymentKeyRefused, PaymentBusy or PaymentUnavailable."""
    try:
        yield
    except stripe.StripeError as error:
        raise _translated(error) from error
    except msgspec.DecodeError as error:
        raise PaymentUnavailable(f"the answer cannot be understood: {error}") from error


@contextmanager
def translated_errors_of_known_objects() -> Iterator[None]:
    """As ``translated_errors``, for calls about objects that Stripe has named to us. Such an object exists, so a 404
    must be wrong: the call is to be repeated, and one wrong 404 decides nothing.
    """
    try:
        with translated_errors():
            yield
    except PaymentObjectNotFound as missing:
        raise PaymentUnavailable(str(missing)) from missing


def _translated(error: stripe.StripeError) -> PaymentError:
    told = error.error
    if told is None:  # no answer, or none from Stripe
        return PaymentUnavailable(str(error))
    facts = {name: getattr(told, name, None) for name in ("type", "code", "param")}
    return _meaning(error.http_status, str(error), error.headers or {}, _Error(**facts))


def _meaning(status: int | None, message: str, headers: Mapping[str, str], told: _Error) -> PaymentError:
    """The error that an answer of Stripe means: https://docs.stripe.com/api/errors"""
    code, error_type = told.code, told.type
    match status:
        case HTTPStatus.BAD_REQUEST | HTTPStatus.NOT_FOUND if error_type != "idempotency_error" and (
            refusal := _tax_refusal(message, told)
        ):
            return refusal
        case HTTPStatus.NOT_FOUND if code == _NO_SUCH_OBJECT:
            return PaymentObjectNotFound(message)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return PaymentRefused(message) if code == _NOT_OUR_ACCOUNT else PaymentKeyRefused(message)
        case HTTPStatus.BAD_REQUEST if error_type == "idempotency_error":
            return KeySpent(message)
        case HTTPStatus.BAD_REQUEST | HTTPStatus.PAYMENT_REQUIRED:
            was_replayed = _header(headers, "Idempotent-Replayed") == "true"
            return RefusalRepeated(message) if was_replayed else PaymentRefused(message)
        case HTTPStatus.CONFLICT:
            return PaymentBusy(message)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return PaymentQueued(_retry_after_seconds(headers))
    if _header(headers, "Idempotent-Replayed") == "true" and (status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return KeySpent(message)
    return PaymentUnavailable(message)


def _tax_refusal(message: str, told: _Error) -> TaxRefused | None:
    param = told.param or ""
    if param.endswith(_LOCATION_PARAM) and told.code == _NO_SUCH_OBJECT:
        return TaxLocationUnknown(message)
    if told.code in _TAX_CODES or _TAX_PARAMS.search(param) or _TAX_WORDS.search(message):
        return TaxRefused(message)
    return None


def _retry_after_seconds(headers: Mapping[str, str]) -> float:
    try:
        return max(float(_header(headers, "Retry-After")), RATE_LIMIT_PAUSE_SECONDS)
    except ValueError:
        return RATE_LIMIT_PAUSE_SECONDS


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name) or headers.get(name.lower()) or ""
