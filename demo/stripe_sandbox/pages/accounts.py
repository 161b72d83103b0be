"""The pages that Stripe hosts for connected accounts: onboarding, and a small dashboard."""

from aiohttp import web

from demo.stripe_sandbox.ledger.state import SandboxState
from demo.stripe_sandbox.pages.rendering import Templates
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.money import display
from demo.stripe_sandbox.resources.accounts import set_charges_enabled


class AccountPages:
    """Serves ``/setup/{link}`` (an account link) and ``/express/{account}`` (a login link)."""

    def __init__(self, state: SandboxState, templates: Templates) -> None:
        self._state = state
        self._templates = templates

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/setup/{link}", self._show_onboarding)
        router.add_post("/setup/{link}", self._submit_onboarding)
        router.add_get("/express/{account}", self._show_dashboard)

    async def _show_onboarding(self, request: web.Request) -> web.Response:
        link = self._state.account_links.get(request.match_info["link"])
        if link is None:
            return self._templates.page("missing.html", status=404)
        if self._is_stale(link):
            return _redirect(link["refresh_url"])
        return self._templates.page("onboarding.html", account=self._state.accounts.get(link["account"]))

    async def _submit_onboarding(self, request: web.Request) -> web.Response:
        """Form field ``outcome``: "complete" enables the account, "later" leaves it as it is."""
        link = self._state.account_links.get(request.match_info["link"])
        if link is None:
            return self._templates.page("missing.html", status=404)
        if self._is_stale(link):
            return _redirect(link["refresh_url"])
        if (await request.post()).get("outcome") == "complete":
            set_charges_enabled(self._state, link["account"], enabled=True)
        return _redirect(link["return_url"])

    async def _show_dashboard(self, request: web.Request) -> web.Response:
        account_id = request.match_info["account"]
        account = self._state.accounts.get(account_id)
        if account is None:
            return self._templates.page("missing.html", status=404)
        payments = self._state.ledger(account_id).tables["charge"].newest_first()
        rows = [(payment["id"], display(payment["amount"], payment["currency"])) for payment in payments]
        return self._templates.page("dashboard.html", account=account, payments=rows[:50])

    def _is_stale(self, link: JsonObject) -> bool:
        stale: bool = link["expires_at"] < self._state.clock.now()
        return stale


def _redirect(location: str) -> web.Response:
    return web.Response(status=303, headers={"Location": location})
