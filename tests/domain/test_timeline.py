"""An order's life is told in the order in which it happened, and nothing of it is left out or told twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.admission import Direction, Scan, ScanResult
from domain.audit_log import Action, AuditEntry
from domain.customer import ERASED_EMAIL, ERASED_NAME, Customer
from domain.disputes import Dispute, DisputeStatus
from domain.duplicate_payments import DuplicatePayment
from domain.notes import OrderNote
from domain.orders import Exchange, OrderStatus
from domain.refunds import Refund, RefundStatus
from domain.tasks import OutboxTask, TaskKind, TaskState
from domain.timeline import BEGINNINGS, MAILS, Event, Happening, OrderFacts, timeline
from tests.contracts.builders import NOW, Theatre, new_id, paid

THEATRE = Theatre()
ORDER = paid(THEATRE.order(3))
PEOPLE = [attendee.id for attendee in ORDER.attendees]
ELSE = new_id()


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def entry(action: Action, subject: UUID = ORDER.id, *, minutes: float = 0, by: str = "Ann", **after: Any) -> AuditEntry:
    return AuditEntry(
        id=new_id(),
        at=at(minutes),
        producer_id=THEATRE.producer.id,
        token_id=None,
        actor=by,
        action=action,
        subject_id=subject,
        after=after,
    )


def task(kind: TaskKind = TaskKind.CONFIRMATION_MAIL, *, minutes: float = 0, **fields: Any) -> OutboxTask:
    return OutboxTask(id=new_id(), kind=kind, order_id=ORDER.id, due_at=at(minutes), **fields)


def refund(amount: int = 10_00, *, minutes: float = 0, **fields: Any) -> Refund:
    facts: dict[str, Any] = {"sequence": 1, "refund_fees": True, "reason": "ill", **fields}
    return Refund(id=new_id(), order_id=ORDER.id, amount=amount, created_at=at(minutes), **facts)


def scan(attendee_id: UUID | None = PEOPLE[0], *, minutes: float = 0, **fields: Any) -> Scan:
    facts: dict[str, Any] = {"offline": False, "result": ScanResult.ADMITTED, "device_id": "Main door", **fields}
    return Scan(
        show_id=ORDER.show_id,
        id=new_id(),
        code="A" * 24,
        scanned_at=at(minutes),
        received_at=at(minutes),
        attendee_id=attendee_id,
        **facts,
    )


def whats(facts: OrderFacts) -> list[Happening]:
    return [event.what for event in timeline(facts)]


def one(facts: OrderFacts, what: Happening) -> Event:
    (found,) = [event for event in timeline(facts) if event.what is what]
    return found


def test_a_whole_life() -> None:
    facts = OrderFacts(
        order=ORDER,
        tasks=[
            task(minutes=1, state=TaskState.DONE, done_at=at(2)),
            task(TaskKind.REMINDER_MAIL, minutes=9000),
            task(TaskKind.DESCRIBE_TRANSFER, minutes=1, state=TaskState.DONE),
            task(minutes=20, state=TaskState.DONE, done_at=at(21)),
            task(TaskKind.REFUND_MAIL, minutes=60, state=TaskState.DONE, done_at=at(63)),
        ],
        audit=[
            entry(Action.ORDER_CUSTOMER_CHANGED, minutes=20, changed_fields=["email"]),
            entry(Action.ATTENDEE_RENAMED, PEOPLE[1], minutes=30, by="buyer"),
            entry(Action.ORDER_RESENT, minutes=40),
            entry(Action.ORDER_REFUNDED, minutes=60.01, tickets=1, amount=25_00, restock=True),
            entry(Action.CHECK_IN_UNDONE, PEOPLE[0], minutes=51),
        ],
        scans=[scan(minutes=50, undone_at=at(51)), scan(minutes=55)],
        refunds=[refund(25_00, minutes=60, status=RefundStatus.SUCCEEDED, changed_at=at(70))],
        notes=[OrderNote(id=new_id(), order_id=ORDER.id, written_at=at(45), author="Bob", text="Wheelchair")],
    )
    assert whats(facts) == [
        Happening.HELD,
        Happening.PAID,
        Happening.MAILED,
        Happening.CUSTOMER_CHANGED,
        Happening.MAILED,
        Happening.RENAMED,
        Happening.RESENT,
        Happening.NOTED,
        Happening.LET_IN,
        Happening.LET_OUT,
        Happening.LET_IN,
        Happening.REFUND_ASKED,
        Happening.MAILED,
        Happening.REFUND_ARRIVED,
        Happening.MAIL_PLANNED,
    ]
    asked = one(facts, Happening.REFUND_ASKED)
    assert (asked.by, asked.amount, asked.cause, asked.at) == ("Ann", 25_00, "ill", at(60))
    assert one(facts, Happening.REFUND_ARRIVED).at == at(70)
    assert one(facts, Happening.CUSTOMER_CHANGED).fields == ("email",)
    renamed = one(facts, Happening.RENAMED)
    assert (renamed.by, renamed.attendee_ids) == ("buyer", (PEOPLE[1],))
    noted = one(facts, Happening.NOTED)
    assert (noted.by, noted.cause) == ("Bob", "Wheelchair")


def test_a_hold_that_no_one_paid() -> None:
    held = THEATRE.order()
    for status, what in (
        (OrderStatus.EXPIRED, Happening.EXPIRED),
        (OrderStatus.CANCELLED, Happening.CANCELLED),
        (OrderStatus.PAYMENT_FAILED, Happening.PAYMENT_FAILED),
    ):
        begun, ended = timeline(OrderFacts(order=replace(held, status=status)))
        assert (begun.what, begun.until, begun.amount) == (Happening.HELD, held.expires_at, held.quote.total)
        assert (ended.what, ended.at) == (what, None)


def test_a_card_that_was_declined_and_a_bank_that_works() -> None:
    held = THEATRE.order()
    declined = OrderFacts(order=replace(held, last_payment_error="insufficient funds"))
    assert one(declined, Happening.DECLINED).cause == "insufficient funds"
    processing = OrderFacts(order=replace(held, status=OrderStatus.PROCESSING))
    assert whats(processing) == [Happening.HELD, Happening.BANK_AT_WORK]


def test_money_that_came_too_late_or_twice() -> None:
    late = replace(THEATRE.order(), status=OrderStatus.REFUNDED, amount_paid=50_00, refunded_amount=50_00)
    assert whats(OrderFacts(order=late)) == [Happening.HELD, Happening.PAID_TOO_LATE]
    twice = DuplicatePayment(
        payment_intent_id="pi_2", order_id=ORDER.id, amount=54_84, currency="USD", received_at=at(3)
    )
    event = one(OrderFacts(order=ORDER, duplicate_payments=[twice]), Happening.PAID_TWICE)
    assert (event.amount, event.at) == (54_84, at(3))


def test_an_order_of_the_counter_says_who_placed_it() -> None:
    sold = replace(ORDER, expires_at=None)
    facts = OrderFacts(order=sold, audit=[entry(Action.ORDER_PLACED, by="Till")])
    begun, paid_at = timeline(facts)
    assert (begun.what, begun.by, paid_at.what) == (Happening.PLACED, "Till", Happening.PAID)
    given = replace(sold, amount_paid=0)
    assert whats(OrderFacts(order=given)) == [Happening.PLACED]


def test_an_exchange_is_told_by_both_orders() -> None:
    new = replace(ORDER, id=ELSE, exchange=Exchange(ORDER.id, tuple(PEOPLE)))
    done = entry(Action.ORDER_EXCHANGED, minutes=5, new_order_id=str(new.id), due=0, back=15_00)
    old_side = one(OrderFacts(order=ORDER, audit=[done]), Happening.EXCHANGED)
    new_side = one(OrderFacts(order=new, audit=[done]), Happening.CAME_IN_EXCHANGE)
    assert (old_side.order_id, old_side.by, old_side.amount) == (new.id, "Ann", -15_00)
    assert (new_side.order_id, new_side.by) == (ORDER.id, "Ann")
    record = refund(54_84, through=new.id, minutes=5)
    assert whats(OrderFacts(order=ORDER, audit=[done], refunds=[record])).count(Happening.REFUND_ASKED) == 0


def test_a_mail_says_what_became_of_it() -> None:
    for fields, what, cause in (
        ({"state": TaskState.DONE}, Happening.MAILED, ""),
        ({"state": TaskState.DEAD, "last_error": "PermanentTaskError: 550 no"}, Happening.MAIL_FAILED, "550 no"),
        ({"last_error": "MailUnavailable: 451 later"}, Happening.MAIL_DELAYED, "451 later"),
        ({"sending_since": NOW, "last_error": "perhaps sent: lost"}, Happening.MAIL_IN_DOUBT, "perhaps sent: lost"),
        ({}, Happening.MAIL_PLANNED, ""),
    ):
        event = one(OrderFacts(order=ORDER, tasks=[task(minutes=1, **fields)]), what)
        assert (event.cause, event.at, event.mail) == (cause, at(1), TaskKind.CONFIRMATION_MAIL)


def test_a_party_goes_in_together() -> None:
    facts = OrderFacts(order=ORDER, scans=[scan(each, minutes=5) for each in PEOPLE])
    event = one(facts, Happening.LET_IN)
    assert (event.attendee_ids, event.by) == (tuple(sorted(PEOPLE)), "Main door")
    twice = scan(minutes=6, offline=True, result=ScanResult.ALREADY_ADMITTED, device_id="Side door")
    assert one(replace(facts, scans=[*facts.scans, twice]), Happening.LET_IN_WRONGLY).by == "Side door"
    out = scan(minutes=60, result=ScanResult.LEFT, direction=Direction.OUT)
    back = scan(minutes=70, result=ScanResult.READMITTED)
    of_evening = replace(facts, scans=[*facts.scans, out, back])
    assert one(of_evening, Happening.WENT_OUT).at == at(60)
    assert one(of_evening, Happening.CAME_BACK).at == at(70)
    assert not [event for event in timeline(replace(facts, scans=[replace(out, undone_at=at(61))])) if event.by]


def test_refunds_say_who_asked_and_how_they_ended() -> None:
    by_hand = refund(5_00, minutes=1, made_by_provider=True, status=RefundStatus.PENDING, changed_at=at(2))
    lost = refund(9_00, minutes=3, sequence=2, status=RefundStatus.FAILED, failure_reason="closed", changed_at=at(4))
    asked = entry(Action.ORDER_REFUNDED, minutes=3.01, amount=9_00)
    for_nothing = entry(Action.ORDER_REFUNDED, minutes=9, amount=0, by="Bob")
    facts = OrderFacts(order=ORDER, refunds=[lost, by_hand], audit=[for_nothing, asked])
    told = [(event.what, event.by, event.amount) for event in timeline(facts)[2:]]
    assert told == [
        (Happening.REFUND_ASKED, "", 5_00),
        (Happening.REFUND_SENT, "", 5_00),
        (Happening.REFUND_ASKED, "Ann", 9_00),
        (Happening.REFUND_FAILED, "", 9_00),
        (Happening.REFUND_ASKED, "Bob", 0),
    ]
    assert one(facts, Happening.REFUND_FAILED).cause == "closed"


def test_disputes_say_how_they_ended() -> None:
    dispute = Dispute(
        id="dp_1",
        order_id=ORDER.id,
        amount=54_84,
        status=DisputeStatus.NEEDS_RESPONSE,
        reason="fraudulent",
        opened_at=at(9),
        evidence_due_by=at(99),
    )
    open_one = one(OrderFacts(order=ORDER, disputes=[dispute]), Happening.DISPUTED)
    assert (open_one.amount, open_one.cause, open_one.until) == (54_84, "fraudulent", at(99))
    lost = replace(dispute, status=DisputeStatus.LOST, lost=54_84)
    assert whats(OrderFacts(order=ORDER, disputes=[lost]))[-2:] == [Happening.DISPUTED, Happening.DISPUTE_LOST]
    won = replace(dispute, status=DisputeStatus.WON)
    assert one(OrderFacts(order=ORDER, disputes=[won]), Happening.DISPUTE_WON).since == at(9)


def test_an_erasure_is_told_with_who_did_it() -> None:
    gone = replace(ORDER, customer=Customer(ERASED_NAME, ERASED_EMAIL))
    erased = entry(Action.BUYER_ERASED, THEATRE.producer.id, minutes=99, order_ids=[str(gone.id)])
    others = entry(Action.BUYER_ERASED, THEATRE.producer.id, minutes=50, order_ids=[str(ELSE)], by="Bob")
    event = one(OrderFacts(order=gone, audit=[others, erased]), Happening.ERASED)
    assert (event.at, event.by) == (at(99), "Ann")
    assert one(OrderFacts(order=gone), Happening.ERASED).at is None


MINUTES = st.integers(0, 500)
AMOUNTS = st.integers(0, 3).map(lambda count: count * 10_00)
STATES: list[dict[str, Any]] = [
    {"state": TaskState.DONE},
    {"state": TaskState.DEAD, "last_error": "no"},
    {"last_error": "MailUnavailable: later"},
    {},
]


def lists(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=6)


TASKS = st.builds(
    lambda kind, minutes, state: task(kind, minutes=minutes, **state),
    st.sampled_from(TaskKind),
    MINUTES,
    st.sampled_from(STATES),
)
REFUNDS = st.builds(
    lambda amount, minutes, status, through, by_hand: refund(
        amount + 1, minutes=minutes, status=status, through=through, made_by_provider=by_hand
    ),
    AMOUNTS,
    MINUTES,
    st.sampled_from(RefundStatus),
    st.sampled_from([None, None, ELSE]),
    st.booleans(),
)
SCANS = st.builds(
    lambda who, minutes, result, offline: scan(who, minutes=minutes, result=result, offline=offline),
    st.sampled_from([*PEOPLE, None, ELSE]),
    MINUTES,
    st.sampled_from(ScanResult),
    st.booleans(),
)
ENTRIES = st.builds(
    lambda action, subject, minutes, amount: entry(action, subject, minutes=minutes, amount=amount),
    st.sampled_from(Action),
    st.sampled_from([ORDER.id, *PEOPLE, ELSE]),
    MINUTES,
    AMOUNTS,
)
FACTS = st.builds(
    lambda order, tasks, refunds, scans, audit: OrderFacts(
        order=order, tasks=tasks, refunds=refunds, scans=scans, audit=audit
    ),
    st.sampled_from([ORDER, THEATRE.order(), replace(ORDER, customer=Customer(ERASED_NAME, ERASED_EMAIL))]),
    lists(TASKS),
    lists(REFUNDS),
    lists(SCANS),
    lists(ENTRIES),
)


@given(FACTS, st.randoms(use_true_random=False))
def test_the_sequence_of_the_facts_does_not_matter(facts: OrderFacts, chance: Any) -> None:
    def mixed(things: Any) -> list[Any]:
        return list(chance.sample(list(things), len(things)))

    other = replace(
        facts,
        tasks=mixed(facts.tasks),
        refunds=mixed(facts.refunds),
        scans=mixed(facts.scans),
        audit=mixed(facts.audit),
    )
    assert timeline(other) == timeline(facts)


@given(FACTS)
def test_it_begins_once_and_goes_forward(facts: OrderFacts) -> None:
    events = timeline(facts)
    assert [event.what in BEGINNINGS for event in events] == [True, *[False] * (len(events) - 1)]
    times = [event.at for event in events if event.at]
    assert times == sorted(times)


@given(FACTS)
def test_each_mail_is_told_once(facts: OrderFacts) -> None:
    told = Counter(event.mail for event in timeline(facts) if event.mail)
    assert told == Counter(each.kind for each in facts.tasks if each.kind in MAILS)


@given(FACTS)
def test_each_refund_is_asked_for_once(facts: OrderFacts) -> None:
    asked = [event.amount for event in timeline(facts) if event.what is Happening.REFUND_ASKED]
    told = [each for each in facts.refunds if each.through is None]
    entries = [e for e in facts.audit if e.action == Action.ORDER_REFUNDED and e.subject_id == facts.order.id]
    assert Counter(each.amount for each in told) <= Counter(asked)
    assert len(told) <= len(asked) <= len(told) + len(entries)


@given(FACTS)
def test_everyone_who_was_let_in_is_told(facts: OrderFacts) -> None:
    told = {who for event in timeline(facts) if event.what is Happening.LET_IN for who in event.attendee_ids}
    ours = {attendee.id for attendee in facts.order.attendees}
    let_in = {each.attendee_id for each in facts.scans if each.result is ScanResult.ADMITTED}
    assert told == let_in & ours


@given(FACTS)
def test_nothing_of_another_order_is_told(facts: OrderFacts) -> None:
    others = [each for each in facts.audit if each.subject_id == ELSE]
    mine = replace(facts, audit=[each for each in facts.audit if each not in others])
    assert timeline(mine) == timeline(facts)
