"""The founding document's tests are all there: each exactly once, by its exact name, with its priority's mark."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

#: The document's 45 names, by their ids.
NAMED = {
    "P0-001": "test_single_ticket_purchase_success",
    "P0-002": "test_multiple_tickets_purchase_success",
    "P0-003": "test_free_ticket_purchase_no_stripe",
    "P0-004": "test_last_ticket_purchase_atomicity",
    "P0-005": "test_sold_out_ticket_rejection",
    "P0-006": "test_order_total_calculation_with_fees",
    "P0-007": "test_promo_code_discount_calculation",
    "P0-008": "test_customer_info_validation",
    "P0-009": "test_negative_quantity_rejection",
    "P0-010": "test_max_tickets_per_order_limit",
    "P1-001": "test_payment_declined_order_not_completed",
    "P1-002": "test_stripe_timeout_handling",
    "P1-003": "test_database_failure_during_order_creation",
    "P1-004": "test_redis_unavailable_graceful_degradation",
    "P1-005": "test_lock_expiry_warning_on_slow_transaction",
    "P1-006": "test_promo_code_usage_limits",
    "P1-007": "test_price_change_during_checkout",
    "P1-008": "test_show_unpublished_during_checkout",
    "P1-009": "test_ticket_deleted_during_checkout",
    "P1-010": "test_duplicate_success_callback_idempotency",
    "P1-011": "test_max_order_amount_limit",
    "P1-012": "test_donation_amount_limits",
    "P1-013": "test_donation_below_minimum_rejected",
    "P1-014": "test_regular_ticket_no_donation_accepted",
    "P1-015": "test_past_show_checkout_rejection",
    "P1-016": "test_unpublished_show_checkout_rejection",
    "P1-017": "test_producer_no_stripe_account_rejection",
    "P1-018": "test_partial_order_rollback_on_error",
    "P1-019": "test_stripe_transfer_metadata_populated",
    "P1-020": "test_automatic_tax_calculation",
    "P2-001": "test_100_concurrent_checkouts",
    "P2-002": "test_connection_pool_under_load",
    "P2-003": "test_lock_wait_time_under_contention",
    "P2-004": "test_no_memory_leaks_over_1000_orders",
    "P2-005": "test_celery_task_failures_dont_block_checkout",
    "P2-006": "test_back_button_after_success_idempotency",
    "P2-007": "test_multiple_tabs_same_checkout_race",
    "P2-008": "test_transaction_duration_logging",
    "P2-009": "test_stripe_webhook_signature_validation",
    "P2-010": "test_checkout_rate_limiting",
    "P2-011": "test_sql_injection_prevention",
    "P2-012": "test_xss_prevention_in_customer_input",
    "P2-013": "test_csrf_protection_on_checkout",
    "P2-014": "test_abandoned_order_cleanup",
    "P2-015": "test_stripe_idempotency_key_on_retry",
}

Marks = frozenset[str]
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def marks_of(expressions: list[ast.expr]) -> Marks:
    """The names after ``pytest.mark.`` in decorators, or in a module's or a class's ``pytestmark``."""
    return frozenset(
        node.attr
        for expression in expressions
        for node in ast.walk(expression)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "mark"
    )


def written_in(body: list[ast.stmt], inherited: Marks = frozenset()) -> Iterator[tuple[str, Marks]]:
    """Every test function, those of classes too, with all marks that it has."""
    own = [node.value for node in body if isinstance(node, ast.Assign) and "pytestmark" in ast.unparse(node.targets[0])]
    marks = inherited | marks_of(own)
    for node in body:
        if isinstance(node, _Function) and node.name.startswith("test_"):
            yield node.name, marks | marks_of(node.decorator_list)
        elif isinstance(node, ast.ClassDef):
            yield from written_in(node.body, marks | marks_of(node.decorator_list))


@pytest.fixture(scope="module")
def written() -> dict[str, list[Marks]]:
    """The marks of every test in this folder, by its name."""
    found = defaultdict(list)
    for path in TESTS.rglob("test_*.py"):
        for name, marks in written_in(ast.parse(path.read_text(encoding="utf-8")).body):
            found[name].append(marks)
    return found


@pytest.mark.parametrize(("number", "name"), NAMED.items(), ids=NAMED)
def test_named_test_exists_once_with_its_mark(written: dict[str, list[Marks]], number: str, name: str) -> None:
    mark = number[:2].lower()
    assert [found & {"p0", "p1", "p2"} for found in written[name]] == [{mark}]
