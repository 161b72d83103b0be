"""The daily digest: who wants it, when it is due, and the mail.

A worker looks every minute which digests are due. In one transaction it locks them, writes a task for each mail, and
moves each to its next day; other workers pass over what is locked. So a day is sent once, also where a worker dies:
before the commit nothing has happened, and after it the mail is a task like any other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from application.formatting import day, price
from application.links import Links
from application.notifications.delivery import SendEmail
from application.notifications.office_people import addressee
from application.notifications.order_facts import occasion_of
from application.ports.emails import DigestAlert, DigestFacts, DigestSales, DigestShow
from application.ports.system import Clock, Ids
from application.ports.today import Place
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.tasks.run import PermanentTaskError
from application.today.alert_words import NEEDS, alert_line
from application.today.overview import ReadImbalances
from domain.alerts import Alert, Troubles, alerts_of
from domain.catalog import Producer
from domain.digest import Digest, turned, wished
from domain.evening import Evening, evening_on
from domain.people import RIGHTS, Member, Right
from domain.sales_figures import DayCalendar, Span
from domain.tasks import OutboxTask, TaskKind
from domain.timezones import zone_of

log = logging.getLogger(__name__)

# Keys of the task's details.
PERSON_ID: Final = "person_id"
DAY: Final = "day"
#: Digests that one look of a worker writes down.
BATCH: Final = 100


class ReadDigest:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, member: Member) -> Digest | None:
        """The member's wish for the digest of their producer; None if they have none."""
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.digests.of(member.person.id, member.producer.id)


class SetDigest:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, member: Member, hour: int | None) -> None:
        """Send the member the digest of their producer at this hour of its clock from now on; None: no more.

        Raises InvalidRequest.
        """
        person_id, producer_id, now = member.person.id, member.producer.id, self._clock.now()
        async with self._unit_of_work() as uow:
            before = await uow.digests.of(person_id, producer_id)
            if hour is None:
                await uow.digests.remove(person_id, producer_id)
            elif before is None or before.hour != hour:
                place = await uow.today.place(producer_id, now=now)
                wish = wished(person_id, producer_id, hour, now=now, zone=zone_of(place.timezone), before=before)
                await uow.digests.put(wish)
            await uow.commit()


class AddDueDigests:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def __call__(self) -> int:
        """Write a task for each digest whose hour has come. Returns how many."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            tasks: list[OutboxTask] = []
            for digest in await uow.digests.lock_due(now=now, limit=BATCH):
                place = await uow.today.place(digest.producer_id, now=now)
                turn = turned(digest, now=now, zone=zone_of(place.timezone))
                await uow.digests.put(turn.digest)
                tasks += self._tasks(turn.digest, turn.send)
            await uow.outbox.add(tasks)
            await uow.commit()
        return len(tasks)

    def _tasks(self, digest: Digest, send: date | None) -> Iterable[OutboxTask]:
        if send is not None:
            yield OutboxTask(
                id=self._ids.new(),
                kind=TaskKind.DIGEST_MAIL,
                producer_id=digest.producer_id,
                due_at=self._clock.now(),
                details={PERSON_ID: str(digest.person_id), DAY: send.isoformat()},
            )


class SendDigestEmail:
    """Handler of TaskKind.DIGEST_MAIL."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        send_email: SendEmail,
        links: Links,
        clock: Clock,
        read_imbalances: ReadImbalances,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email
        self._links = links
        self._clock = clock
        self._read_imbalances = read_imbalances

    async def __call__(self, task: OutboxTask) -> None:
        """Send the digest of the task's day: yesterday's sales, that day's shows, and what needs the person now.

        A person who is gone, or may not see the office any more, gets none, and of figures and alerts only what their
        role may see. Where the mail server refuses the address for good, nothing is to be done: a new day brings a new
        digest. Otherwise raises what SendEmail raises.
        """
        the_day = date.fromisoformat(task.details[DAY])
        imbalances = await self._read_imbalances(task.about_producer)
        async with self._unit_of_work(read_only=True) as uow:
            producer = await uow.producers.get(task.about_producer)
            if producer is None:
                return
            to = await addressee(uow, producer, task.details[PERSON_ID], Right.VIEW)
            membership = await uow.people.membership(UUID(task.details[PERSON_ID]), producer.id)
            if to is None or membership is None:
                return
            rights = RIGHTS[membership.role]
            known = await uow.today.troubles(producer.id, now=self._clock.now())
            troubles = replace(known, imbalances=tuple(imbalances))
            facts = await self._facts(uow, producer, to.name, the_day, rights, troubles)
        try:
            await self._send_email(task, to, facts)
        except PermanentTaskError as error:
            log.warning("The daily digest of person %s was refused: %s", task.details[PERSON_ID], error)

    async def _facts(
        self,
        uow: UnitOfWork,
        producer: Producer,
        person_name: str,
        the_day: date,
        rights: frozenset[Right],
        troubles: Troubles,
    ) -> DigestFacts:
        now = self._clock.now()
        place = await uow.today.place(producer.id, now=now)
        zone = zone_of(place.timezone)
        begins, ends = evening_on(the_day, zone)
        evenings = await uow.today.evenings(producer.id, begins=begins, ends=ends, now=begins)
        calendar = DayCalendar(the_day - timedelta(days=1), zone)
        slices = await uow.today.sales(producer.id, marks=calendar.marks, now=calendar.ends)
        yesterday, week_before = calendar.figures(slices)
        planned = await uow.today.planned(producer.id, now=now)
        alerts = alerts_of(producer, planned, troubles, now)
        with_money = Right.REPORTS in rights
        return DigestFacts(
            producer_name=producer.name,
            person_name=person_name,
            day=day(begins, zone, place.locale),
            yesterday=_sales(yesterday, place, with_money=with_money),
            week_before=_sales(week_before, place, with_money=with_money),
            shows=tuple(self._show(each) for each in evenings),
            alerts=tuple(self._alert(each, place) for each in alerts if NEEDS[each.kind] in rights),
            office_url=self._links.office(),
            settings_url=self._links.office("/me/digest"),
        )

    def _show(self, evening: Evening) -> DigestShow:
        show, line = evening.show, evening.head_line
        return DigestShow(
            title=show.title,
            occasion=occasion_of(show),
            url=self._links.office(f"/shows/{show.id}"),
            is_cancelled=show.cancelled,
            capacity=line.capacity,
            sold=line.sold,
            held=line.held,
            left=line.left,
        )

    def _alert(self, alert: Alert, place: Place) -> DigestAlert:
        line = alert_line(alert, place)
        return DigestAlert(
            text=line.text,
            url=self._links.public_url + line.path,
            action=line.action,
            is_urgent=line.is_urgent,
            due=line.due,
            more=line.more,
        )


def _sales(span: Span, place: Place, *, with_money: bool) -> DigestSales:
    money = tuple(price(each.currency, each.kept, place.locale) for each in span.money) if with_money else ()
    return DigestSales(orders=span.orders, tickets=span.tickets, money=money)
