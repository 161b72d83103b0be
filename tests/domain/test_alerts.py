"""Alerts: from facts to what needs a person, the most urgent first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.alerts import (
    LISTED,
    Alert,
    AlertKind,
    Imbalance,
    LostTask,
    OpenDispute,
    OrderTrouble,
    PlannedShow,
    Troubles,
    UnpaidShow,
    Urgency,
    alerts_of,
)
from domain.capacity import Allocation, Capacity
from domain.catalog import Producer, ProducerFinancial, Show, Ticket
from domain.disputes import DisputeStatus
from domain.inventory import Inventory
from domain.money import currency
from domain.sale_period import SellsUntil
from domain.tasks import TaskKind
from domain.venue_clock import VenueTime
from tests.support import factories

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PRODUCER = factories.producer(account="acct_1")
WITHOUT_ACCOUNT = replace(PRODUCER, financial=ProducerFinancial())


def a_show(*, starts_in: timedelta = 30 * DAY, **fields: Any) -> Show:
    start = NOW + starts_in
    return factories.show(
        by=PRODUCER, door_time=start - HOUR / 2, start_time=start, end_time=start + 2 * HOUR, **fields
    )


def planned(show: Show, *tickets: Ticket, **shared: Any) -> PlannedShow:
    return PlannedShow(show=show, tickets=tickets, **shared)


def selling(show: Show, **fields: Any) -> Ticket:
    return factories.ticket(of=show, **fields)


def alerts(
    *shows: PlannedShow, producer: Producer = PRODUCER, now: datetime = NOW, **troubles: Any
) -> tuple[Alert, ...]:
    return alerts_of(producer, shows, Troubles(**troubles), now)


def kinds(*shows: PlannedShow, **given: Any) -> list[tuple[AlertKind, Urgency]]:
    return [(alert.kind, alert.urgency) for alert in alerts(*shows, **given)]


def trouble(*, starts_in: timedelta = 30 * DAY, reason: str = "", order_id: UUID | None = None) -> Any:
    return {
        "order_id": order_id or uuid4(),
        "show_title": "Hamlet",
        "starts_at": NOW + starts_in,
        "reason": reason,
    }


def dispute(status: DisputeStatus, due_in: timedelta | None = 9 * DAY) -> OpenDispute:
    return OpenDispute(
        **trouble(),
        dispute_id="dp_1",
        status=status,
        amount=54_84,
        currency=currency("USD"),
        evidence_due_by=None if due_in is None else NOW + due_in,
    )


def test_a_tidy_theatre_has_no_alerts() -> None:
    show = a_show()
    assert alerts(planned(show, selling(show))) == ()
    assert alerts() == ()


@pytest.mark.parametrize(
    ("published", "price", "urgency"),
    [(True, 25_00, Urgency.NOW), (False, 25_00, Urgency.SOON), (True, 0, Urgency.LATER)],
)
def test_payouts_matter_as_far_as_something_costs_money(published: bool, price: int, urgency: Urgency) -> None:
    show = a_show(published=published)
    [alert] = alerts(planned(show, selling(show, price=price)), producer=WITHOUT_ACCOUNT)
    assert (alert.kind, alert.urgency) == (AlertKind.PAYOUTS_DISABLED, urgency)
    assert (alert.order_id, alert.show_id) == (None, None)


def test_a_published_show_without_tickets_is_more_urgent_the_nearer_it_is() -> None:
    near, far = a_show(starts_in=6 * DAY), a_show(starts_in=60 * DAY)
    assert kinds(planned(far), planned(near)) == [
        (AlertKind.NO_TICKETS, Urgency.NOW),
        (AlertKind.NO_TICKETS, Urgency.SOON),
    ]
    assert [alert.show_id for alert in alerts(planned(far), planned(near))] == [near.id, far.id]


def test_a_show_that_is_written_but_not_published_is_asked_about_in_its_last_weeks() -> None:
    for starts_in, found in (
        (20 * DAY, []),
        (10 * DAY, [(AlertKind.NOT_PUBLISHED, Urgency.SOON)]),
        (2 * DAY, [(AlertKind.NOT_PUBLISHED, Urgency.NOW)]),
    ):
        show = a_show(starts_in=starts_in, published=False)
        assert kinds(planned(show, selling(show))) == found
    bare = a_show(starts_in=DAY, published=False)
    assert kinds(planned(bare)) == []  # a draft


def at(moment: datetime) -> VenueTime:
    return VenueTime.at(moment, "UTC")


def test_a_sale_that_goes_on_while_nothing_of_it_can_be_bought_is_named() -> None:
    show = a_show()
    early_bird = selling(show, off_sale_at=at(NOW - DAY))
    assert kinds(planned(show, early_bird)) == [(AlertKind.NOTHING_ON_SALE, Urgency.NOW)]
    regular = selling(show, on_sale_at=at(NOW + DAY))
    assert kinds(planned(show, early_bird, regular)) == []


def test_a_ticket_that_can_never_be_bought_is_named_and_one_that_is_sold_out_is_not() -> None:
    show = a_show(off_sale_at=at(NOW + DAY))
    never = selling(show, on_sale_at=at(NOW + 2 * DAY))
    assert kinds(planned(show, never)) == [(AlertKind.NOTHING_ON_SALE, Urgency.NOW)]
    sold_out = replace(never, on_sale_at=None, inventory=Inventory(10, 0, 10))
    assert kinds(planned(show, sold_out)) == []
    assert kinds(planned(show, replace(never, inventory=Inventory(10, 0, 10)), sold_out)) == []


def test_a_full_house_is_sold_out_whatever_its_ticket_types_have_left() -> None:
    show = a_show()
    house = Capacity(id=uuid4(), show_id=show.id, name="House", size=10, sold=10)
    over = replace(selling(show, off_sale_at=at(NOW - DAY)), inventory=Inventory(None), capacity_id=house.id)
    assert kinds(planned(show, over, capacities=(house,))) == []
    assert kinds(planned(show, over, capacities=(replace(house, sold=9),))) == [
        (AlertKind.NOTHING_ON_SALE, Urgency.NOW)
    ]


def test_a_show_whose_sale_is_over_needs_no_tickets_any_more() -> None:
    show = a_show(starts_in=HOUR / 4, sells_until=SellsUntil.DOORS)
    assert kinds(planned(show)) == []


def test_places_that_are_kept_until_the_evening_are_named_on_the_day() -> None:
    show = a_show(starts_in=6 * HOUR)
    house = Capacity(id=uuid4(), show_id=show.id, name="House", size=10, allocated=5)
    press = Allocation(id=uuid4(), capacity_id=house.id, name="Press", size=8, sold=3)
    ticket = replace(selling(show), capacity_id=house.id)
    shared: Any = {"capacities": (house,), "allocations": (press,)}
    [alert] = alerts(planned(show, ticket, **shared))
    assert (alert.kind, alert.urgency, alert.count) == (AlertKind.PLACES_KEPT, Urgency.LATER, 5)
    shared["allocations"] = (replace(press, release_at=NOW + HOUR),)
    assert kinds(planned(show, ticket, **shared)) == []
    shared["allocations"] = (replace(press, released_at=NOW),)
    assert kinds(planned(show, ticket, **shared)) == []


@pytest.mark.parametrize(
    ("status", "due_in", "kind", "urgency"),
    [
        (DisputeStatus.NEEDS_RESPONSE, 9 * DAY, AlertKind.DISPUTE, Urgency.SOON),
        (DisputeStatus.NEEDS_RESPONSE, 2 * DAY, AlertKind.DISPUTE, Urgency.NOW),
        (DisputeStatus.WARNING_NEEDS_RESPONSE, None, AlertKind.DISPUTE, Urgency.SOON),
        (DisputeStatus.APPEAL_NEEDS_RESPONSE, 2 * DAY, AlertKind.DISPUTE, Urgency.NOW),
        (DisputeStatus.UNDER_REVIEW, 2 * DAY, AlertKind.DISPUTE_UNDER_REVIEW, Urgency.LATER),
        (DisputeStatus.WARNING_UNDER_REVIEW, 2 * DAY, AlertKind.DISPUTE_UNDER_REVIEW, Urgency.LATER),
        (DisputeStatus.APPEAL_UNDER_REVIEW, 2 * DAY, AlertKind.DISPUTE_UNDER_REVIEW, Urgency.LATER),
    ],
)
def test_a_dispute_has_the_day_on_which_its_evidence_is_due(
    status: DisputeStatus, due_in: timedelta | None, kind: AlertKind, urgency: Urgency
) -> None:
    [alert] = alerts(disputes=(dispute(status, due_in),))
    assert (alert.kind, alert.urgency) == (kind, urgency)
    is_due = kind is AlertKind.DISPUTE and due_in is not None
    assert alert.due_at == (NOW + (due_in or DAY) if is_due else None)
    assert (alert.amount, alert.currency) == (54_84, currency("USD"))


def lost(kind: TaskKind, starts_in: timedelta) -> LostTask:
    return LostTask(**trouble(starts_in=starts_in, reason="no such user"), kind=kind)


@pytest.mark.parametrize(
    ("kind", "starts_in", "found"),
    [
        (TaskKind.CONFIRMATION_MAIL, 30 * DAY, (AlertKind.MAIL_GIVEN_UP, Urgency.SOON)),
        (TaskKind.CONFIRMATION_MAIL, HOUR, (AlertKind.MAIL_GIVEN_UP, Urgency.NOW)),
        (TaskKind.CONFIRMATION_MAIL, -HOUR, None),
        (TaskKind.REFUND_MAIL, -30 * DAY, (AlertKind.MAIL_GIVEN_UP, Urgency.SOON)),
        (TaskKind.SUBMIT_REFUNDS, HOUR, (AlertKind.TASK_GIVEN_UP, Urgency.SOON)),
    ],
)
def test_work_that_was_given_up_is_urgent_while_it_still_helps(
    kind: TaskKind, starts_in: timedelta, found: tuple[AlertKind, Urgency] | None
) -> None:
    assert kinds(tasks=(lost(kind, starts_in),)) == ([found] if found else [])


def test_money_comes_before_work_and_a_deadline_before_none() -> None:
    show = a_show(starts_in=2 * DAY)
    found = kinds(
        planned(show),
        producer=WITHOUT_ACCOUNT,
        refunds=(OrderTrouble(**trouble()),),
        duplicates=(OrderTrouble(**trouble()),),
        disputes=(dispute(DisputeStatus.NEEDS_RESPONSE, DAY),),
        tasks=(lost(TaskKind.SUBMIT_REFUNDS, 30 * DAY),),
        unpaid_shows=(UnpaidShow(show_id=uuid4(), show_title="Macbeth", orders=12),),
        imbalances=(Imbalance(show_id=uuid4(), show_title="Macbeth", detail="held is 3, orders hold 2"),),
    )
    assert found == [
        (AlertKind.DISPUTE, Urgency.NOW),
        (AlertKind.NO_TICKETS, Urgency.NOW),
        (AlertKind.REFUND_FAILED, Urgency.NOW),
        (AlertKind.CANCELLED_NOT_REPAID, Urgency.NOW),
        (AlertKind.BOOKS, Urgency.NOW),
        (AlertKind.TASK_GIVEN_UP, Urgency.SOON),
        (AlertKind.PAID_TWICE, Urgency.SOON),
        (AlertKind.PAYOUTS_DISABLED, Urgency.LATER),
    ]


def test_of_many_alike_the_first_are_listed_and_the_others_counted() -> None:
    shows = [planned(a_show(starts_in=(10 + day) * DAY)) for day in range(LISTED + 7)]
    found = alerts(*reversed(shows))
    assert [alert.show_id for alert in found] == [each.show.id for each in shows[:LISTED]]
    assert [alert.more for alert in found] == [0] * (LISTED - 1) + [7]
