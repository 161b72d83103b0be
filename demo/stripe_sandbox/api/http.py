"""The HTTP side of the API: the steps before and after the operation of every request."""

import asyncio
import base64
import binascii
import re
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web

from demo.stripe_sandbox.api.expansion import expanded
from demo.stripe_sandbox.api.idempotency import Answer, IdempotencyKeys, KeyUse, fingerprint_of
from demo.stripe_sandbox.api.operations import OPERATIONS
from demo.stripe_sandbox.api.parameters import checked
from demo.stripe_sandbox.api.rate_limit import TokenBucket
from demo.stripe_sandbox.api.request_log import ReceivedRequest, RequestLog
from demo.stripe_sandbox.faults import ANY_OPERATION, Fault, FaultKind, FaultPlan
from demo.stripe_sandbox.ledger.state import SandboxState
from demo.stripe_sandbox.protocol.errors import StripeRefusal, card_declined, no_such, rate_limited, server_error
from demo.stripe_sandbox.protocol.forms import decode_form
from demo.stripe_sandbox.protocol.ids import new_id
from demo.stripe_sandbox.protocol.json_types import JsonObject, encode
from demo.stripe_sandbox.resources.accounts import account_of
from demo.stripe_sandbox.resources.call import Call, Operation

_KEY = re.compile(r"(?:sk|rk)_(test|live)_\w+")
_MAXIMUM_KEY_LENGTH = 255
_FORM = "application/x-www-form-urlencoded"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _HangUp(Exception):
    """The connection ends without an answer; ``reset`` as if the other machine had crashed."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    answer: Answer
    headers: Mapping[str, str]


class StripeApi:
    """Answers ``/v1/…`` as Stripe does: keys, rate limits, faults, idempotency, parameters, expansion."""

    def __init__(self, state: SandboxState, *, faults: FaultPlan, log: RequestLog, keys: IdempotencyKeys) -> None:
        self._state = state
        self._faults = faults
        self._log = log
        self._keys = keys
        options = state.options
        self._bucket = _bucket(options.rate_per_second)
        self._endpoint_buckets = {name: _bucket(options.endpoint_rate_per_second) for name in OPERATIONS}

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Route every operation, and all other requests to Stripe's own 404."""
        for name, operation in OPERATIONS.items():
            method, path = name.split(" ")
            router.add_route(method, path, self._handler(name, operation))
        router.add_route("*", "/v1{tail:.*}", self._unrecognized)

    def _handler(self, name: str, operation: Operation) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, name, operation)

        return handle

    async def _serve(self, request: web.Request, name: str, operation: Operation) -> web.StreamResponse:
        received = ReceivedRequest(
            request_id=new_id("req"),
            operation=name,
            path=request.path,
            params={},
            account=request.headers.get("Stripe-Account"),
            idempotency_key=request.headers.get("Idempotency-Key"),
            received_at=self._state.clock.now(),
        )
        self._log.add(received)
        try:
            reply = await self._reply(request, received, operation)
        except StripeRefusal as refusal:
            reply = _Reply(answer=_refused(refusal), headers=self._refusal_headers(refusal))
        except _HangUp as hang_up:
            return _hang_up(request, reset=hang_up.reset)
        received.status = reply.answer.status
        return web.Response(
            status=reply.answer.status,
            body=reply.answer.body,
            headers={**self._common_headers(request, received), **reply.headers},
        )

    async def _reply(self, request: web.Request, received: ReceivedRequest, operation: Operation) -> _Reply:
        received.params = await _params_of(request)
        fault = self._faults.next_for(received.operation) or self._faults.next_for(ANY_OPERATION)
        if fault is not None:
            await _suffer_on_the_way(fault)
        self._authenticate(request)
        self._check_rate(received.operation)
        if received.account is not None:
            account_of(self._state, received.account)
        params = checked(received.params, self._state.spec.operations[received.operation])
        call = Call(
            params=params,
            target=next(iter(request.match_info.values()), ""),
            path=request.path,
            request_id=received.request_id,
            idempotency_key=received.idempotency_key,
        )
        use = self._claim_key(request, received)
        if use is not None and use.answer is not None:
            received.replayed = True
            headers = {"Idempotent-Replayed": "true", "Original-Request": use.request_id}
            return _Reply(answer=use.answer, headers=headers)
        answer = await self._perform(received, call, operation, use, fault)
        if fault is not None and fault.kind is FaultKind.ANSWER_LOST:
            raise _HangUp(reset=False)
        return _Reply(answer=answer, headers={})

    async def _perform(
        self,
        received: ReceivedRequest,
        call: Call,
        operation: Operation,
        use: KeyUse | None,
        fault: Fault | None,
    ) -> Answer:
        if fault is not None:
            try:
                await asyncio.sleep(fault.delay_seconds)
            except asyncio.CancelledError:
                if use is not None:
                    use.abandoned = True
                raise
        answer = self._run(received, call, operation, fault)
        if use is not None:
            use.answer = answer
        return answer

    def _run(self, received: ReceivedRequest, call: Call, operation: Operation, fault: Fault | None) -> Answer:
        ledger = self._state.ledger(received.account)
        self._state.events.attribute_to(call.request_id, call.idempotency_key)
        try:
            if fault is not None:
                _suffer_within(fault, call)
            result = expanded(ledger, operation(ledger, call), call.params.get("expand", ()))
            if fault is not None and fault.kind is FaultKind.FAILED_AFTER:
                raise server_error()
        except StripeRefusal as refusal:
            return _refused(refusal)
        finally:
            self._state.events.attribute_to(None, None)
        return Answer(status=200, body=encode(result))

    def _claim_key(self, request: web.Request, received: ReceivedRequest) -> KeyUse | None:
        key = received.idempotency_key
        if key is None or request.method != "POST":
            return None
        if len(key) > _MAXIMUM_KEY_LENGTH:
            message = f"Idempotency keys may be up to {_MAXIMUM_KEY_LENGTH} characters long."
            raise StripeRefusal(message, kind="idempotency_error")
        use = KeyUse(fingerprint=fingerprint_of(received.path, received.params), request_id=received.request_id)
        return self._keys.claim(received.account, key, use)

    def _authenticate(self, request: web.Request) -> None:
        key = _api_key(request.headers.get("Authorization", ""))
        if not key:
            message = (
                "You did not provide an API key. You need to provide your API key in the Authorization header, "
                "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
            raise StripeRefusal(message, status=401)
        matched = _KEY.fullmatch(key)
        mode = "live" if self._state.options.livemode else "test"
        if matched is None or matched.group(1) != mode:
            raise StripeRefusal(f"Invalid API Key provided: {key[:8]}***", status=401)

    def _check_rate(self, operation: str) -> None:
        for bucket in (self._bucket, self._endpoint_buckets[operation]):
            if bucket is not None and not bucket.take():
                raise rate_limited()

    def _refusal_headers(self, refusal: StripeRefusal) -> dict[str, str]:
        if refusal.status != 429:
            return {}
        headers = {"Stripe-Rate-Limited-Reason": "global-rate"}
        retry_after_seconds = self._state.options.rate_limit_retry_after_seconds
        if retry_after_seconds is not None:
            headers["Retry-After"] = str(retry_after_seconds)
        return headers

    def _common_headers(self, request: web.Request, received: ReceivedRequest) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Request-Id": received.request_id,
            "Stripe-Version": request.headers.get("Stripe-Version", self._state.spec.api_version),
        }
        if received.idempotency_key is not None:
            headers["Idempotency-Key"] = received.idempotency_key
        if received.account is not None:
            headers["Stripe-Account"] = received.account
        return headers

    async def _unrecognized(self, request: web.Request) -> web.StreamResponse:
        message = f"Unrecognized request URL ({request.method}: {request.path}), or one the sandbox does not speak."
        body = encode(StripeRefusal(message, status=404).body)
        headers = {"Content-Type": "application/json", "Request-Id": new_id("req")}
        return web.Response(status=404, body=body, headers=headers)


def _suffer_within(fault: Fault, call: Call) -> None:
    match fault.kind:
        case FaultKind.CARD_DECLINED:
            raise card_declined()
        case FaultKind.FAILED_WITHIN:
            raise server_error()
        case FaultKind.NOT_FOUND:
            raise no_such("object", call.target)
        case _:
            pass


def _bucket(rate_per_second: float | None) -> TokenBucket | None:
    return None if rate_per_second is None else TokenBucket(rate_per_second, time.monotonic)


def _refused(refusal: StripeRefusal) -> Answer:
    return Answer(status=refusal.status, body=encode(refusal.body))


def _api_key(authorization: str) -> str:
    """The key of a Bearer or Basic header; empty if there is none."""
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            try:
                return base64.b64decode(credentials).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                return ""
    return ""


async def _params_of(request: web.Request) -> JsonObject:
    if request.method == "GET":
        return decode_form(request.rel_url.raw_query_string)
    body = await request.text()
    if body and request.content_type != _FORM:
        raise StripeRefusal(f"Invalid request (check that your POST content type is {_FORM}).")
    return decode_form(body)


async def _suffer_on_the_way(fault: Fault) -> None:
    """Apply the faults that keep a call from ever being processed."""
    ends = _ENDS_ON_THE_WAY.get(fault.kind)
    if ends is not None:
        await asyncio.sleep(fault.delay_seconds)
        raise ends()


_ENDS_ON_THE_WAY: Mapping[FaultKind, Callable[[], Exception]] = {
    FaultKind.TIMEOUT_BEFORE: lambda: _HangUp(reset=False),
    FaultKind.CONNECTION_RESET: lambda: _HangUp(reset=True),
    FaultKind.RATE_LIMITED: rate_limited,
    FaultKind.SERVER_ERROR: server_error,
}


def _hang_up(request: web.Request, *, reset: bool) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        if reset:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response(status=499)
