"""The OrderListRepo, NoteRepo and PersonalDataRepo ports: orders as a producer lists and manages them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.ports.order_lists import (
    AttendeeCursor,
    AttendeeFilter,
    DeliveryProblem,
    OrderCursor,
    OrderFilter,
    PaidBy,
    Presence,
    ShowsOf,
    UndeliveredMail,
)
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.admission import Direction, Scan, ScanResult
from domain.claims import Claim
from domain.customer import Customer
from domain.notes import OrderNote
from domain.order_search import as_meant, code_term, misspelt, search_terms
from domain.orders import AttendeeStatus, ManualPayment, Order, OrderStatus, TicketAttendee
from domain.tasks import BUYER_EMAIL, BUYER_NAME, TaskKind, TaskState
from tests.contracts.builders import ADA, NOW, Theatre, a_refund, a_show, a_task, a_ticket, an_order, issue, new_id

ALL = OrderFilter()


async def store(unit_of_work: UnitOfWorkFactory, *orders: Order) -> None:
    async with unit_of_work() as uow:
        await uow.orders.add(orders)
        await uow.commit()


def completed(order: Order) -> Order:
    return replace(order, status=OrderStatus.COMPLETED, completed_at=NOW).with_attendees(issue)


async def test_a_summary_has_what_the_order_has(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = completed(theatre.order(3, with_promo_code=True))
    first, second, third = order.attendees
    order = replace(
        order,
        status=OrderStatus.PARTIALLY_REFUNDED,
        manual_payment=ManualPayment.OTHER,
        amount_paid=80_00,
        tax=1_00,
        refunded_amount=20_00,
        disputed=True,
        quote=replace(order.quote, fees_included=True, total=order.quote.subtotal),
        attendees=(replace(first, status=AttendeeStatus.VOID), replace(second, checked_in_at=NOW), third),
    )
    await store(unit_of_work, order)

    async with unit_of_work() as uow:
        (found,) = await uow.order_lists.orders(
            ShowsOf(theatre.producer.id, theatre.show.id), only=ALL, after=None, limit=10
        )
        assert await uow.order_lists.orders(ShowsOf(theatre.producer.id, uuid4()), only=ALL, after=None, limit=10) == []
        assert await uow.order_lists.sizes(theatre.show.id) == (1, 3)
        assert await uow.order_lists.sizes(uuid4()) == (0, 0)

    quote = order.quote
    assert (found.id, found.number, found.status, found.customer) == (order.id, order.number, order.status, ADA)
    assert (found.subtotal, found.fees, found.total) == (quote.subtotal, quote.fees, quote.total)
    assert found.fees_included
    assert (found.promo_code, found.promo_code_discount) == ("TEST20", quote.promo_code_discount)
    assert (found.amount_paid, found.tax, found.refunded_amount, found.disputed) == (80_00, 1_00, 20_00, True)
    assert (found.tickets, found.valid_tickets, found.checked_in) == (3, 2, 1)
    assert (found.manual_payment, found.created_at, found.completed_at) == (ManualPayment.OTHER, NOW, NOW)
    assert found.currency == quote.currency


async def test_orders_are_newest_first_from_any_place_on(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    orders = [theatre.order(now=NOW + timedelta(seconds=second)) for second in (0, 1, 1, 2)]
    await store(unit_of_work, *orders)
    newest = sorted(orders, key=lambda order: (order.created_at, order.id), reverse=True)
    async with unit_of_work() as uow:
        for place in range(4):
            after = OrderCursor(newest[place].created_at, newest[place].id)
            found = await uow.order_lists.orders(
                ShowsOf(theatre.producer.id, theatre.show.id), only=ALL, after=after, limit=2
            )
            assert [row.id for row in found] == [order.id for order in newest[place + 1 : place + 3]]


@pytest.mark.parametrize(
    ("only", "is_found"),
    [
        (OrderFilter(status=OrderStatus.PENDING), True),
        (OrderFilter(status=OrderStatus.COMPLETED), False),
        (OrderFilter(email="ADA@EXAMPLE.ORG"), True),
        (OrderFilter(email="da@example.org"), False),
        (OrderFilter(text="LOVE"), True),
        (OrderFilter(text="5551"), True),
        (OrderFilter(text="%"), False),
        (OrderFilter(text="a_a"), False),
        (OrderFilter(text="\\"), False),
        (OrderFilter(text="lovelace", status=OrderStatus.EXPIRED), False),
        (OrderFilter(text="????????"), False),
        (OrderFilter(text="-"), False),
        (OrderFilter(text="love ADA"), True),
        (OrderFilter(text="love grace"), False),
        (OrderFilter(text="555 1234567"), True),
    ],
)
async def test_filters(unit_of_work: UnitOfWorkFactory, theatre: Theatre, only: OrderFilter, is_found: bool) -> None:
    order = theatre.order()
    await store(unit_of_work, order)
    async with unit_of_work() as uow:
        found = await uow.order_lists.orders(
            ShowsOf(theatre.producer.id, theatre.show.id), only=only, after=None, limit=10
        )
    assert [row.id for row in found] == ([order.id] if is_found else [])


async def test_both_stores_find_alike(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    people = [
        Customer("Jürgen Müller-Groß", "jm@example.org", "+491701234567"),
        Customer("Ελένη Παπαδόπουλος", "eleni@example.org", "+302101234567"),
        Customer("İpek Łukasz O’Brien", "karl@bücher.example", None),
    ]
    orders = [completed(replace(theatre.order(), customer=person)) for person in people]
    await store(unit_of_work, *orders)
    for text, found in (
        ("jurgen muller", 0),
        ("Mu\u0308ller", 0),
        ("MUELLER gross", 0),
        ("0170 1234567", 0),
        ("+49 (0)170/1234567", 0),
        ("παπαδοπουλοσ", 1),
        ("ΕΛΕΝΗ", 1),
        ("ipek lukasz obrien", 2),
        ("O'Brien", 2),
        ("xn--bcher-kva", 2),
        ("bucher.example", 2),
    ):
        async with unit_of_work() as uow:
            rows = await uow.order_lists.orders(
                ShowsOf(theatre.producer.id, theatre.show.id), only=OrderFilter(text=text), after=None, limit=9
            )
            attendees = await uow.order_lists.attendees(
                ShowsOf(theatre.producer.id, theatre.show.id), only=AttendeeFilter(text=text), after=None, limit=9
            )
        assert [row.id for row in rows] == [orders[found].id], text
        assert {row.order_id for row in attendees} == {orders[found].id}, text


async def test_either_form_of_an_address_is_found(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = replace(theatre.order(), customer=Customer("Karl", "karl@bücher.example"))
    await store(unit_of_work, order)
    async with unit_of_work() as uow:
        for email in ("Karl@bücher.example", "karl@xn--bcher-kva.example", "KARL@BÜCHER.example"):
            (row,) = await uow.order_lists.orders(
                ShowsOf(theatre.producer.id, theatre.show.id), only=OrderFilter(email=email), after=None, limit=9
            )
            assert row.id == order.id
            assert order.id in await uow.personal_data.orders_of(theatre.producer.id, email)
            assert order.id in await uow.lookups.orders_of(email, limit=100)


async def test_number_finds_one_order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order, other = theatre.order(), theatre.order()
    await store(unit_of_work, order, other)
    async with unit_of_work() as uow:
        only = OrderFilter(text=order.number.lower())
        (found,) = await uow.order_lists.orders(
            ShowsOf(theatre.producer.id, theatre.show.id), only=only, after=None, limit=10
        )
    assert found.id == order.id


@pytest.mark.parametrize("part", [slice(0, 5), slice(2, 8), slice(1, 7)])
async def test_a_part_of_a_number_finds_its_order(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, part: slice
) -> None:
    order, other = theatre.order(), theatre.order()
    await store(unit_of_work, order, other)
    terms = as_meant(search_terms(order.number[part]), {})
    async with unit_of_work() as uow:
        found = await uow.order_lists.orders(
            ShowsOf(theatre.producer.id, theatre.show.id),
            only=OrderFilter(text=order.number[part], meant=terms),
            after=None,
            limit=10,
        )
    assert [each.id for each in found] == [order.id]


async def test_attendees_are_listed_order_by_order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    orders = [completed(theatre.order(2, now=NOW + timedelta(seconds=second))) for second in (1, 0)]
    await store(unit_of_work, *orders)
    expected = [attendee for order in reversed(orders) for attendee in order.attendees]
    async with unit_of_work() as uow:
        found = await uow.order_lists.attendees(
            ShowsOf(theatre.producer.id, theatre.show.id), only=AttendeeFilter(), after=None, limit=10
        )
        for place in range(4):
            after = AttendeeCursor(found[place].created_at, found[place].order_id, found[place].id)
            rest = await uow.order_lists.attendees(
                ShowsOf(theatre.producer.id, theatre.show.id), only=AttendeeFilter(), after=after, limit=2
            )
            assert rest == found[place + 1 : place + 3]
    assert [(a.id, a.code, a.name, a.ticket_name) for a in found] == [
        (a.id, a.code, a.name, a.ticket_name) for a in expected
    ]
    assert (found[0].order_number, found[0].customer_email) == (orders[1].number, ADA.email)


def a_note(order: Order, text: str, second: int = 0) -> OrderNote:
    at = NOW + timedelta(seconds=second)
    return OrderNote(id=new_id(), order_id=order.id, written_at=at, author="office", text=text)


async def test_notes_come_back_oldest_first(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order, other = theatre.order(), theatre.order()
    await store(unit_of_work, order, other)
    late, early = a_note(order, "second", 1), a_note(order, "first")
    async with unit_of_work() as uow:
        for note in (late, early, a_note(other, "another")):
            await uow.notes.add(note)
        assert await uow.notes.of_order(order.id) == [early, late]


async def test_erased_orders_are_nobodys_and_others_stay(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = replace(
        completed(theatre.order(idempotency_key="click")), last_payment_error="declined", checkout_url="https://x"
    )
    order = replace(order, names=("Bob", ""))
    other = replace(completed(theatre.order()), customer=Customer("Grace", "grace@example.org"))
    await store(unit_of_work, order, other)
    details = {BUYER_NAME: "Ada", BUYER_EMAIL: "ada@example.org", "refund_id": "1"}
    task = replace(a_task(order), state=TaskState.DEAD, last_error="550 <ada@example.org>", details=details)
    async with unit_of_work() as uow:
        await uow.notes.add(a_note(order, "Wheelchair"))
        await uow.refunds.add(a_refund(order))
        await uow.outbox.add([task])
        assert await uow.personal_data.orders_of(theatre.producer.id, "Ada@Example.ORG") == [order.id]
        assert await uow.personal_data.orders_of(uuid4(), "ada@example.org") == []

        await uow.personal_data.erase([order.id])

        erased, kept = await uow.orders.get(order.id), await uow.orders.get(other.id)
        (refund,), notes = await uow.refunds.of_order(order.id), await uow.notes.of_order(order.id)
        (dead,) = await uow.task_admin.in_state(TaskState.DEAD, after=None, limit=10)
        assert await uow.personal_data.orders_of(theatre.producer.id, "ada@example.org") == []
    assert kept == other
    assert erased
    assert erased.customer.is_erased
    assert (erased.customer.phone, erased.idempotency, erased.checkout_url, erased.last_payment_error) == (None,) * 4
    assert {attendee.name for attendee in erased.attendees} == {"Erased"}
    assert erased.names == ()
    assert (erased.quote, [a.code for a in erased.attendees]) == (order.quote, [a.code for a in order.attendees])
    assert (refund.reason, notes, dead.last_error, dict(dead.details)) == ("", [], None, {"refund_id": "1"})


async def test_holds_are_listed_with_the_network_that_they_came_from(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    later, sooner = theatre.order(2, now=NOW + timedelta(minutes=1)), theatre.order(3)
    processing = replace(theatre.order(1, now=NOW + timedelta(minutes=2)), status=OrderStatus.PROCESSING)
    others = Theatre()
    async with unit_of_work() as uow:
        await others.store(uow)
        await uow.orders.add([later, sooner, processing, completed(theatre.order(1)), others.order(1)])
        ends_at = NOW + timedelta(hours=1)
        await uow.inventory.claim(
            [
                Claim(-5, sooner.id, 3, is_free=False, is_network=True, ends_at=ends_at),
                Claim(6, sooner.id, 3, is_free=False, is_network=False, ends_at=ends_at),
            ]
        )
        await uow.commit()

    async with unit_of_work() as uow:
        holds = await uow.order_lists.holds(theatre.show.id, limit=10)
        first = await uow.order_lists.holds(theatre.show.id, limit=1)

    assert [(hold.order_id, hold.network, hold.tickets, hold.status) for hold in holds] == [
        (sooner.id, -5, 3, OrderStatus.PENDING),
        (later.id, None, 2, OrderStatus.PENDING),
        (processing.id, None, 1, OrderStatus.PROCESSING),
    ]
    assert (first[0].email, first[0].created_at, first[0].expires_at) == (
        sooner.customer.email,
        sooner.created_at,
        sooner.expires_at,
    )
    assert first == holds[:1]


async def test_who_has_tickets_for_a_show(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    sold = replace(theatre.order().with_attendees(issue), status=OrderStatus.COMPLETED, completed_at=NOW)
    void = tuple(replace(attendee, status=AttendeeStatus.VOID) for attendee in sold.attendees)
    async with unit_of_work() as uow:
        await uow.orders.add([sold, theatre.order()])
        await uow.commit()

    async with unit_of_work() as uow:
        assert await uow.personal_data.has_tickets(theatre.show.id, "Ada@Example.ORG")
        assert not await uow.personal_data.has_tickets(theatre.show.id, "bob@example.org")
        assert not await uow.personal_data.has_tickets(new_id(), "ada@example.org")
        await uow.orders.lock([sold.id])
        await uow.orders.save([replace(sold, attendees=void, status=OrderStatus.REFUNDED)])
        assert not await uow.personal_data.has_tickets(theatre.show.id, "ada@example.org")
        await uow.commit()


async def test_a_mail_that_did_not_get_out_is_seen_at_its_order(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    fine, troubled, arrived_later = (completed(theatre.order()) for _ in range(3))
    await store(unit_of_work, fine, troubled, arrived_later)
    dead: dict[str, Any] = {
        "state": TaskState.DEAD,
        "last_error": "PermanentTaskError: the mail server answered 550 no such user",
    }
    soon = NOW + timedelta(minutes=1)
    async with unit_of_work() as uow:
        await uow.outbox.add(
            [
                replace(a_task(troubled), **dead),
                replace(a_task(troubled), kind=TaskKind.REFUND_MAIL, attempts=1, last_error="MailUnavailable: 451"),
                replace(
                    a_task(troubled), kind=TaskKind.REMINDER_MAIL, sending_since=NOW, last_error="perhaps sent: why"
                ),
                replace(a_task(troubled), kind=TaskKind.ORDER_LINKS_MAIL, **dead),
                replace(a_task(troubled), kind=TaskKind.DESCRIBE_TRANSFER, **dead),
                replace(a_task(arrived_later), **dead),
                replace(a_task(arrived_later, due_at=soon), state=TaskState.DONE),
                replace(a_task(fine), state=TaskState.DONE),
                replace(a_task(fine), kind=TaskKind.REMINDER_MAIL),
            ]
        )
        await uow.commit()

    async with unit_of_work() as uow:
        everything = await uow.order_lists.orders(
            ShowsOf(theatre.producer.id, theatre.show.id), only=ALL, after=None, limit=10
        )
        only = OrderFilter(undelivered=True)
        troubles = await uow.order_lists.orders(
            ShowsOf(theatre.producer.id, theatre.show.id), only=only, after=None, limit=10
        )

    assert len(everything) == 3
    (listed,) = troubles
    assert listed.id == troubled.id
    assert listed.undelivered == (
        UndeliveredMail(
            TaskKind.CONFIRMATION_MAIL, DeliveryProblem.FAILED, "the mail server answered 550 no such user"
        ),
        UndeliveredMail(TaskKind.REFUND_MAIL, DeliveryProblem.DELAYED, "451"),
        UndeliveredMail(TaskKind.REMINDER_MAIL, DeliveryProblem.PERHAPS_SENT, "perhaps sent: why"),
    )


async def ids_found(unit_of_work: UnitOfWorkFactory, of: ShowsOf, only: OrderFilter, *, limit: int = 20) -> list[UUID]:
    async with unit_of_work() as uow:
        return [order.id for order in await uow.order_lists.orders(of, only=only, after=None, limit=limit)]


async def test_orders_of_all_shows_of_a_producer(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    second, others = a_show(theatre.producer), Theatre()
    ticket = a_ticket(second, name="Balcony")
    async with unit_of_work() as uow:
        await uow.shows.add(second)
        await uow.tickets.add(ticket)
        await others.store(uow)
        await uow.commit()
    moments = [NOW + timedelta(seconds=second) for second in range(6)]
    orders = [
        completed(theatre.order(now=at))
        if number % 2
        else completed(an_order(theatre.producer, second, {ticket: 1}, now=at))
        for number, at in enumerate(moments)
    ]
    await store(unit_of_work, *orders, completed(others.order(now=NOW + timedelta(seconds=3))))
    every, newest = ShowsOf(theatre.producer.id), [order.id for order in reversed(orders)]

    assert await ids_found(unit_of_work, every, ALL) == newest
    assert await ids_found(unit_of_work, every, ALL, limit=4) == newest[:4]
    assert await ids_found(unit_of_work, ShowsOf(others.producer.id, second.id), ALL) == []
    async with unit_of_work() as uow:
        after = OrderCursor(orders[4].created_at, orders[4].id)
        rest = await uow.order_lists.orders(every, only=ALL, after=after, limit=3)
        people = await uow.order_lists.attendees(every, only=AttendeeFilter(), after=None, limit=20)
        last = people[3]
        cursor = AttendeeCursor(last.created_at, last.order_id, last.id)
        further = await uow.order_lists.attendees(every, only=AttendeeFilter(), after=cursor, limit=2)
        names = await uow.order_lists.ticket_names(every)
        of_one = await uow.order_lists.ticket_names(ShowsOf(theatre.producer.id, second.id))
    assert [order.id for order in rest] == newest[2:5]
    assert {order.show_id for order in rest} == {second.id, theatre.show.id}
    assert [each.order_id for each in people] == [o.id for o in orders for _ in o.attendees]
    assert further == people[4:6]
    assert (people[0].show_id, people[0].show_title) == (second.id, second.title)
    assert (names, of_one) == (["Balcony", "Gallery", "Stalls"], ["Balcony"])


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (OrderFilter(paid_by=PaidBy.ONLINE), "online"),
        (OrderFilter(paid_by=PaidBy.FREE), "free"),
        (OrderFilter(paid_by=PaidBy.CASH), "cash"),
        (OrderFilter(disputed=True), "cash"),
        (OrderFilter(placed_from=NOW + timedelta(seconds=2)), "cash"),
        (OrderFilter(placed_until=NOW + timedelta(seconds=1)), "online"),
        (OrderFilter(placed_from=NOW + timedelta(seconds=1), placed_until=NOW + timedelta(seconds=2)), "free"),
        (OrderFilter(undelivered=True), "free"),
    ],
)
async def test_filters_of_all_shows(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, only: OrderFilter, found: str
) -> None:
    online, free, cash = (completed(theatre.order(now=NOW + timedelta(seconds=second))) for second in range(3))
    nothing = replace(free.quote, subtotal=0, platform_fees=0, payment_processing_fees=0, total=0)
    orders = {
        "online": online,
        "free": replace(free, quote=nothing),
        "cash": replace(cash, manual_payment=ManualPayment.CASH, disputed=True),
    }
    await store(unit_of_work, *orders.values())
    async with unit_of_work() as uow:
        await uow.outbox.add([replace(a_task(orders["free"]), state=TaskState.DEAD, last_error="550")])
        await uow.commit()
    for of in (ShowsOf(theatre.producer.id), ShowsOf(theatre.producer.id, theatre.show.id)):
        assert await ids_found(unit_of_work, of, only) == [orders[found].id]


async def test_the_end_of_a_code_finds_its_order(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order, other = completed(theatre.order()), completed(theatre.order())
    first, second = order.attendees
    tickets = (replace(first, code="A" * 20 + "K7QX"), replace(second, code="B" * 20 + "ANNA"))
    order = replace(order, attendees=tickets)
    await store(unit_of_work, order, other)
    every = ShowsOf(theatre.producer.id)
    for text in ("k7qx", "K7QX", "A" * 20 + "K7QX", "AAAA-AAAA-AAAA-AAAA-AAAA-K7QX", "lovelace K7QX"):
        assert await ids_found(unit_of_work, every, OrderFilter(text=text)) == [order.id], text
    assert await ids_found(unit_of_work, every, OrderFilter(text="K7Q7")) == []
    assert await ids_found(unit_of_work, every, OrderFilter(text="anna")) == []
    meant = code_term("anna")
    assert meant
    assert await ids_found(unit_of_work, every, OrderFilter(text="anna", meant=(meant,))) == [order.id]


async def test_words_that_a_misspelt_one_may_mean(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    names = ["Jürgen Schmidt", "Anna Schmitz-Müller", "Bob Smith", "Eve Schneider", "Zoë Schmitt"]
    people = [Customer(name, f"{number}@example.org") for number, name in enumerate(names)]
    await store(unit_of_work, *(replace(theatre.order(), customer=person) for person in people))
    (word,) = misspelt(search_terms("Schmit")[0])
    async with unit_of_work() as uow:
        found = await uow.order_lists.words_like(ShowsOf(theatre.producer.id), word)
        elsewhere = await uow.order_lists.words_like(ShowsOf(uuid4()), word)
    assert found == {"schmidt", "schmitz", "smith", "schmitt"}
    assert elsewhere == set()


async def test_who_sees_names_alone_searches_names_alone(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    ada = replace(
        theatre.order(), customer=Customer("Ada Lovelace", "countess@example.org", "+491701234567"), names=("Bo", "")
    )
    bear = replace(theatre.order(), customer=Customer("Karl Bär", "karl@bücher.example"))
    guest = replace(theatre.order(), customer=Customer("", ""), manual_payment=ManualPayment.CASH)
    ada = completed(ada)
    ada = replace(ada, attendees=(replace(ada.attendees[0], code="A" * 20 + "K7QX"), ada.attendees[1]))
    await store(unit_of_work, ada, bear, completed(guest))
    for of in (ShowsOf(theatre.producer.id), ShowsOf(theatre.producer.id, theatre.show.id)):
        for text, found in (
            ("lovelace", [ada.id]),
            ("ada bo", [ada.id]),
            (ada.number, [ada.id]),
            ("baer", [bear.id]),
            ("countess", []),
            ("example", []),
            ("bücher", []),
            ("bucher", []),
            ("xn--bcher", []),
            ("0170 1234567", []),
            ("k7qx", []),
        ):
            assert await ids_found(unit_of_work, of, OrderFilter(text=text, names_only=True)) == found, text
            async with unit_of_work() as uow:
                only = AttendeeFilter(text=text, names_only=True)
                people = await uow.order_lists.attendees(of, only=only, after=None, limit=9)
            assert {each.order_id for each in people} == set(found) & {ada.id}, text


async def test_a_page_of_names_is_full(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    """An address that SQL cannot take out of what is searched takes no place on the page."""
    addresses = [Customer("Karl", f"{number}@bücher.example") for number in range(5)]
    orders = [
        replace(theatre.order(now=NOW + timedelta(seconds=second)), customer=customer)
        for second, customer in enumerate([Customer("Bücher One", "1@example.org"), *addresses])
    ]
    await store(unit_of_work, *orders)
    only = OrderFilter(text="bücher", names_only=True)
    assert await ids_found(unit_of_work, ShowsOf(theatre.producer.id), only, limit=2) == [orders[0].id]


async def test_orders_with_a_number(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order, same, others = theatre.order(), theatre.order(), Theatre()
    same = replace(same, id=UUID(bytes=bytes(11) + order.id.bytes[11:]))
    async with unit_of_work() as uow:
        await others.store(uow)
        await uow.orders.add([order, same, others.order()])
        await uow.commit()
        both = await uow.order_lists.with_number(theatre.producer.id, order.number, limit=5)
        one = await uow.order_lists.with_number(theatre.producer.id, order.number, limit=1)
        of_others = await uow.order_lists.with_number(others.producer.id, order.number, limit=5)
        never = await uow.order_lists.with_number(theatre.producer.id, "!", limit=5)
    assert both == sorted([order.id, same.id])
    assert (one, of_others, never) == (both[:1], [], [])


@pytest.mark.parametrize(
    ("only", "places"),
    [
        (AttendeeFilter(presence=Presence.IN), [0]),
        (AttendeeFilter(presence=Presence.NOT_IN), [1, 3]),
        (AttendeeFilter(presence=Presence.VOID), [2]),
        (AttendeeFilter(ticket_name="Stalls"), [0, 1, 2]),
        (AttendeeFilter(ticket_name="Gallery"), [3]),
        (AttendeeFilter(promo_code="TEST20"), [0, 1, 2]),
        (AttendeeFilter(promo_code="OTHER"), []),
        (AttendeeFilter(allocation_id=UUID(int=7)), [3]),
        (AttendeeFilter(allocation_id=UUID(int=8)), []),
        (AttendeeFilter(text="lovelace", presence=Presence.IN), [0]),
    ],
)
async def test_filters_of_attendees(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre, only: AttendeeFilter, places: list[int]
) -> None:
    stalls = completed(theatre.order(3, with_promo_code=True))
    one, two, three = stalls.attendees
    void = replace(three, status=AttendeeStatus.VOID, checked_in_at=NOW)
    stalls = replace(stalls, attendees=(replace(one, checked_in_at=NOW), two, void))
    later = NOW + timedelta(seconds=1)
    gallery = completed(an_order(theatre.producer, theatre.show, {theatre.gallery: 1}, now=later))
    (line,) = gallery.lines
    gallery = replace(gallery, quote=replace(gallery.quote, lines=(replace(line, allocation_id=UUID(int=7)),)))
    await store(unit_of_work, stalls, gallery)
    everyone = [*stalls.attendees, *gallery.attendees]
    for of in (ShowsOf(theatre.producer.id), ShowsOf(theatre.producer.id, theatre.show.id)):
        async with unit_of_work() as uow:
            found = await uow.order_lists.attendees(of, only=only, after=None, limit=20)
        assert [each.id for each in found] == [everyone[place].id for place in places]


async def test_attendees_who_are_out_are_told_since_when(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    order = completed(theatre.order(5))
    inside, out, back, undone, void = (replace(each, checked_in_at=NOW) for each in order.attendees)
    void = replace(void, status=AttendeeStatus.VOID)
    await store(unit_of_work, replace(order, attendees=(inside, out, back, undone, void)))

    def passed(who: TicketAttendee, minute: int, result: ScanResult, **fields: Any) -> Scan:
        direction = Direction.OUT if result is ScanResult.LEFT else Direction.IN
        at = NOW + timedelta(minutes=minute)
        known = {"show_id": theatre.show.id, "id": uuid4(), "code": who.code, "device_id": "north", "offline": False}
        moments = {"scanned_at": at, "received_at": at, "direction": direction}
        return Scan(**{**known, **moments, "result": result, "attendee_id": who.id, **fields})

    scans = [passed(each, 0, ScanResult.ADMITTED) for each in (inside, out, back, undone, void)]
    scans += [passed(each, 5, ScanResult.LEFT) for each in (out, back, void)]
    scans += [
        passed(back, 9, ScanResult.READMITTED),
        passed(out, 7, ScanResult.READMITTED),
        passed(out, 9, ScanResult.LEFT),
        passed(undone, 5, ScanResult.LEFT, undone_at=NOW + timedelta(minutes=6)),
    ]
    async with unit_of_work() as uow:
        await uow.check_ins.add(scans)
        await uow.commit()
    since = NOW + timedelta(minutes=9)
    places = {Presence.IN: {inside.id, back.id, undone.id}, Presence.OUT: {out.id}, Presence.VOID: {void.id}}
    for of in (ShowsOf(theatre.producer.id), ShowsOf(theatre.producer.id, theatre.show.id)):
        async with unit_of_work(read_only=True) as uow:
            everyone = await uow.order_lists.attendees(of, only=AttendeeFilter(), after=None, limit=20)
            filed = await uow.order_lists.exported_attendees(of, only=AttendeeFilter(), after=None, limit=20)
            assert {each.id: each.out_since for each in everyone if each.out_since} == {out.id: since}
            assert {each.id: each.out_since for each in filed if each.out_since} == {str(out.id): since}
            for presence, those in places.items():
                only = AttendeeFilter(presence=presence)
                found = await uow.order_lists.attendees(of, only=only, after=None, limit=20)
                assert {each.id for each in found} == those, presence
                assert {each.presence for each in found} == {presence}
