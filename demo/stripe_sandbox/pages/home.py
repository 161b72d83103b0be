"""The sandbox's own front page: the latest checkouts, where delayed payments can be finished."""

from itertools import islice

from aiohttp import web

from demo.stripe_sandbox.ledger.state import SandboxState
from demo.stripe_sandbox.pages.rendering import Templates
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.money import display
from demo.stripe_sandbox.resources.sessions import expire_overdue

_SHOWN = 50


class HomePage:
    """Serves ``/``."""

    def __init__(self, state: SandboxState, templates: Templates) -> None:
        self._state = state
        self._templates = templates

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", self._show)

    async def _show(self, _request: web.Request) -> web.Response:
        expire_overdue(self._state)
        sessions = self._state.ledger().tables["checkout.session"].newest_first()
        rows = [_row(session) for session in islice(sessions, _SHOWN)]
        return self._templates.page("home.html", rows=rows)


def _row(session: JsonObject) -> JsonObject:
    state = session["status"] if session["status"] != "complete" else session["payment_status"]
    return {
        "path": f"/c/pay/{session['id']}",
        "customer": session["customer_email"] or "A buyer",
        "amount": display(session["amount_total"], session["currency"]),
        "state": "waiting for a delayed payment" if state == "unpaid" else state,
    }
