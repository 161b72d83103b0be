"""The control interface over HTTP, in JSON, under ``/_sandbox``."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from demo.stripe_sandbox.control.control import SandboxControl
from demo.stripe_sandbox.faults import FaultKind
from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.protocol.json_types import encode
from demo.stripe_sandbox.webhooks import WebhookSender

Command = TypeVar("Command", bound=msgspec.Struct)
_Handler = Callable[[web.Request], Awaitable[web.Response]]


class InjectFault(msgspec.Struct, forbid_unknown_fields=True):
    operation: str
    fault: FaultKind
    times: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1
    delay_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0


class ConfigureWebhooks(msgspec.Struct, forbid_unknown_fields=True):
    """Only what is named changes; ``url`` null takes the endpoint away."""

    url: str | msgspec.UnsetType | None = msgspec.UNSET
    secret: str | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET
    shuffled: bool | msgspec.UnsetType = msgspec.UNSET
    copies: Annotated[int, msgspec.Meta(ge=1, le=10)] | msgspec.UnsetType = msgspec.UNSET


class PlanRefunds(msgspec.Struct, forbid_unknown_fields=True):
    outcomes: list[str]


class SettleRefund(msgspec.Struct, forbid_unknown_fields=True):
    status: str


class OpenDispute(msgspec.Struct, forbid_unknown_fields=True):
    charge: str
    reason: str = "fraudulent"
    amount: int | None = None
    inquiry: bool = False


class MoveDispute(msgspec.Struct, forbid_unknown_fields=True):
    status: str
    reinstated: int = 0


class ChangeAccount(msgspec.Struct, forbid_unknown_fields=True):
    """Only the given fields change."""

    charges_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    tax_active: bool | msgspec.UnsetType = msgspec.UNSET


class AdvanceClock(msgspec.Struct, forbid_unknown_fields=True):
    advance_seconds: float


class ControlApi:
    """Each handler decodes a command, runs it, and answers JSON; a refusal is answered as Stripe would."""

    def __init__(self, control: SandboxControl) -> None:
        self._control = control

    def add_routes(self, router: web.UrlDispatcher) -> None:
        routes: dict[str, _Handler] = {
            "GET /_sandbox": self._overview,
            "GET /_sandbox/faults": self._list_faults,
            "POST /_sandbox/faults": self._inject_fault,
            "DELETE /_sandbox/faults": self._clear_faults,
            "GET /_sandbox/requests": self._list_requests,
            "DELETE /_sandbox/requests": self._clear_requests,
            "GET /_sandbox/webhooks": self._show_webhooks,
            "POST /_sandbox/webhooks": self._configure_webhooks,
            "GET /_sandbox/events": self._list_events,
            "POST /_sandbox/events/{event}/redeliver": self._redeliver,
            "POST /_sandbox/refunds": self._plan_refunds,
            "POST /_sandbox/refunds/{refund}": self._settle_refund,
            "POST /_sandbox/disputes": self._open_dispute,
            "POST /_sandbox/disputes/{dispute}": self._move_dispute,
            "POST /_sandbox/accounts/{account}": self._change_account,
            "DELETE /_sandbox/accounts/{account}": self._deauthorize,
            "POST /_sandbox/clock": self._advance_clock,
            "POST /_sandbox/reset": self._reset,
        }
        for route, handler in routes.items():
            method, path = route.split(" ")
            router.add_route(method, path, _refusing(handler))

    async def _overview(self, _request: web.Request) -> web.Response:
        control = self._control
        return _json(
            {
                "now": control.now(),
                "requests": dict(control.requests.counts),
                "webhooks": _webhook_state(control.webhooks),
            }
        )

    async def _list_faults(self, _request: web.Request) -> web.Response:
        return _json(
            {operation: [asdict(f) for f in faults] for operation, faults in self._control.faults.waiting().items()}
        )

    async def _inject_fault(self, request: web.Request) -> web.Response:
        command = await _command(request, InjectFault)
        self._control.inject_fault(
            command.operation, command.fault, times=command.times, delay_seconds=command.delay_seconds
        )
        return await self._list_faults(request)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._control.faults.clear()
        return await self._list_faults(request)

    async def _list_requests(self, request: web.Request) -> web.Response:
        received = self._control.requests.requests(request.query.get("operation"))
        return _json({"data": [asdict(entry) for entry in received]})

    async def _clear_requests(self, request: web.Request) -> web.Response:
        self._control.requests.clear()
        return await self._list_requests(request)

    async def _show_webhooks(self, _request: web.Request) -> web.Response:
        return _json(_webhook_state(self._control.webhooks))

    async def _configure_webhooks(self, request: web.Request) -> web.Response:
        command = await _command(request, ConfigureWebhooks)
        for name in command.__struct_fields__:
            value = getattr(command, name)
            if value is not msgspec.UNSET:
                setattr(self._control.webhooks, name, value)
        return await self._show_webhooks(request)

    async def _list_events(self, request: web.Request) -> web.Response:
        return _json({"data": self._control.events(request.query.get("type"))})

    async def _redeliver(self, request: web.Request) -> web.Response:
        self._control.redeliver(request.match_info["event"])
        return await self._show_webhooks(request)

    async def _plan_refunds(self, request: web.Request) -> web.Response:
        command = await _command(request, PlanRefunds)
        self._control.plan_refunds(*command.outcomes)
        return _json({"outcomes": command.outcomes})

    async def _settle_refund(self, request: web.Request) -> web.Response:
        command = await _command(request, SettleRefund)
        return _json(self._control.settle_refund(request.match_info["refund"], command.status))

    async def _open_dispute(self, request: web.Request) -> web.Response:
        command = await _command(request, OpenDispute)
        return _json(
            self._control.open_dispute(
                command.charge, reason=command.reason, amount=command.amount, inquiry=command.inquiry
            )
        )

    async def _move_dispute(self, request: web.Request) -> web.Response:
        command = await _command(request, MoveDispute)
        dispute_id = request.match_info["dispute"]
        return _json(self._control.move_dispute(dispute_id, command.status, reinstated=command.reinstated))

    async def _change_account(self, request: web.Request) -> web.Response:
        command = await _command(request, ChangeAccount)
        account_id = request.match_info["account"]
        if command.tax_active is not msgspec.UNSET:
            self._control.set_tax_active(account_id, active=command.tax_active)
        if command.charges_enabled is not msgspec.UNSET:
            self._control.set_charges_enabled(account_id, enabled=command.charges_enabled)
        return _json(self._control.account(account_id))

    async def _deauthorize(self, request: web.Request) -> web.Response:
        self._control.deauthorize(request.match_info["account"])
        return _json({"id": request.match_info["account"], "deauthorized": True})

    async def _advance_clock(self, request: web.Request) -> web.Response:
        command = await _command(request, AdvanceClock)
        return _json({"now": self._control.advance_clock(command.advance_seconds)})

    async def _reset(self, request: web.Request) -> web.Response:
        self._control.reset()
        return await self._overview(request)


def _refusing(handler: _Handler) -> _Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except StripeRefusal as refusal:
            return _json(refusal.body, status=refusal.status)

    return handle


async def _command(request: web.Request, kind: type[Command]) -> Command:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise StripeRefusal(str(error)) from error


def _json(value: Any, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=encode(value), content_type="application/json")


def _webhook_state(webhooks: WebhookSender) -> dict[str, object]:
    return {
        "url": webhooks.url,
        "paused": webhooks.paused,
        "shuffled": webhooks.shuffled,
        "copies": webhooks.copies,
        "waiting": webhooks.waiting,
        "failed_attempts": webhooks.failed_attempts,
    }
