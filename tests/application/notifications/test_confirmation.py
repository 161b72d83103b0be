"""The mail with the tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from typing_extensions import override

from adapters.memory.mail import MemoryTicketRenderer
from application.notifications.ticket_pdf import PrintTickets
from application.ports.catalog import ShowDetails
from application.ports.emails import ConfirmationFacts
from application.ports.mail import MailUnavailable, PrintableTicket
from application.tasks.run import PermanentTaskError
from domain.fees import FeeBearer
from domain.orders import AttendeeStatus, Order, OrderStatus
from domain.tasks import OutboxTask, TaskKind
from tests.application.world import World
from tests.support.factories import (
    DOORS,
    NOW,
    Wanted,
    donation_ticket,
    order,
    producer,
    promo_code,
    show,
    ticket,
)

pytestmark = pytest.mark.p1


class RecordingRenderer(MemoryTicketRenderer):
    printed: list[PrintableTicket]

    @override
    async def render(self, tickets: Any) -> bytes:
        self.printed = list(tickets)
        return await super().render(tickets)


def confirmation_of(confirmed: Order) -> OutboxTask:
    return OutboxTask(id=uuid4(), kind=TaskKind.CONFIRMATION_MAIL, order_id=confirmed.id, due_at=NOW)


async def sold(world: World, *wanted: Wanted, **overrides: Any) -> Order:
    """A completed order of a show that exists."""
    await world.sell(*(want[0] for want in wanted))
    completed = order(*wanted, **{"status": OrderStatus.COMPLETED, **overrides})
    await world.add(completed)
    return completed


async def letter_about(world: World, confirmed: Order) -> ConfirmationFacts:
    await world.send_confirmation_email(await world.claimed(confirmation_of(confirmed)))
    facts = world.email_templates.written[-1]
    assert isinstance(facts, ConfirmationFacts)
    return facts


async def test_the_tickets_go_to_the_buyer(world: World) -> None:
    confirmed = await sold(world, (ticket(), 2))
    task = await world.claimed(confirmation_of(confirmed))
    await world.send_confirmation_email(task)
    (mail,) = world.mailer.sent
    assert (mail.to_name, mail.to_address) == ("Ada Lovelace", "ada@example.org")
    assert "Twelfth Night" in mail.content.subject
    assert world.links.order_page(confirmed) in mail.content.text
    pdf, entry = mail.attachments
    assert (pdf.filename, pdf.content_type) == (f"tickets-{confirmed.number}.pdf", "application/pdf")
    assert all(attendee.code.encode() in pdf.content for attendee in confirmed.attendees)
    assert (entry.filename, entry.content_type) == ("show.ics", "text/calendar; method=PUBLISH")
    assert b"Twelfth Night" in entry.content


async def test_answers_go_to_the_producer(world: World) -> None:
    await world.send_confirmation_email(await world.claimed(confirmation_of(await sold(world, (ticket(), 1)))))
    assert [mail.reply_to for mail in world.mailer.sent] == ["office@globe.example"]


async def test_every_try_sends_the_same_mail(world: World) -> None:
    task = await world.claimed(confirmation_of(await sold(world, (ticket(), 1))))
    await world.send_confirmation_email(task)
    await world.send_confirmation_email(task)
    first, second = world.mailer.sent
    assert first == second
    assert str(task.id) in first.message_id


async def test_the_letter_adds_up(world: World) -> None:
    evening = show()
    stalls, guest = ticket(of=evening, price=2500), donation_ticket(of=evening, price=0, name="Guest")
    promo = promo_code(of=evening, discount="0.20")
    confirmed = await sold(world, (stalls, 4), (guest, 1), promo=promo, tax=77)
    facts = await letter_about(world, confirmed)
    assert [(line.name, line.quantity, line.total_price) for line in facts.lines] == [
        ("Stalls", 4, "$100.00"),
        ("Guest", 1, "Free"),
    ]
    assert (facts.discount, facts.fees, facts.tax, facts.total) == ("−$20.00", "$8.79", "$0.77", "$89.56")


async def test_the_letter_names_no_fees_that_the_producer_bears(world: World) -> None:
    facts = await letter_about(world, await sold(world, (ticket(price=2500), 4), by=producer(fees=FeeBearer.PRODUCER)))
    assert (facts.fees, facts.fees_included, facts.total) == ("", True, "$100.00")


async def test_the_letter_of_a_free_order_speaks_of_no_money(world: World) -> None:
    facts = await letter_about(world, await sold(world, (ticket(price=0), 1)))
    assert (facts.discount, facts.fees, facts.tax, facts.total) == ("", "", "", "")


async def test_the_letter_tells_where_and_when(world: World) -> None:
    stalls = ticket()
    await world.sell(stalls, by=producer(name="Globe"), title="Hamlet", venue="Bankside", timezone="Europe/London")
    confirmed = order((stalls, 1), status=OrderStatus.COMPLETED)
    await world.add(confirmed)
    facts = await letter_about(world, confirmed)
    assert (facts.customer_name, facts.order_number) == ("Ada Lovelace", confirmed.number)
    assert (facts.show_title, facts.producer_name, facts.occasion.venue) == ("Hamlet", "Globe", "Bankside")
    assert (facts.occasion.door_time, facts.occasion.timezone) == (DOORS, ZoneInfo("Europe/London"))


async def test_an_order_that_was_refunded_meanwhile_gets_no_mail(world: World) -> None:
    await world.send_confirmation_email(
        confirmation_of(await sold(world, (ticket(), 1), status=OrderStatus.REFUNDED, attendees=()))
    )
    assert world.mailer.sent == []


async def test_an_order_that_does_not_exist_gets_no_mail(world: World) -> None:
    await world.send_confirmation_email(confirmation_of(order()))
    assert world.mailer.sent == []


async def test_a_mail_server_that_is_away_is_tried_again(world: World) -> None:
    task = confirmation_of(await sold(world, (ticket(), 1)))
    world.mailer.available = False
    with pytest.raises(MailUnavailable):
        await world.send_confirmation_email(task)


async def test_a_mailbox_that_does_not_exist_is_hopeless(world: World) -> None:
    task = confirmation_of(await sold(world, (ticket(), 1)))
    world.mailer.refused_addresses.add("ada@example.org")
    with pytest.raises(PermanentTaskError, match="no such user"):
        await world.send_confirmation_email(task)


async def test_one_page_is_printed_for_everybody_who_may_enter() -> None:
    stalls = ticket(price=2500, name="Stalls", is_vip=True)
    evening = show(id=stalls.show_id, venue="Bankside")
    confirmed = order((stalls, 3), status=OrderStatus.COMPLETED)
    first, *others = confirmed.attendees
    partly = replace(confirmed, attendees=(replace(first, status=AttendeeStatus.VOID), *others))
    renderer = RecordingRenderer()
    await PrintTickets(renderer)(partly, ShowDetails(evening, producer(), (stalls,)))
    assert [printed.code for printed in renderer.printed] == [attendee.code for attendee in others]
    assert {(p.price, p.ticket_name, p.is_vip, p.occasion.venue) for p in renderer.printed} == {
        ("$27.37\nwith $2.37 fees", "Stalls", True, "Bankside")
    }
    assert {p.order_number for p in renderer.printed} == {confirmed.number}


@pytest.mark.parametrize(
    ("price", "fees", "printed"),
    [
        (2500, FeeBearer.BUYER, "$27.57\nwith $2.57 fees"),
        (2500, FeeBearer.PRODUCER, "$25.00"),
        (0, FeeBearer.BUYER, "Free"),
    ],
)
async def test_a_ticket_has_the_price_that_was_paid_for_it(price: int, fees: FeeBearer, printed: str) -> None:
    seller, stalls = producer(fees=fees), ticket(price=price)
    renderer = RecordingRenderer()
    confirmed = order((stalls, 1), status=OrderStatus.COMPLETED, by=seller)
    await PrintTickets(renderer)(confirmed, ShowDetails(show(id=stalls.show_id), seller, (stalls,)))
    assert [each.price for each in renderer.printed] == [printed]


async def test_free_orders_do_not_flood_an_address_and_their_mails_come_later(world: World) -> None:
    world.free_mails.count = 2
    free, dear = ticket(price=0), ticket()
    await world.sell(free, dear)
    orders = [await world.buy((free, 1)) for _ in range(3)]
    paid_for = await world.buy_and_pay((dear, 1))
    await world.run_tasks()
    assert {mail.to_address for mail in world.mailer.sent} == {"ada@example.org"}
    sent = [facts.order_number for facts in world.email_templates.written if isinstance(facts, ConfirmationFacts)]
    assert len(sent) == 3
    assert paid_for.number in sent

    world.free_mails.count = None
    world.clock.advance(timedelta(seconds=world.free_mails.wait_seconds))
    await world.run_tasks()
    sent = [facts.order_number for facts in world.email_templates.written if isinstance(facts, ConfirmationFacts)]
    assert sorted(sent) == sorted([paid_for.number, *(order.number for order in orders)])
