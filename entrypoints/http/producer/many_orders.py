"""Many manual orders in one call: as JSON, or as a guest list in CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from application.catalog.shows import GetOwnShow
from application.checkout.box_office import MAX_ORDERS_AT_ONCE, SaleOutcome, SellManyAtCounter
from application.checkout.place_orders import CheckoutRequest
from application.links import Links
from domain.access import Actor, Scope
from domain.errors import DomainError, InvalidRequest
from domain.orders import Idempotency, ManualPayment, Order
from domain.policy import CheckoutPolicy
from entrypoints.http.access import guarded_router
from entrypoints.http.errors import code_of
from entrypoints.http.idempotency import IdempotencyKey, idempotency_of_row
from entrypoints.http.known_parameters import READS_BODY
from entrypoints.http.openapi import answers
from entrypoints.http.producer.guest_list import GuestList, column_of, read_lines
from entrypoints.http.producer.order_schemas import ManualOrderIn
from entrypoints.http.schemas import Amount, AttendeeOut
from entrypoints.http.strict_json import StrictJson

#: Room for as many orders as are taken at once.
MAX_BYTES: Final = 1024 * 1024


@dataclass
class CsvUpload(Operation):
    """An operation whose body is a CSV file, which OpenAPI cannot derive from the handler's signature."""

    def __post_init__(self) -> None:
        file = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        self.request_body = RequestBody(content={"text/csv": file}, required=True)


class ManualOrdersIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Orders as each would be placed alone. ``all_or_nothing``: one refused order is enough to place none of them."""

    orders: Annotated[list[ManualOrderIn], Meta(min_length=1, max_length=MAX_ORDERS_AT_ONCE)]
    all_or_nothing: bool = True


class PlacedOrderOut(msgspec.Struct, kw_only=True):
    """A completed manual order. ``order_token`` opens its page, where the tickets are."""

    order_id: UUID
    number: str
    order_token: str
    total: Amount
    attendees: list[AttendeeOut]

    @classmethod
    def of(cls, order: Order, links: Links) -> PlacedOrderOut:
        return cls(
            order_id=order.id,
            number=order.number,
            order_token=links.tokens.token(order.id),
            total=order.quote.currency.format(order.quote.total),
            attendees=[AttendeeOut.of(attendee) for attendee in order.attendees],
        )


class RefusedOrderOut(msgspec.Struct, kw_only=True):
    """Why an order was refused: ``code`` and ``message`` as in an error, ``field`` within the order."""

    code: str
    message: str
    field: str | None


class ManualOrderResultOut(msgspec.Struct, kw_only=True):
    """The result of one order: placed, or refused. Both are null if it would have been placed, but for another."""

    position: int
    order: PlacedOrderOut | None
    error: RefusedOrderOut | None


class ManualOrdersOut(msgspec.Struct, kw_only=True):
    """The results in the order of the request."""

    placed: int
    refused: int
    items: list[ManualOrderResultOut]


class RefusedGuestOut(msgspec.Struct, kw_only=True):
    """Why a line was refused; ``column`` is the column to blame, null if it is the line as a whole."""

    code: str
    message: str
    column: str | None


class GuestResultOut(msgspec.Struct, kw_only=True):
    """The result of one line. ``line`` is its number in the file, the columns' names being line 1. ``order`` and
    ``error`` are both null if it would have been placed, but for another line.
    """

    line: int
    order: PlacedOrderOut | None
    error: RefusedGuestOut | None


class GuestListOut(msgspec.Struct, kw_only=True):
    """The results in the order of the lines."""

    placed: int
    refused: int
    items: list[GuestResultOut]


@post(
    "/orders/batch",
    status_code=HTTP_200_OK,
    dto=StrictJson[ManualOrdersIn],
    return_dto=None,
    request_max_body_size=MAX_BYTES,
    summary="Place many manual orders",
    operation_id="add_manual_orders",
    responses=answers("idempotency_key_reused", "busy"),
)
async def add_many(
    show_id: FromPath[UUID],
    data: JSONBody[ManualOrdersIn],
    actor: NamedDependency[Actor],
    sell_many_at_counter: NamedDependency[SellManyAtCounter],
    policy: NamedDependency[CheckoutPolicy],
    links: NamedDependency[Links],
    idempotency_key: IdempotencyKey = None,
) -> ManualOrdersOut:
    """At most 500 orders and 1000 tickets in one decision: all of them, or (``all_or_nothing`` false) those that can be
    placed. The answer is 200 either way: ``placed`` counts the orders, and each refused one says why.

    The same Idempotency-Key with the same body finds the orders that were placed, and tries the others again.
    """
    asked = msgspec.json.encode(data) + show_id.bytes

    def request_of(position: int, order: ManualOrderIn) -> CheckoutRequest | DomainError:
        idempotency = idempotency_of_row(idempotency_key, asked, position)
        try:
            return order.to_request(show_id, policy, idempotency)
        except DomainError as error:
            return error

    rows = [request_of(position, order) for position, order in enumerate(data.orders)]
    outcomes = await sell_many_at_counter(actor, show_id, rows, all_or_nothing=data.all_or_nothing)
    return ManualOrdersOut(
        placed=_placed(outcomes),
        refused=_refused(outcomes),
        items=[
            ManualOrderResultOut(
                position=position,
                order=PlacedOrderOut.of(outcome, links) if isinstance(outcome, Order) else None,
                error=_refusal(outcome) if isinstance(outcome, Exception) else None,
            )
            for position, outcome in enumerate(outcomes)
        ],
    )


@post(
    "/guest-list",
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BYTES,
    operation_class=CsvUpload,
    summary="Upload a guest list",
    operation_id="add_guest_list",
    responses=answers("invalid_request", "too_large", "idempotency_key_reused", "busy"),
    opt={READS_BODY: True},
)
async def add_guests(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    get_own_show: NamedDependency[GetOwnShow],
    sell_many_at_counter: NamedDependency[SellManyAtCounter],
    policy: NamedDependency[CheckoutPolicy],
    links: NamedDependency[Links],
    paid_by: Annotated[
        ManualPayment, QueryParameter(name="payment", description="How orders are paid whose line does not say it.")
    ] = ManualPayment.COMP,
    all_or_nothing: Annotated[
        bool, QueryParameter(description="Whether one refused line is enough to place no order.")
    ] = True,
    checked_in: Annotated[bool, QueryParameter(description="Whether the guests are let in at once.")] = False,
    allocation_id: Annotated[
        UUID | None, QueryParameter(description="The allocation that the tickets come out of.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> GuestListOut:
    """A CSV file with a manual order on each line: at most 500 lines, 1000 tickets and 1 MiB.

    The first line names the columns, in any order: ``name``, ``email``, ``phone``, ``ticket`` (the name or id of a
    ticket type), ``quantity`` (1 where it is empty) and ``payment``. Each may be left out, ``ticket`` only where the
    show has a single type. Cells are separated by commas, semicolons or tabs; the file is in UTF-8 or UTF-16. A file
    that cannot be read is refused with its line; what is wrong with an order is in the report.
    """
    content = await request.body()
    lines = read_lines(content)
    if not lines:
        raise InvalidRequest("The file has no guests")
    display = await get_own_show(actor, show_id)
    guests = GuestList(show_id, display.tickets, paid_by, policy, checked_in=checked_in, allocation_id=allocation_id)
    asked = content + f"{show_id}{paid_by}{all_or_nothing}{checked_in}{allocation_id or ''}".encode()

    def key_of(position: int) -> Idempotency | None:
        return idempotency_of_row(idempotency_key, asked, position)

    rows = [guests.request(line, key_of(position)) for position, line in enumerate(lines)]
    outcomes = await sell_many_at_counter(actor, show_id, rows, all_or_nothing=all_or_nothing)
    return GuestListOut(
        placed=_placed(outcomes),
        refused=_refused(outcomes),
        items=[
            GuestResultOut(
                line=line.number,
                order=PlacedOrderOut.of(outcome, links) if isinstance(outcome, Order) else None,
                error=_refused_guest(outcome) if isinstance(outcome, Exception) else None,
            )
            for line, outcome in zip(lines, outcomes, strict=True)
        ],
    )


def _placed(outcomes: Sequence[SaleOutcome]) -> int:
    return sum(isinstance(outcome, Order) for outcome in outcomes)


def _refused(outcomes: Sequence[SaleOutcome]) -> int:
    return sum(isinstance(outcome, Exception) for outcome in outcomes)


def _refusal(error: Exception) -> RefusedOrderOut:
    return RefusedOrderOut(code=code_of(error), message=str(error), field=getattr(error, "field", None))


def _refused_guest(error: Exception) -> RefusedGuestOut:
    return RefusedGuestOut(code=code_of(error), message=str(error), column=column_of(error))


router = guarded_router("/shows/{show_id:uuid}", add_many, add_guests, scopes=[Scope.ORDERS], tags=["Producer: orders"])
