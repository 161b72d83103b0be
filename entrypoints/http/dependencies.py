"""Litestar dependencies from the container's providers."""

from __future__ import annotations

from typing import Any

from litestar.di import Provide

from entrypoints.container import Container


def _provide(provider: Any) -> Provide:
    # Litestar reads a callable's signature; a provider has none of its own.
    def provided() -> Any:
        return provider()

    return Provide(provided, sync_to_thread=False, use_cache=True)


def dependencies(container: Container) -> dict[str, Provide]:
    """The use cases by the names that handlers ask for."""
    return {
        name: _provide(provider)
        for name, provider in {
            "cancel_order": container.cancel_order,
            "checkout": container.checkout,
            "complete_order": container.complete_order,
            "find_pay_page": container.find_pay_page,
            "get_branding": container.get_branding,
            "get_order": container.get_order,
            "get_picture": container.get_picture,
            "get_show": container.get_show,
            "issue_token": container.issue_token,
            "links": container.links,
            "list_shows": container.list_shows,
            "list_tokens": container.list_tokens,
            "look_up_orders": container.look_up_orders,
            "order_tokens": container.order_tokens,
            "handle_payment_event": container.handle_payment_event,
            "policy": container.policy,
            "print_tickets": container.print_tickets,
            "quote_cart": container.quote,
            "readiness": container.readiness,
            "set_branding": container.set_branding,
            "set_logo": container.set_logo,
            "set_show_image": container.set_show_image,
            "register_producer": container.register_producer,
            "revoke_token": container.revoke_token,
            "write_calendar": container.write_calendar,
        }.items()
    }
