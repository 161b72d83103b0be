"""The answers that each client got, compared with what is: orders, tickets, money, mails, scans; and ``audit``."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import stripe
from psycopg.rows import dict_row

from domain.tasks import TaskKind
from entrypoints.cli.engines import environment_of
from tests.chaos.crowd import Crowd, Heard
from tests.chaos.installation import Place
from tests.support.box_office import Json
from tests.support.database import connected
from tests.support.processes import run
from tests.support.stripe_world import minor, order_of, stripe_books

SETTLED_SECONDS: Final = 240
#: How long live workers have for what they are at, before claims count as those of dead ones.
LIVE_WORKERS_SECONDS: Final = 3
_POLL_SECONDS: Final = 0.2
#: Statuses of an order whose tickets were sold at some time.
_SOLD: Final = frozenset({"completed", "partially_refunded", "refunded"})
_IN_DOUBT: Final = "perhaps sent"
#: What workers still have to do. A mail in doubt waits for an hour or a person, and is named.
_UNFINISHED: Final = """
SELECT (SELECT count(*) FROM orders WHERE status IN ('pending', 'processing')) AS holds,
    (SELECT count(*) FROM refunds WHERE status IN ('requested', 'pending')) AS refunds,
    (SELECT count(*) FROM payment_events WHERE handled_at IS NULL AND last_error IS NULL) AS events,
    (SELECT count(*) FROM outbox WHERE state = 'pending' AND due_at < now() + interval '1 day'
        AND (claimed_until IS NOT NULL OR NOT starts_with(coalesce(last_error, ''), 'perhaps sent'))) AS tasks
"""
_END_HOLDS: Final = """
UPDATE orders SET expires_at = least(expires_at, now()), release_after = NULL, checked_at = NULL
WHERE status IN ('pending', 'processing')
"""
_END_PAUSES: Final = """
UPDATE outbox SET due_at = now(), relay_at = now() WHERE state = 'pending' AND claimed_until IS NULL
AND sending_since IS NULL AND relay_at BETWEEN now() AND now() + interval '1 day'
"""
#: Of workers that died before the moment: no later claim is that old.
_END_CLAIMS: Final = """
UPDATE outbox SET claimed_until = now(), relay_at = now()
WHERE state = 'pending' AND claimed_until < %s + interval '20 seconds'
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is: the show's orders by their buyers' addresses, with what belongs to them, and Stripe's charges."""

    orders: Mapping[str, list[Json]]
    charges: Mapping[str, list[stripe.Charge]]


async def settle(place: Place, *, hurried: bool) -> list[str]:
    """Wait until all work is done. ``hurried``: holds and the claims of dead workers end at once. Returns what is still
    undone when patience ends.
    """
    started = time.monotonic()
    await place.until_ready()
    left: dict[str, int] = {}
    have_claims_ended = not hurried
    while time.monotonic() < started + SETTLED_SECONDS:
        if hurried:
            await _execute(place, _END_HOLDS)
        await _execute(place, _END_PAUSES)  # they grow to hours
        left = (await _rows(place, _UNFINISHED))[0] | {"webhooks": place.sandbox.control.webhooks.waiting}
        if not any(left.values()):
            return []
        if not have_claims_ended and time.monotonic() > started + LIVE_WORKERS_SECONDS:
            await _end_claims(place)
            have_claims_ended = True
        await asyncio.sleep(_POLL_SECONDS)
    return [f"not done after {SETTLED_SECONDS} s: {left}"]


async def judge(place: Place, crowd: Crowd) -> list[str]:
    """All differences between the answers and what is."""
    facts = await _facts(place, crowd)
    found = [f"{heard.email}: {problem}" for heard in crowd.heard for problem in _differences(heard, facts, place)]
    known = {heard.email for heard in crowd.heard}
    found += [f"{email}: has orders and never asked" for email in facts.orders if email not in known]
    ids = {str(order["id"]) for orders in facts.orders.values() for order in orders}
    found += [
        f"Stripe has a charge for order {order}, which is not there" for order in facts.charges if order not in ids
    ]
    found += await _counters(place, crowd)
    return found + await _audit(place)


async def _audit(place: Place) -> list[str]:
    """What ``piquetickets audit`` finds, but for mails in doubt, which it names as it should."""
    finished = await run("audit", "--json", environment=environment_of(place.settings))
    if not finished.out:
        return [f"audit failed: {finished.err}"]
    return [
        f"audit: {check['name']}: {check['findings']}: {example['subject_id']} {example['detail']}"
        for check in json.loads(finished.out)["checks"]
        for example in check["examples"]
        if _IN_DOUBT not in example["detail"]
    ]


def _differences(heard: Heard, facts: Facts, place: Place) -> Iterator[str]:
    yield from heard.strange
    orders = facts.orders.get(heard.email, [])
    if len(orders) > 1:
        yield f"{len(orders)} orders under one Idempotency-Key"
    if not orders:
        if heard.placed:
            yield f"heard of order {heard.placed['order_id']}, which is not there"
        return
    order = orders[0]
    charges = facts.charges.get(str(order["id"]), [])
    if heard.refusal:
        yield f"was refused ({heard.refusal}), and order {order['id']} is {order['status']}"
    yield from _of_order(heard, order)
    yield from _of_money(order, charges)
    yield from _of_mails(heard, order, place)
    yield from _of_scans(heard, order)


def _of_order(heard: Heard, order: Json) -> Iterator[str]:
    name = f"order {order['id']} is {order['status']}"
    if heard.placed and (str(order["id"]), order["total"]) != (heard.placed["order_id"], minor(heard.placed["total"])):
        yield f"{name} of {order['total']}, and its buyer heard {heard.placed}"
    if heard.is_free and order["status"] not in _SOLD:
        yield f"{name}, and was free"
    if heard.completed and order["status"] not in _SOLD:
        yield f"{name}, and its buyer heard completed"
    if heard.cancelled and order["status"] not in {"cancelled", "expired"}:
        yield f"{name}, and its buyer heard cancelled"
    if heard.completed and {a["code"] for a in heard.completed["attendees"]} != {a["code"] for a in order["attendees"]}:
        yield f"{name}, and has other tickets than its buyer heard"
    if len(order["attendees"]) != (heard.quantity if order["status"] in _SOLD else 0):
        yield f"{name}, with {len(order['attendees'])} attendees, and wanted {heard.quantity}"
    void = {str(attendee["id"]) for attendee in order["attendees"] if attendee["status"] == "void"}
    if void - set(heard.refund_asked):
        yield f"{name}, with void tickets whose refund was not asked for"
    if heard.refunded is not None and void != set(heard.refund_asked):
        yield f"{name}, whose buyer heard {heard.refunded} refunded, and not all of these tickets are void"
    if heard.refunded is not None and order["refunded_amount"] != minor(heard.refunded):
        yield f"{name}, whose buyer heard {heard.refunded} refunded, and it is {order['refunded_amount']}"


def _of_money(order: Json, charges: Sequence[stripe.Charge]) -> Iterator[str]:
    name = f"order {order['id']} is {order['status']}"
    kept = [charge for charge in charges if charge.amount_refunded < charge.amount]
    if order["status"] in _SOLD and order["total"] > 0:
        if [charge.amount for charge in charges[:1]] != [order["amount_paid"]]:
            yield f"{name}, paid {order['amount_paid']}, and Stripe has {[charge.amount for charge in charges]}"
        given_back = sum(charge.amount_refunded for charge in charges if charge.id == order["charge_id"])
        if order["charge_id"] and given_back != order["refunded_amount"]:
            yield f"{name}, refunded {order['refunded_amount']}, and Stripe gave back {given_back}"
        if len(kept) > 1:
            yield f"{name}, and two payments were kept"
    elif kept:
        yield f"{name}, and Stripe keeps {[charge.amount - charge.amount_refunded for charge in kept]}"


def _of_mails(heard: Heard, order: Json, place: Place) -> Iterator[str]:
    """One mail for each task that is done; one or none where the task is named as being in doubt."""
    arrived = Counter(mail.message_id for mail in place.mailbox.mails.addressed_to(heard.email))
    for task in order["tasks"]:
        times = arrived.pop(f"{task['id']}@piquetickets", 0)
        in_doubt = (task["last_error"] or "").startswith(_IN_DOUBT)
        # Tickets that were given back in the meantime are not sent.
        is_moot = order["status"] == "refunded" and task["kind"] == TaskKind.CONFIRMATION_MAIL
        expected = {0, 1} if in_doubt or is_moot else {1} if task["state"] == "done" else {0}
        if times not in expected:
            yield f"{task['kind']} arrived {times} times, and its task is {task['state']} ({task['last_error']})"
        if task["state"] == "dead":
            yield f"{task['kind']} was given up: {task['last_error']}"
    if arrived:
        yield f"mails without a task: {dict(arrived)}"
    confirmations = [task for task in order["tasks"] if task["kind"] == TaskKind.CONFIRMATION_MAIL]
    if len(confirmations) != (order["status"] in _SOLD):
        yield f"order {order['id']} is {order['status']}, with {len(confirmations)} confirmations"


def _of_scans(heard: Heard, order: Json) -> Iterator[str]:
    for attendee in order["attendees"]:
        stored = {scan["id"]: scan["result"] for scan in order["scans"] if scan["code"] == attendee["code"]}
        results = {scan.id: scan.result for scan in heard.scans if scan.code == attendee["code"]}
        admitted = [scan_id for scan_id, result in stored.items() if result == "admitted"]
        if len(admitted) > 1:
            yield f"attendee {attendee['id']} was admitted {len(admitted)} times"
        if bool(admitted) != (attendee["checked_in_at"] is not None):
            yield f"attendee {attendee['id']}: admitted by {admitted}, checked in {attendee['checked_in_at']}"
        for scan_id, result in results.items():
            is_void = attendee["status"] == "void"
            # Only an admission is stored.
            is_true = {
                None: True,
                "admitted": scan_id in admitted,
                "already_admitted": bool(admitted) and scan_id not in admitted,
                "void": is_void,
            }
            if not is_true.get(result, False):
                yield f"scan {scan_id} heard {result}; {attendee['id']} is admitted by {admitted}, void: {is_void}"


async def _counters(place: Place, crowd: Crowd) -> list[str]:
    """Held and sold of each ticket type, against the attendees."""
    rows = await _rows(
        place,
        "SELECT t.name, t.held, t.sold, t.quantity, (SELECT count(*) FROM ticket_attendees a"
        " JOIN ticket_orders l USING (order_id, line) WHERE l.ticket_id = t.id AND NOT a.restocked) AS seats"
        " FROM tickets t WHERE t.show_id = %s",
        crowd.on_sale.id,
    )
    return [f"ticket type {row}" for row in rows if (row["held"], row["sold"]) != (0, row["seats"])]


async def _facts(place: Place, crowd: Crowd) -> Facts:
    show = crowd.on_sale.id
    orders = {row["id"]: row for row in await _rows(place, "SELECT * FROM orders WHERE show_id = %s", show)}
    for order in orders.values():
        order.update(attendees=[], tasks=[], scans=[])
    parts = {
        "attendees": "SELECT a.* FROM ticket_attendees a JOIN orders o ON o.id = a.order_id WHERE o.show_id = %s",
        "tasks": "SELECT t.* FROM outbox t JOIN orders o ON o.id = t.order_id"
        " WHERE o.show_id = %s AND t.kind LIKE '%%_mail' AND t.kind <> 'reminder_mail'",
        "scans": "SELECT s.*, a.order_id FROM scans s JOIN ticket_attendees a ON a.id = s.attendee_id"
        " WHERE s.show_id = %s",
    }
    for part, query in parts.items():
        for row in await _rows(place, query, show):
            orders[row["order_id"]][part].append(row)
    by_buyer: dict[str, list[Json]] = {}
    for order in orders.values():
        by_buyer.setdefault(order["customer_email"], []).append(order)
    charges: dict[str, list[stripe.Charge]] = {}
    async with stripe_books(place.sandbox.url) as books:
        for charge in await books.all_charges():
            if charge.metadata.to_dict().get("show_id", str(show)) == str(show):
                charges.setdefault(order_of(charge) or "", []).append(charge)
    return Facts(by_buyer, charges)


async def _end_claims(place: Place) -> None:
    """End the claims of workers that died: of all, once those that live have given theirs back."""
    before: datetime = (await _rows(place, "SELECT now() AS moment"))[0]["moment"]
    if not (await _rows(place, "SELECT count(*) AS claims FROM outbox WHERE claimed_until IS NOT NULL"))[0]["claims"]:
        return
    await asyncio.gather(*(worker.restart() for worker in place.workers))
    await _execute(place, _END_CLAIMS, before)


async def _rows(place: Place, query: str, *parameters: UUID | str) -> list[dict[str, Any]]:
    async with connected(place.database_url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()


async def _execute(place: Place, statement: str, *parameters: datetime) -> None:
    async with connected(place.database_url) as connection:
        await connection.execute(statement.encode(), parameters)
