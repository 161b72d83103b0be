"""Litestar dependencies from the container's providers."""

from __future__ import annotations

from typing import Any

from dependency_injector import providers
from litestar.di import Provide

from entrypoints.container import Container
from entrypoints.http.checkout import CheckoutDependencies


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
            "add_promo_code": container.add_promo_code,
            "add_show": container.add_show,
            "add_ticket": container.add_ticket,
            "cancel_order": container.cancel_order,
            "check_in": container.check_in,
            "change_account": container.change_account,
            "change_promo_code": container.change_promo_code,
            "change_show": container.change_show,
            "change_ticket": container.change_ticket,
            "checkout": container.checkout,
            "checkout_desk": providers.Singleton(
                CheckoutDependencies,
                container.checkout,
                container.quote,
                container.policy,
                container.links,
                container.claimants,
                container.proof_of_work,
            ),
            "complete_order": container.complete_order,
            "delete_promo_code": container.delete_promo_code,
            "delete_show": container.delete_show,
            "delete_ticket": container.delete_ticket,
            "erase_buyer": container.erase_buyer,
            "export_buyer": container.export_buyer,
            "find_pay_page": container.find_pay_page,
            "get_branding": container.get_branding,
            "get_order": container.get_order,
            "get_picture": container.get_picture,
            "get_account": container.get_account,
            "issue_offline_list": container.issue_offline_list,
            "get_own_show": container.get_own_show,
            "get_show": container.get_show,
            "handle_payment_event": container.handle_payment_event,
            "issue_token": container.issue_token,
            "links": container.links,
            "list_own_shows": container.list_own_shows,
            "list_promo_codes": container.list_promo_codes,
            "list_attendees": container.list_attendees,
            "list_conflicts": container.list_conflicts,
            "list_holds": container.list_holds,
            "list_orders": container.list_orders,
            "list_disputes": container.list_disputes,
            "list_refunds": container.list_refunds,
            "list_shows": container.list_shows,
            "list_tokens": container.list_tokens,
            "look_up_orders": container.look_up_orders,
            "measure_backlog": container.measure_backlog,
            "watch_timezones": container.watch_timezones,
            "metrics": container.metrics,
            "onboard_producer": container.onboard_producer,
            "order_tokens": container.order_tokens,
            "policy": container.policy,
            "change_customer": container.change_customer,
            "preview_refund": container.preview_refund,
            "print_tickets": container.print_tickets,
            "read_audit_trail": container.read_audit_trail,
            "proof_of_work": container.proof_of_work,
            "probes": container.probes,
            "quote_cart": container.quote,
            "readiness": container.readiness,
            "set_branding": container.set_branding,
            "set_logo": container.set_logo,
            "set_show_image": container.set_show_image,
            "read_notes": container.read_notes,
            "sync_offline_scans": container.sync_offline_scans,
            "refund_order": container.refund_order,
            "release_holds": container.release_holds,
            "report_show": container.report_show,
            "resend_tickets": container.resend_tickets,
            "sell_at_counter": container.sell_at_counter,
            "undo_check_in": container.undo_check_in,
            "write_note": container.write_note,
            "refund_show": container.refund_show,
            "register_producer": container.register_producer,
            "revoke_token": container.revoke_token,
            "write_calendar": container.write_calendar,
        }.items()
    }
