"""Many manual orders as a job: guest lists, and complimentary tickets by the hundred.

A list is checked first, as a draft, and placed when a person starts it. Each batch of orders is one transaction with
the progress of the job, so a worker that dies leaves no order behind that the next one places again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import owned_show
from application.checkout.box_office import MAX_ORDERS_AT_ONCE, MAX_TICKETS_AT_ONCE
from application.checkout.place_orders import CheckoutRequest, Placement, PlaceOrders
from application.jobs.run import RunningJob, task_of
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.tasks.run import ClaimLost
from domain.access import Actor
from domain.audit_log import Action
from domain.cart import Cart, CartLine
from domain.customer import Customer
from domain.errors import Conflict, DomainError, InvalidRequest, NotFound
from domain.jobs import CONTENT_KEPT, Job, JobKind, JobResult, JobState
from domain.orders import ManualPayment

#: The most orders of one list. With as many mails, a worker is busy for some minutes.
MAX_ORDERS: Final = 5000
#: The orders and tickets of one transaction: buyers of the same tickets wait for it.
ORDERS_AT_ONCE: Final = 50
TICKETS_AT_ONCE: Final = 250
_YES: Final = "yes"


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order of a list; ``line`` is where it stands there."""

    line: int
    request: CheckoutRequest | DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTerms:
    """What holds for all orders of a list. ``source`` is its name for people.

    ``all_or_nothing``: one order that cannot be placed is enough to place none.
    """

    source: str
    allocation_id: UUID | None = None
    checked_in: bool = False
    all_or_nothing: bool = False

    def as_text(self) -> dict[str, str]:
        terms = {"source": self.source, "allocation_id": str(self.allocation_id or "")}
        flags = {"checked_in": self.checked_in, "all_or_nothing": self.all_or_nothing}
        return {**terms, **{name: _YES if value else "" for name, value in flags.items()}}


class DraftManualOrders:
    """Keeps a list of manual orders as a draft, with what would become of each."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, place_orders: PlaceOrders, clock: Clock, ids: Ids, audit: AuditLog
    ) -> None:
        self._unit_of_work = unit_of_work
        self._place_orders = place_orders
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, actor: Actor, show_id: UUID, listed: Sequence[ListedOrder], terms: ListTerms) -> Job:
        """The draft. Its orders are checked against the places that are left, a few hundred at a time.

        Raises NotFound, InvalidRequest, Busy, StorageUnavailable, StorageConflict.
        """
        _ensure_possible(listed, terms)
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
        results = [result for part in _parts(listed) for result in await self._check(actor, part)]
        now = self._clock.now()
        job = Job(
            id=self._ids.new(),
            producer_id=actor.producer_id,
            show_id=show_id,
            kind=JobKind.MANUAL_ORDERS,
            actor=actor,
            created_at=now,
            terms=terms.as_text(),
            state=JobState.DRAFT,
            total=len(listed),
            done=sum(result.is_ok for result in results),
            failed=sum(not result.is_ok for result in results),
            content_until=now + CONTENT_KEPT,
        )
        async with self._unit_of_work() as uow:
            await uow.jobs.add(job, content=_encoded(listed))
            await uow.jobs.add_results(job.id, results, first=0)
            await uow.commit()
        return job

    async def start(self, actor: Actor, job_id: UUID) -> Job:
        """The draft, which a worker places from now on; a second start changes nothing. Raises NotFound."""
        async with self._unit_of_work() as uow:
            draft = await _own_list(uow, actor, job_id)
            if draft.state is not JobState.DRAFT:
                return draft
            job = draft.started()
            await uow.jobs.save(job)
            await uow.outbox.add([task_of(job, self._ids)])
            facts = {"orders": job.total, **job.terms}
            await self._audit.record(uow, actor, Action.MANUAL_ORDERS_STARTED, job.id, show_id=job.show_id, after=facts)
            await uow.commit()
        return job

    async def discard(self, actor: Actor, job_id: UUID) -> None:
        """Delete the draft. Raises NotFound, Conflict (it was started)."""
        async with self._unit_of_work() as uow:
            draft = await _own_list(uow, actor, job_id)
            if draft.state is not JobState.DRAFT:
                raise Conflict("This was started before")
            await uow.jobs.delete(job_id)
            await uow.commit()

    async def _check(self, actor: Actor, listed: Sequence[ListedOrder]) -> list[JobResult]:
        good = [_placed_by(actor, each.request) for each in listed if isinstance(each.request, CheckoutRequest)]
        outcomes = iter(await self._place_orders.decide_together(good, lambda _: False) if good else [])
        found = [each.request if isinstance(each.request, DomainError) else next(outcomes) for each in listed]
        return [_result(each.line, outcome) for each, outcome in zip(listed, found, strict=True)]


class PlaceManualOrders:
    """A worker's part: places the list, batch after batch, from where the job is."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, place_orders: PlaceOrders) -> None:
        self._unit_of_work = unit_of_work
        self._place_orders = place_orders

    async def __call__(self, running: RunningJob) -> None:
        async with self._unit_of_work() as uow:
            content = await uow.jobs.content(running.job.id)
        if content is None:
            raise NotFound("The list is kept no longer")
        listed = _decoded(content, running.job)
        is_one = running.job.terms.get("all_or_nothing") == _YES
        while rest := listed[running.job.position :]:
            await self._place(running, rest if is_one else _batch(rest), is_one=is_one)
        async with self._unit_of_work() as uow:
            job = await running.locked(uow)
            await running.end(uow, job)
            await uow.commit()

    async def _place(self, running: RunningJob, listed: Sequence[ListedOrder], *, is_one: bool) -> None:
        """Place these, in one transaction with their results and the job's progress."""
        position, actor = running.job.position, running.job.actor
        good = [_placed_by(actor, each.request) for each in listed if isinstance(each.request, CheckoutRequest)]
        was_refused = len(good) < len(listed)

        def keep(outcomes: Sequence[Placement | Exception]) -> bool:
            return not is_one or not (was_refused or any(isinstance(each, Exception) for each in outcomes))

        async def note(uow: UnitOfWork, outcomes: Sequence[Placement | Exception]) -> None:
            job = await running.locked(uow)
            if job.position != position:
                raise ClaimLost(f"job {job.id} is at item {job.position}, not {position}")
            placed = iter(outcomes)
            found = [each.request if isinstance(each.request, DomainError) else next(placed) for each in listed]
            is_kept = keep(outcomes)
            results = [
                _result(each.line, outcome, is_kept=is_kept) for each, outcome in zip(listed, found, strict=True)
            ]
            done = sum(result.is_ok for result in results)
            await uow.jobs.add_results(job.id, results, first=position)
            await running.save(uow, job.advanced(done=done, failed=len(results) - done))

        if good:
            await self._place_orders.decide_together(good, keep, note)
            return
        async with self._unit_of_work() as uow:
            await note(uow, [])
            await uow.commit()


def _ensure_possible(listed: Sequence[ListedOrder], terms: ListTerms) -> None:
    if not listed:
        raise InvalidRequest("The list has no orders", field="list")
    if len(listed) > MAX_ORDERS:
        raise InvalidRequest(f"A list has at most {MAX_ORDERS} orders", field="list")
    if terms.all_or_nothing and len(list(_parts(listed))) > 1:
        raise InvalidRequest(
            f"At most {MAX_ORDERS_AT_ONCE} orders and {MAX_TICKETS_AT_ONCE} tickets can be placed all or not at all",
            field="all_or_nothing",
        )


async def _own_list(uow: UnitOfWork, actor: Actor, job_id: UUID) -> Job:
    job = await uow.jobs.lock(job_id)
    if job is None or job.producer_id != actor.producer_id or job.kind is not JobKind.MANUAL_ORDERS:
        raise NotFound("No such work")
    return job


def _parts(listed: Sequence[ListedOrder]) -> Iterator[Sequence[ListedOrder]]:
    """The list in the parts that are decided at once."""
    while listed:
        part = _batch(listed, orders=MAX_ORDERS_AT_ONCE, tickets=MAX_TICKETS_AT_ONCE)
        yield part
        listed = listed[len(part) :]


def _batch(
    listed: Sequence[ListedOrder], *, orders: int = ORDERS_AT_ONCE, tickets: int = TICKETS_AT_ONCE
) -> Sequence[ListedOrder]:
    """The first of them that fit into one transaction, one at least."""
    count = counted = 0
    for each in listed[:orders]:
        counted += 0 if isinstance(each.request, DomainError) else each.request.cart.quantities().total()
        if count and counted > tickets:
            break
        count += 1
    return listed[:count]


def _placed_by(actor: Actor, request: CheckoutRequest) -> CheckoutRequest:
    return CheckoutRequest(
        cart=request.cart,
        customer=request.customer,
        manual_payment=request.manual_payment,
        placed_by=actor,
        checked_in=request.checked_in,
    )


def _result(line: int, outcome: Placement | Exception, *, is_kept: bool = True) -> JobResult:
    if isinstance(outcome, Exception):
        return JobResult(line, False, str(outcome))
    if not is_kept:
        return JobResult(line, False, "Not placed, because another line could not be placed")
    return JobResult(line, True, order_id=outcome.order.id if outcome.is_new else None)


def _encoded(listed: Sequence[ListedOrder]) -> bytes:
    return json.dumps([_plain(each) for each in listed], separators=(",", ":")).encode()


def _plain(listed: ListedOrder) -> list[object]:
    request = listed.request
    if isinstance(request, DomainError):
        return [listed.line, str(request)]
    (line,) = request.cart.lines
    customer = asdict(request.customer)
    return [listed.line, str(line.ticket_id), line.quantity, list(line.names), request.manual_payment, customer]


def _decoded(content: bytes, job: Job) -> list[ListedOrder]:
    terms, show_id = job.terms, job.show_id
    assert show_id is not None  # noqa: S101  # a list is of a show
    allocation_id = UUID(terms["allocation_id"]) if terms.get("allocation_id") else None

    def decoded(line: int, *plain: object) -> ListedOrder:
        if len(plain) == 1:
            return ListedOrder(line, InvalidRequest(str(plain[0])))
        ticket_id, quantity, names, payment, customer = plain
        assert isinstance(quantity, int)  # noqa: S101
        assert isinstance(names, list)  # noqa: S101
        assert isinstance(customer, dict)  # noqa: S101
        wanted = CartLine(0, UUID(str(ticket_id)), quantity, names=tuple(names))
        request = CheckoutRequest(
            cart=Cart(show_id, (wanted,), allocation_id=allocation_id),
            customer=Customer(**customer),
            manual_payment=ManualPayment(str(payment)),
            checked_in=terms.get("checked_in") == _YES,
        )
        return ListedOrder(line, request)

    return [decoded(*plain) for plain in json.loads(content)]
