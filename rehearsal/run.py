"""One rehearsal, from the copied show to its figures."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from application.ports.catalog import WholeShow
from domain.orders import Order
from entrypoints.settings import Settings
from rehearsal.copied import Opened, opened
from rehearsal.crowd import crowd_of
from rehearsal.figures import (
    LARGE,
    Figures,
    HoldFigures,
    KillFigures,
    MailFigures,
    Moment,
    PlacesFigures,
    Spread,
    StripeFigures,
    TypeFigures,
)
from rehearsal.installation import OPENS_AFTER, Installation, RehearsedProcess, begins_at, used_settings
from rehearsal.terms import Terms, Victim
from rehearsal.visit import Outcome, Visit, VisitRecord
from rehearsal.watch import Watch

#: The kill strikes while most people press: at least and at most this long after the opening, in seconds.
KILLED_AFTER: Final = (25, 60)
_CONFIRMATION: Final = "Confirmation"


@dataclass(slots=True)
class Killing:
    """The kill: ``life`` is the life of the process that ended, times are on the simulated clock."""

    process: str
    life: int
    at: float
    back_at: float


def rehearse(copied: WholeShow, settings: Settings, terms: Terms, now: datetime) -> Figures:
    """The figures of a rehearsal: the same for the same arguments. Raises CannotRehearse."""
    sale = opened(copied, now, as_new=terms.as_new)
    with _undisturbed():
        return _Run(sale, used_settings(settings), terms).figures()


class _Run:
    def __init__(self, sale: Opened, settings: Settings, terms: Terms) -> None:
        self._sale = sale
        self._terms = terms
        self._world = Installation(sale.whole, settings, terms, begins_at(sale.opens_at))
        self._watch = Watch(self._world)
        self._world.on_commit = self._watch.look
        codes = [promo.code for promo in sale.whole.promo_codes]
        self._visits = [Visit(self._world, visitor) for visitor in crowd_of(terms, codes)]
        self._killing: Killing | None = None
        self._is_over = False

    def figures(self) -> Figures:
        """Run, and count."""
        world = self._world
        try:
            world.loop.run_until_complete(world.loop.spawn(world.people, self._run()))
            return self._counted()
        finally:
            world.close()

    async def _run(self) -> None:
        world = self._world
        await world.open()
        await asyncio.sleep(OPENS_AFTER)
        self._at_start = {ticket.id: self._watch.shown().remaining(ticket) for ticket in world.copied.tickets}
        self._left_at_start = self._watch.left()
        going = [asyncio.create_task(visit.go()) for visit in self._visits]
        looking = asyncio.create_task(self._watch.keep_moments(lambda: self._is_over))
        killing = asyncio.create_task(self._kill())
        for each in going:
            await each
        await killing
        await world.come_to_rest()
        self._is_over = True
        looking.cancel()

    async def _kill(self) -> None:
        victims: dict[Victim, list[RehearsedProcess]] = {
            Victim.SERVER: self._world.servers,
            Victim.WORKER: self._world.workers,
            Victim.NOTHING: [],
        }
        if not (may_be := victims[self._terms.victim]):
            return
        random = Random(f"kill {self._terms.seed}")  # noqa: S311  # predictable is the point
        await asyncio.sleep(random.uniform(*KILLED_AFTER))
        victim = random.choice(may_be)
        life, at = victim.lives, self._world.loop.time()
        victim.kill()
        await victim.until_up()
        self._killing = Killing(victim.name, life, at, self._world.loop.time())

    # Counting.

    @property
    def _records(self) -> list[VisitRecord]:
        return [visit.record for visit in self._visits]

    def _counted(self) -> Figures:
        tables, records = self._world.tables, self._records
        orders = {order.customer.email: order for order in tables.orders.values() if order.success}
        for record in records:
            _correct(record, orders)
        paid = [record for record in records if record.outcome is Outcome.BOUGHT]
        mail_waits, mails = self._mails(orders)
        bought = Counter(record.outcome for record in records)
        lines = Counter[UUID]()
        for order in orders.values():
            for line in order.lines:
                lines[line.ticket_id] += line.quantity
        places = {ticket.id: ticket.places for ticket in self._world.copied.tickets}
        settings = self._world.settings
        return Figures(
            terms=self._terms,
            title=self._sale.whole.show.title,
            currency=self._sale.whole.producer.currency.code,
            opens_at=self._sale.opens_at,
            remarks=self._sale.remarks,
            wanted=sum(record.visitor.party for record in records),
            outcomes={outcome: bought[outcome] for outcome in Outcome},
            refusals=Counter(record.reason for record in records if record.outcome is Outcome.REFUSED),
            orders=len(orders),
            in_large_orders=sum(count for order in orders.values() if (count := _tickets(order)) > LARGE),
            tickets=lines.total(),
            takings=sum(order.amount_paid for order in orders.values()),
            places=self._places(sum(count * places[id_] for id_, count in lines.items())),
            types=self._types(lines),
            gone_after=self._watch.gone_at,
            waits={
                "answer": Spread.of([r.answered - r.pressed for r in paid if r.answered and r.pressed]),
                "payment page": Spread.of([r.page - r.answered for r in paid if r.page and r.answered]),
                "tickets": Spread.of([r.done - r.paid for r in paid if r.done and r.paid]),
                "all of these": Spread.of([_waited(record) for record in paid]),
                "mail": Spread.of(mail_waits),
            },
            gave_up_after=Spread.of(
                [r.ended - r.pressed for r in records if r.outcome is Outcome.GAVE_UP_WAITING and r.pressed]
            ),
            holds=self._holds(paid),
            stripe=self._stripe(),
            mails=mails,
            kill=self._kill_figures(),
            codes_failed=sum(record.code_failed for record in records),
            hold_seconds=settings.hold_minutes * 60,
            most_tickets=settings.max_tickets_per_order,
            moments=self._moments(),
            failures=dict(self._world.failures),
            simulated=self._world.loop.time() - OPENS_AFTER,
        )

    def _places(self, bought: int) -> PlacesFigures:
        kept = {a.name: a.remaining for a in self._world.tables.allocations.values() if a.remaining}
        return PlacesFigures(
            at_start=self._left_at_start, bought=bought, left=self._watch.left(), kept=sum(kept.values()), kept_by=kept
        )

    def _types(self, bought: Counter[UUID]) -> list[TypeFigures]:
        shown = self._watch.shown()
        return [
            TypeFigures(
                name=ticket.name,
                price=ticket.price,
                hidden=ticket.hidden,
                shares=ticket.capacity_id is not None,
                at_start=self._at_start[ticket.id],
                bought=bought[ticket.id],
                left=shown.remaining(ticket),
                gone_after=self._watch.gone_types.get(ticket.id),
            )
            for ticket in sorted(shown.tickets, key=lambda ticket: (ticket.price, ticket.id))
        ]

    def _holds(self, paid: Sequence[VisitRecord]) -> HoldFigures:
        records, back = self._records, self._watch.back
        last = back[-1][0] if back else None
        gone = [r for r in records if r.outcome is Outcome.SOLD_OUT]
        late = 0 if last is None else sum(r.ended - OPENS_AFTER < last for r in gone)
        took = [r.paid - r.answered for r in paid if r.paid and r.answered]
        return HoldFigures(
            back=sum(count for _, count in back),
            first=back[0][0] if back else None,
            last=last,
            too_late_for=late,
            slowest_payer=max(took, default=None),
            ended=sum(record.outcome is Outcome.HOLD_ENDED for record in records),
        )

    def _stripe(self) -> StripeFigures:
        limits = self._world.limits
        return StripeFigures(
            calls=limits.calls.total(),
            busiest=limits.busiest,
            refused=limits.refused.total(),
            pages=sum(record.page is not None for record in self._records),
            pages_per_second=self._world.settings.stripe_rate_per_second,
        )

    def _mails(self, orders: dict[str, Order]) -> tuple[list[float], MailFigures]:
        sent: defaultdict[str, list[float]] = defaultdict(list)
        for delivered in self._world.mail_server.delivered:
            if delivered.mail.content.subject.startswith(_CONFIRMATION):
                sent[delivered.mail.to_address].append(delivered.at)
        completed = {email: self._seconds(order.completed_at) for email, order in orders.items()}
        waits = [moments[0] - completed[email] for email, moments in sent.items() if email in completed]
        last = max((moments[0] for moments in sent.values()), default=None)
        busiest = max((worker.processor.busy for worker in self._world.workers), default=0.0)
        return waits, MailFigures(
            sent=len(sent),
            missing=sum(email not in sent for email in orders),
            twice=sum(len(moments) > 1 for moments in sent.values()),
            last=None if last is None else last - OPENS_AFTER,
            per_second=self._world.settings.smtp_rate_per_second,
            worker_busy=busiest / (last - OPENS_AFTER) if last else 0.0,
        )

    def _seconds(self, moment: datetime | None) -> float:
        return 0.0 if moment is None else (moment - self._sale.opens_at).total_seconds() + OPENS_AFTER

    def _kill_figures(self) -> KillFigures | None:
        killing = self._killing
        if killing is None:
            return None
        lost = [record for record in self._records if record.lost]
        owed = [
            record
            for record in self._records
            if record.placed_by == (killing.process, killing.life)
            and record.answered
            and record.answered <= killing.at
            and (record.page or record.ended) > killing.at
        ]
        waited = [record.answered - record.lost[0] for record in lost if record.answered and record.lost]
        pages = [record.page - record.answered for record in owed if record.page and record.answered]
        return KillFigures(
            process=killing.process,
            at=killing.at - OPENS_AFTER,
            away=killing.back_at - killing.at,
            unanswered=len(lost),
            longest=max((seconds for seconds in waited if seconds > 0), default=None),
            pages=len(owed),
            longest_page=max(pages, default=None),
        )

    def _moments(self) -> list[Moment]:
        delivered = sorted(each.at - OPENS_AFTER for each in self._world.mail_server.delivered)
        return [
            Moment(
                after=sample.after,
                bought=sample.bought,
                held=sample.held,
                left=sample.left,
                waiting=sum(_waits_for_page(record, sample.after + OPENS_AFTER) for record in self._records),
                gone=sum(
                    record.outcome is not Outcome.BOUGHT and record.ended - OPENS_AFTER <= sample.after
                    for record in self._records
                ),
                mails=sum(at <= sample.after for at in delivered),
            )
            for sample in self._watch.samples
        ]


def _correct(record: VisitRecord, orders: dict[str, Order]) -> None:
    """Who paid and has no tickets paid too late; who has tickets has them since they are stored."""
    order = orders.get(record.visitor.email)
    if order is None and record.outcome is Outcome.BOUGHT:
        record.outcome, record.reason = Outcome.HOLD_ENDED, "paid too late, and got the money back"
    elif order is not None:
        record.outcome = Outcome.BOUGHT


def _tickets(order: Order) -> int:
    return sum(line.quantity for line in order.lines)


def _waited(record: VisitRecord) -> float:
    """How long a buyer waited for us, without what they took themselves."""
    pairs = ((record.pressed, record.answered), (record.answered, record.page), (record.paid, record.done))
    return sum(end - begin for begin, end in pairs if begin is not None and end is not None)


def _waits_for_page(record: VisitRecord, at: float) -> bool:
    return record.answered is not None and record.answered <= at < (record.page or record.ended)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep what the application would log about buyers who do not exist out of the log; and the garbage collector out
    of a run that makes many small things, and hardly any circles.
    """
    before, collects = logging.root.manager.disable, gc.isenabled()
    logging.disable(logging.CRITICAL)
    gc.disable()
    try:
        yield
    finally:
        logging.disable(before)
        if collects:
            gc.enable()
