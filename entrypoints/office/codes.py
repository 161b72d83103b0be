"""A show's promo codes: what they take off, what they open, and how often they were used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final, cast
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from application.catalog.promo_codes import AddPromoCode, ChangePromoCode, DeletePromoCode, ListPromoCodes
from domain.capacity import Allocation
from domain.errors import Conflict, DomainError, InvalidRequest
from domain.people import Member, Right
from domain.promotions import MAX_USES, PromoCodeFields, TicketPromoCode, UseCount
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.notices import done
from entrypoints.office.show_desk import ShowDesk, ShowDesks, refuse

CODES_ON_A_PAGE: Final = 100
#: What a code may take off: the value of the choice, its words, and the field that has the number.
KINDS: Final = (
    ("discount", "A share of the price", "20 % off"),
    ("amount_off", "An amount off each ticket", ""),
    ("fixed_price", "A fixed price for each ticket", ""),
    ("none", "Nothing: it only opens tickets or an allocation", ""),
)
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "code": "Code",
        "kind": "What it takes off",
        "discount": "Percent off",
        "amount_off": "Amount off",
        "fixed_price": "Fixed price",
        "ticket_ids": "Cheaper ticket types",
        "opens_ticket_ids": "Opens hidden ticket types",
        "allocation_id": "Opens an allocation",
        "counts": "What counts as a use",
        "max_uses": "Uses at most",
        "max_per_order": "Tickets of an order",
        "valid_from_day": "Valid from",
        "valid_from_clock": "Valid from",
        "valid_until_day": "Valid until",
        "valid_until_clock": "Valid until",
    }
)
FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {"valid_from": "valid_from_clock", "valid_until": "valid_until_clock"}
)
_PERCENT: Final = Decimal(100)
_NOTHING: Final = "Choose what the code takes off, hidden ticket types that it opens, or an allocation."


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code with what it does and how often it was used, in words."""

    code: TicketPromoCode
    effects: list[str]
    uses: str
    validity: str


@get("/{show_id:uuid}/codes")
async def codes_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    list_promo_codes: NamedDependency[ListPromoCodes],
    after: FromQuery[str | None] = None,
) -> Response[str]:
    """The codes in the order of the alphabet, 100 on a page."""
    desk = await show_desks(request, member, show_id, "codes")
    found, more = await list_promo_codes(member.actor, show_id, after=after, limit=CODES_ON_A_PAGE)
    allocations = await desk.allocations()
    rows = [_row(desk, each.promo_code, allocations) for each in found]
    return desk.render("office/codes.html", {"rows": rows, "more": more, "is_first": after is None})


def _row(desk: ShowDesk, code: TicketPromoCode, allocations: list[Allocation]) -> CodeRow:
    what = "order" if code.counts is UseCount.ORDERS else "ticket"
    uses = f"{code.uses:,} of {code.max_uses:,} {what}s" if code.max_uses is not None else f"{code.uses:,} {what}s"
    begins = f"from {desk.when(code.valid_from)}" if code.valid_from else ""
    ends = f"until {desk.when(code.valid_until)}" if code.valid_until else ""
    return CodeRow(code, effects_of(desk, code, allocations), uses, f"{begins} {ends}".strip())


def effects_of(desk: ShowDesk, code: TicketPromoCode, allocations: list[Allocation]) -> list[str]:
    """What the code does, each effect in a few words."""
    names = {ticket.id: ticket.name for ticket in desk.details.tickets}
    effects = []
    if off := _off(desk, code):
        only = ", ".join(sorted(names.get(id_, "") for id_ in code.ticket_ids or ()))
        effects.append(f"{off} for {only}" if only else off)
    if code.opens_ticket_ids:
        effects.append("opens " + ", ".join(sorted(names.get(id_, "") for id_ in code.opens_ticket_ids)))
    effects += [f"opens the allocation {each.name}" for each in allocations if each.id == code.allocation_id]
    if code.max_per_order is not None:
        effects.append(f"for {code.max_per_order:,} tickets of an order")
    return effects


def _off(desk: ShowDesk, code: TicketPromoCode) -> str:
    if code.discount:
        return f"{percent_of(code.discount)} % off"
    if code.amount_off is not None:
        return f"{desk.words.price(code.amount_off)} off each ticket"
    return f"{desk.words.price(code.fixed_price)} each" if code.fixed_price is not None else ""


def percent_of(share: Decimal) -> str:
    """A share as people write it: 20, or 12.5."""
    return f"{(share * _PERCENT).normalize():f}"


@get("/{show_id:uuid}/codes/new")
async def new_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
) -> Response[str]:
    """The form of a new code."""
    desk = await show_desks(request, member, show_id, "codes")
    form = Form.filled({"kind": "discount", "counts": UseCount.ORDERS})
    return await _form_page(desk, form)


@post("/{show_id:uuid}/codes/new")
async def add(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    add_promo_code: NamedDependency[AddPromoCode],
) -> Response[Any]:
    """Add a code. A form that is sent twice adds one."""
    desk = await show_desks(request, member, show_id, "codes")
    form = await Form.read(request)
    fields = _read(form, desk)
    try:
        if form.is_good:
            await add_promo_code(member.actor, show_id, fields, promo_code_id=id_in(form["key"]))
            return done(desk.path("/codes"), "code-added")
    except DomainError as error:
        _refuse(form, error)
    return await _form_page(desk, form)


@get("/{show_id:uuid}/codes/{promo_code_id:uuid}")
async def edit_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    promo_code_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    list_promo_codes: NamedDependency[ListPromoCodes],
) -> Response[str]:
    """A code, to change it."""
    desk = await show_desks(request, member, show_id, "codes")
    code = await list_promo_codes.one(member.actor, show_id, promo_code_id)
    return await _form_page(desk, _filled(desk, code), code)


@post("/{show_id:uuid}/codes/{promo_code_id:uuid}")
async def edit(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    promo_code_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    list_promo_codes: NamedDependency[ListPromoCodes],
    change_promo_code: NamedDependency[ChangePromoCode],
) -> Response[Any]:
    """Change a code; orders keep their discount."""
    desk = await show_desks(request, member, show_id, "codes")
    code = await list_promo_codes.one(member.actor, show_id, promo_code_id)
    form = await Form.read(request)
    form.refuse_if_changed(_filled(desk, code), await _words(desk))
    fields = _read(form, desk, code)
    try:
        if form.is_good:
            await change_promo_code(member.actor, promo_code_id, fields)
            return done(desk.path("/codes"), "code-changed")
    except DomainError as error:
        _refuse(form, error)
    return await _form_page(desk, form, code)


@get("/{show_id:uuid}/codes/{promo_code_id:uuid}/delete")
async def delete_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    promo_code_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    list_promo_codes: NamedDependency[ListPromoCodes],
) -> Response[str]:
    """Ask before a code is deleted."""
    desk = await show_desks(request, member, show_id, "codes")
    return _deletion(desk, await list_promo_codes.one(member.actor, show_id, promo_code_id), Form())


@post("/{show_id:uuid}/codes/{promo_code_id:uuid}/delete")
async def delete(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    promo_code_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    list_promo_codes: NamedDependency[ListPromoCodes],
    delete_promo_code: NamedDependency[DeletePromoCode],
) -> Response[Any]:
    """Delete a code that no order used."""
    desk = await show_desks(request, member, show_id, "codes")
    code, form = await list_promo_codes.one(member.actor, show_id, promo_code_id), Form()
    try:
        await delete_promo_code(member.actor, promo_code_id)
    except Conflict as error:
        form.refuse(error, words="This code was used and stays. Set its uses to 0, and nobody can use it any more.")
        return _deletion(desk, code, form)
    return done(desk.path("/codes"), "code-deleted")


def _refuse(form: Form, error: DomainError) -> None:
    if isinstance(error, InvalidRequest) and str(error).startswith("A promo code needs one of"):
        form.wrong("kind", _NOTHING)
        return
    refuse(form, error, FIELDS)


def _deletion(desk: ShowDesk, code: TicketPromoCode, form: Form) -> Response[str]:
    context = {
        "title": "Delete this code?",
        "name": code.code,
        "words": "A code that orders used stays: set its uses to 0 to end it.",
        "submit": "Delete the code",
        "back": desk.path("/codes"),
    }
    return desk.render("office/ask.html", context, form=form)


async def _form_page(desk: ShowDesk, form: Form, code: TicketPromoCode | None = None) -> Response[str]:
    allocations = await desk.allocations()
    context = {
        "code": code,
        "labels": LABELS,
        "kinds": [(value, words, "") for value, words, _ in KINDS],
        "tickets": [(str(ticket.id), ticket.name) for ticket in desk.details.tickets],
        "hidden_tickets": [(str(ticket.id), ticket.name) for ticket in desk.details.tickets if ticket.hidden],
        "allocations": [
            ("", "None"),
            *((str(each.id), f"{each.name} ({each.remaining:,} places)") for each in allocations),
        ],
        "counts": [
            (UseCount.ORDERS.value, "Orders", ""),
            (UseCount.TICKETS.value, "Tickets that it makes cheaper or opens", ""),
        ],
    }
    return desk.render("office/code_form.html", context, form=form)


def _filled(desk: ShowDesk, code: TicketPromoCode) -> Form:
    write = desk.words.numbers.write
    amounts = {"amount_off": code.amount_off, "fixed_price": code.fixed_price}
    kind = "discount" if code.discount else next((name for name, one in amounts.items() if one is not None), "none")
    form = Form.filled(
        {
            "code": code.code,
            "kind": kind,
            "discount": percent_of(code.discount) if code.discount else "",
            **{name: write(amount) if amount is not None else "" for name, amount in amounts.items()},
            "allocation_id": code.allocation_id or "",
            "counts": code.counts,
            "max_uses": "" if code.max_uses is None else code.max_uses,
            "max_per_order": code.max_per_order,
            **desk.local("valid_from", code.valid_from),
            **desk.local("valid_until", code.valid_until),
        }
    )
    several = {"ticket_ids": code.ticket_ids or (), "opens_ticket_ids": code.opens_ticket_ids}
    form.typed = {**form.typed, **{name: [str(id_) for id_ in ids] for name, ids in several.items()}}
    return form


async def _words(desk: ShowDesk) -> dict[str, str]:
    """The values of a code's form that are no words, in words."""
    kinds = {value: words for value, words, _ in KINDS}
    tickets = {str(ticket.id): ticket.name for ticket in desk.details.tickets}
    return {**kinds, **tickets, **{str(each.id): each.name for each in await desk.allocations()}}


def _read(form: Form, desk: ShowDesk, was: TicketPromoCode | None = None) -> PromoCodeFields:
    """What was typed; what is wrong is noted in the form."""
    kind = form.one_of("kind", [value for value, *_ in KINDS])
    only = frozenset(_ids(form, "ticket_ids"))
    fields: dict[str, Any] = {
        "code": form.text("code", required=True),
        "discount": _share(form) if kind == "discount" else None,
        "ticket_ids": only or None,
        "opens_ticket_ids": frozenset(_ids(form, "opens_ticket_ids")),
        "allocation_id": id_in(form["allocation_id"]),
        "counts": UseCount(form.one_of("counts", [*UseCount]) or UseCount.ORDERS),
        "max_uses": form.whole("max_uses", most=MAX_USES),
        "max_per_order": form.whole("max_per_order", least=1, most=MAX_USES),
    }
    for name in ("amount_off", "fixed_price"):
        minor = form.money(name, desk.words.numbers, required=True) if kind == name else None
        fields[name] = None if minor is None else desk.words.currency.to_decimal(minor)
    for name in ("valid_from", "valid_until"):
        typed = form.local_time(f"{name}_day", f"{name}_clock")
        before = getattr(was, name) if was else None
        # A time that stays is not read again: the clock may show it twice.
        if before is None or typed is None or desk.local(name, before) != _as_typed(form, name):
            fields[name] = typed
    return cast("PromoCodeFields", fields)


def _as_typed(form: Form, name: str) -> dict[str, object]:
    return {f"{name}_day": form.day(f"{name}_day"), f"{name}_clock": form[f"{name}_clock"][:5]}


def _share(form: Form) -> Decimal | None:
    text = form.text("discount", required=True).replace("%", "").replace(",", ".").strip()
    if not text:
        return None
    try:
        return Decimal(text) / _PERCENT
    except InvalidOperation:
        form.wrong("discount", "Please type a number from 0 to 100.")
        return None


def _ids(form: Form, name: str) -> list[UUID]:
    return [id_ for text in form.all(name) if (id_ := id_in(text))]


router = office_router(
    "/office/shows",
    codes_page,
    new_page,
    add,
    edit_page,
    edit,
    delete_page,
    delete,
    right=Right.CATALOG,
)
