"""Mails of the office: payouts, disputes, and the daily digest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.ports.emails import DigestFacts, DisputeFacts, EmailFacts, PayoutsFacts
from domain.catalog import Producer
from domain.errors import InvalidRequest
from domain.people import Member, Membership, Person, Role
from domain.tasks import TaskState
from tests.application.world import World
from tests.support.disputes import dispute_state
from tests.support.factories import producer, show, ticket

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def globe(world: World) -> Producer:
    seller = producer(name="Globe", email="office@globe.example", account="acct_globe")
    await world.add_producer(seller)
    return seller


async def a_member(world: World, of: Producer, role: Role, name: str) -> Member:
    person = Person(uuid4(), f"{name}@globe.example", name.title())
    membership = Membership(person.id, of.id, role)
    async with world.database() as uow:
        await uow.people.add(person)
        await uow.people.put(membership)
        await uow.commit()
    return Member(person, of, membership)


async def leave(world: World, member: Member) -> None:
    async with world.database() as uow:
        await uow.people.leave(member.person.id, member.producer.id)
        await uow.commit()


def mails(world: World, kind: type[EmailFacts]) -> list[tuple[str, Any]]:
    """Addresses and facts of the mails of one kind."""
    both = zip(world.mailer.sent, world.email_templates.written, strict=True)
    return sorted(((mail.to_address, facts) for mail, facts in both if isinstance(facts, kind)), key=lambda m: m[0])


async def account_is(world: World, account_id: str, *, enabled: bool) -> None:
    async with world.database() as uow:
        await world.follow_account(uow, account_id, charges_enabled=enabled)
        await uow.commit()


async def test_those_who_look_after_the_account_hear_that_stripe_takes_no_payments(
    world: World, globe: Producer
) -> None:
    for role in Role:
        await a_member(world, globe, role, role.value)
    await account_is(world, "acct_globe", enabled=False)
    await account_is(world, "acct_globe", enabled=False)  # no news
    await world.run_tasks()
    assert [address for address, _ in mails(world, PayoutsFacts)] == ["office@globe.example", "owner@globe.example"]
    facts = mails(world, PayoutsFacts)[0][1]
    assert (facts.is_enabled, facts.producer_name) == (False, "Globe")
    assert facts.account_url == "https://tickets.example/office/account"


async def test_a_mail_that_is_no_longer_true_is_not_sent(world: World, globe: Producer) -> None:
    await account_is(world, "acct_globe", enabled=False)
    await account_is(world, "acct_globe", enabled=True)
    await world.run_tasks()
    assert [facts.is_enabled for _, facts in mails(world, PayoutsFacts)] == [True]


async def test_shows_that_cannot_be_paid_for_are_counted(world: World, globe: Producer) -> None:
    async with world.database() as uow:
        for published, price in ((True, 25_00), (True, 0), (False, 25_00)):
            of = show(by=globe, published=published)
            await uow.shows.add(of)
            await uow.tickets.add(ticket(of=of, price=price))
        await uow.commit()
    await account_is(world, "acct_globe", enabled=False)
    await world.run_tasks()
    [(_, facts)] = mails(world, PayoutsFacts)
    assert facts.shows_on_sale == 1


async def test_a_dispute_is_told_to_those_who_see_orders_and_money(world: World) -> None:
    seller, stalls = producer(email="box@globe.example", account="acct_1"), ticket(price=25_00)
    await world.sell(stalls, by=seller)
    order = await world.buy_and_pay((stalls, 2))
    await world.run_tasks()
    for role in Role:
        await a_member(world, seller, role, role.value)
    gone = await a_member(world, seller, Role.OWNER, "gone")
    await world.sync_dispute(order.id, dispute_state(order.payment_intent_id, amount=order.amount_paid))
    await leave(world, gone)
    await world.run_tasks()
    told = dict(mails(world, DisputeFacts))
    assert sorted(told) == sorted(
        [seller.email, "manager@globe.example", "owner@globe.example", "operator@example.org"]
    )
    assert told["operator@example.org"].order_url == ""
    assert told["owner@globe.example"].order_url == f"https://tickets.example/office/orders/{order.number}"


async def test_a_person_with_the_producers_address_gets_one_mail(world: World, globe: Producer) -> None:
    await a_member(world, globe, Role.OWNER, "Office")
    await account_is(world, "acct_globe", enabled=False)
    await world.run_tasks()
    assert [address for address, _ in mails(world, PayoutsFacts)] == ["office@globe.example"]


def at(world: World, text: str) -> None:
    """Let it be this time in Berlin."""
    moment = datetime.fromisoformat(f"{text}+01:00").astimezone(UTC)
    world.clock.advance(moment - world.clock.now())


@pytest.fixture
async def berlin(world: World, globe: Producer) -> Producer:
    """A producer that plays in Berlin on 24 November 2026 at 20:00, and half a year later."""
    async with world.database() as uow:
        for start in (datetime(2026, 11, 24, 19, 0, tzinfo=UTC), datetime(2027, 5, 1, 18, 0, tzinfo=UTC)):
            of = show(
                by=globe,
                title="Faust",
                door_time=start - HOUR / 2,
                start_time=start,
                end_time=start + 2 * HOUR,
                timezone="Europe/Berlin",
                locale="de-DE",
            )
            await uow.shows.add(of)
            await uow.tickets.add(ticket(of=of, price=25_00, quantity=100))
        await uow.commit()
    at(world, "2026-11-23T13:00")
    return globe


async def test_a_digest_comes_at_its_hour_with_the_shows_of_the_day(world: World, berlin: Producer) -> None:
    member = await a_member(world, berlin, Role.OWNER, "ada")
    await world.set_digest(member, 8)
    assert await world.add_due_digests() == 0
    at(world, "2026-11-24T08:00")
    assert await world.add_due_digests() == 1
    assert await world.add_due_digests() == 0
    await world.run_tasks()
    [(address, facts)] = mails(world, DigestFacts)
    assert (address, facts.person_name, facts.producer_name) == ("ada@globe.example", "Ada", "Globe")
    assert facts.day == "Tuesday, 24 November 2026"
    [of] = facts.shows
    assert (of.title, of.capacity, of.sold, of.left) == ("Faust", 100, 0, 100)
    assert (facts.yesterday.orders, facts.yesterday.money) == (0, ())
    assert facts.settings_url == "https://tickets.example/office/me/digest"


async def test_a_digest_of_a_late_worker_is_still_about_its_day(world: World, berlin: Producer) -> None:
    await world.set_digest(await a_member(world, berlin, Role.OWNER, "ada"), 22)
    at(world, "2026-11-24T03:00")
    assert await world.add_due_digests() == 1
    await world.run_tasks()
    [(_, facts)] = mails(world, DigestFacts)
    assert (facts.day, facts.shows) == ("Monday, 23 November 2026", ())


@pytest.mark.parametrize(
    ("role", "count", "alerts"),
    [(Role.OWNER, 1, 1), (Role.MANAGER, 1, 0), (Role.BOX_OFFICE, 1, 0), (Role.VIEWER, 1, 0), (Role.DOOR, 0, 0)],
)
async def test_a_digest_has_what_the_role_may_see(
    world: World, berlin: Producer, role: Role, count: int, alerts: int
) -> None:
    await account_is(world, "acct_globe", enabled=False)
    await world.run_tasks()
    await world.set_digest(await a_member(world, berlin, role, "ada"), 8)
    at(world, "2026-11-24T08:00")
    await world.add_due_digests()
    await world.run_tasks()
    digests = mails(world, DigestFacts)
    assert len(digests) == count
    for _, facts in digests:
        assert len(facts.alerts) == alerts
        assert all(alert.url == "https://tickets.example/office/account" for alert in facts.alerts)


async def test_a_person_who_is_gone_gets_no_digest(world: World, berlin: Producer) -> None:
    member = await a_member(world, berlin, Role.OWNER, "ada")
    await world.set_digest(member, 8)
    at(world, "2026-11-24T08:00")
    assert await world.add_due_digests() == 1
    await leave(world, member)
    await world.run_tasks()
    assert mails(world, DigestFacts) == []
    at(world, "2026-11-25T08:00")
    assert await world.add_due_digests() == 0


async def test_another_hour_does_not_bring_a_day_twice(world: World, berlin: Producer) -> None:
    member = await a_member(world, berlin, Role.OWNER, "ada")
    await world.set_digest(member, 8)
    await world.set_digest(member, 8)
    at(world, "2026-11-24T08:00")
    assert await world.add_due_digests() == 1
    await world.set_digest(member, 20)
    at(world, "2026-11-24T20:00")
    assert await world.add_due_digests() == 0
    at(world, "2026-11-25T20:00")
    assert await world.add_due_digests() == 1
    digest = await world.read_digest(member)
    assert digest is not None
    assert (digest.hour, digest.day) == (20, date(2026, 11, 26))


async def test_a_digest_can_be_stopped(world: World, berlin: Producer) -> None:
    member = await a_member(world, berlin, Role.OWNER, "ada")
    await world.set_digest(member, 8)
    await world.set_digest(member, None)
    await world.set_digest(member, None)
    assert await world.read_digest(member) is None
    with pytest.raises(InvalidRequest):
        await world.set_digest(member, 24)


async def test_each_digest_is_a_task_of_its_own(world: World, berlin: Producer) -> None:
    for name in ("ada", "bea"):
        await world.set_digest(await a_member(world, berlin, Role.OWNER, name), 8)
    at(world, "2026-11-24T08:00")
    assert await world.add_due_digests() == 2
    world.mailer.refused_addresses.add("ada@globe.example")
    await world.run_tasks()
    assert [mail.to_address for mail in world.mailer.sent] == ["bea@globe.example"]
    async with world.database() as uow:
        assert await uow.task_admin.in_state(TaskState.DEAD, after=None, limit=9) == []


async def test_yesterdays_sales_are_the_days_own(world: World, berlin: Producer) -> None:
    member = await a_member(world, berlin, Role.OWNER, "ada")
    await world.set_digest(member, 8)
    async with world.database() as uow:
        _, later = await uow.today.planned(berlin.id, now=world.clock.now())
    for text in ("2026-11-23T13:30", "2026-11-29T23:59", "2026-11-30T00:00", "2026-11-30T23:59", "2026-12-01T00:00"):
        at(world, text)
        await world.buy_and_pay((later.tickets[0], 2))
    await world.run_tasks()
    at(world, "2026-12-01T08:00")
    await world.add_due_digests()
    await world.run_tasks()
    [(_, facts)] = mails(world, DigestFacts)
    assert (facts.yesterday.orders, facts.yesterday.tickets, facts.week_before.orders) == (2, 4, 1)
    assert len(facts.yesterday.money) == 1
