"""Litestar dependencies from the container's providers."""

from __future__ import annotations

from typing import Any

from dependency_injector import providers
from litestar.di import Provide

from entrypoints.container import Container
from entrypoints.http.checkout import CheckoutDesk


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
            "authenticate": container.authenticate,
            "cancel_order": container.cancel_order,
            "checkout_desk": providers.Singleton(
                CheckoutDesk, container.checkout, container.quote, container.policy, container.links
            ),
            "complete_order": container.complete_order,
            "find_pay_page": container.find_pay_page,
            "get_order": container.get_order,
            "get_show": container.get_show,
            "links": container.links,
            "list_shows": container.list_shows,
            "measure_backlog": container.measure_backlog,
            "metrics": container.metrics,
            "look_up_orders": container.look_up_orders,
            "order_tokens": container.order_tokens,
            "handle_payment_event": container.handle_payment_event,
            "print_tickets": container.print_tickets,
            "readiness": container.readiness,
            "write_calendar": container.write_calendar,
        }.items()
    }
