"""The log: who changed what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency

from application.access.audit_log import ReadAuditLog
from application.people.team import ListTeam
from domain.audit_log import Action, AuditCursor, AuditEntry, AuditFilter
from domain.errors import InvalidRequest
from domain.money import Currency
from domain.people import Member, Person, Right
from domain.shift import COUNTED
from entrypoints.http.paging import decode_cursor, encode_cursor
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.rendering import OfficePages

LOG: Final = "/office/log"
_PAGE: Final = 50
_A_DAY: Final = timedelta(days=1)
#: What each action is called. The log has texts of later and earlier versions too, which stand as they are.
ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Action.PRODUCER_REGISTERED: "registered the producer",
        Action.ACCOUNT_CHANGED: "changed the account",
        Action.ACCOUNT_REQUESTED: "began to connect a Stripe account",
        Action.TOKEN_ISSUED: "issued a token",
        Action.TOKEN_REVOKED: "revoked a token",
        Action.PRODUCTION_ADDED: "added a run",
        Action.PRODUCTION_CHANGED: "changed a run",
        Action.PRODUCTION_DELETED: "deleted a run",
        Action.SHOW_ADDED: "added a show",
        Action.SHOW_CHANGED: "changed a show",
        Action.SHOW_CANCELLED: "cancelled a show",
        Action.SHOW_DELETED: "deleted a show",
        Action.SHOW_REFUNDED: "refunded a whole show",
        Action.SHOW_TIMES_DERIVED: "moved a show's moments to new rules of its time zone",
        Action.HOLDS_RELEASED: "released held tickets",
        Action.EXPORT_STARTED: "began an export",
        Action.MANUAL_ORDERS_STARTED: "began to enter a list of orders",
        Action.JOB_STOPPED: "stopped long work",
        Action.TICKET_ADDED: "added a ticket type",
        Action.TICKET_CHANGED: "changed a ticket type",
        Action.TICKET_DELETED: "deleted a ticket type",
        Action.TICKET_TIMES_DERIVED: "moved a ticket type's sale times to new rules of its time zone",
        Action.CAPACITY_ADDED: "added a capacity",
        Action.CAPACITY_CHANGED: "changed a capacity",
        Action.CAPACITY_DELETED: "deleted a capacity",
        Action.ALLOCATION_ADDED: "added an allocation",
        Action.ALLOCATION_CHANGED: "changed an allocation",
        Action.ALLOCATION_RELEASED: "released an allocation",
        Action.ALLOCATION_DELETED: "deleted an allocation",
        Action.PROMO_CODE_ADDED: "added a promo code",
        Action.PROMO_CODE_CHANGED: "changed a promo code",
        Action.PROMO_CODE_DELETED: "deleted a promo code",
        Action.ORDER_PLACED: "placed an order",
        Action.ORDER_REFUNDED: "refunded an order",
        Action.ORDER_RESENT: "sent tickets again",
        Action.ORDER_CUSTOMER_CHANGED: "corrected a buyer's data",
        Action.ORDER_EXCHANGED: "exchanged tickets",
        Action.ATTENDEE_RENAMED: "gave a ticket another name",
        Action.ORDER_NOTED: "wrote a note about an order",
        Action.CHECK_IN_UNDONE: "undid a check-in",
        Action.SHIFT_OPENED: "opened a shift",
        Action.SHIFT_CLOSED: "closed a shift, or counted it",
        Action.SHIFT_CASH_MOVED: "put cash into a till, or took some out",
        Action.DEVICE_PAIRED: "paired a device",
        Action.DEVICE_RENAMED: "gave a device another name",
        Action.DEVICE_REVOKED: "revoked a device",
        Action.MEMBER_ADDED: "joined the team, or was added to it",
        Action.MEMBER_CHANGED: "changed a role",
        Action.MEMBER_REMOVED: "removed someone from the team",
        Action.MEMBER_INVITED: "invited someone",
        Action.INVITATION_WITHDRAWN: "took an invitation back",
        Action.BUYER_EXPORTED: "exported a buyer's data",
        Action.BUYER_ERASED: "erased a buyer's data",
    }
)
#: Facts that are amounts of money in minor units.
_AMOUNTS: Final = frozenset(
    {
        "price",
        "amount",
        "refunded_amount",
        "total",
        "amount_paid",
        "opening_cash",
        "cash_in",
        "cash_out",
        "cash_rounding",
    }
) | {f"{what}_{payment}" for what in ("expected", "counted") for payment in COUNTED}
_WITH_SHOW: Final = ("show.", "ticket.", "capacity.", "allocation.", "promo_code.", "holds.")


@dataclass(frozen=True, slots=True)
class ChangedFact:
    """A fact that an entry changed, as people read it; "" for none."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the page shows it. ``by`` says through which way it was made, if not by a person."""

    entry: AuditEntry
    words: str
    by: str
    changes: tuple[ChangedFact, ...]
    show_path: str

    @classmethod
    def of(cls, entry: AuditEntry, currency: Currency) -> Line:
        """The entry, with the amounts of its facts in the producer's currency."""
        names = dict.fromkeys((*entry.before, *entry.after))
        changes = (
            ChangedFact(
                name.replace("_", " "),
                _shown(name, entry.before.get(name), currency),
                _shown(name, entry.after.get(name), currency),
            )
            for name in names
        )
        by = "token" if entry.token_id else "device" if entry.device_id else ""
        has_show = entry.show_id is not None and entry.action != Action.SHOW_DELETED
        return cls(
            entry,
            ACTIONS.get(entry.action, entry.action),
            by,
            tuple(changes),
            f"/office/shows/{entry.show_id}" if has_show and entry.action.startswith(_WITH_SHOW) else "",
        )


def _shown(name: str, value: object, currency: Currency) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name in _AMOUNTS:
        return currency.price(value)
    if isinstance(value, list):
        return ", ".join(_shown("", each, currency) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')}: {_shown(key, each, currency)}" for key, each in value.items())
    return str(value)


@get("/")
async def log(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    read_audit_log: NamedDependency[ReadAuditLog],
    list_team: NamedDependency[ListTeam],
) -> Response[str]:
    """A page of entries, newest first, of what the form asks for."""
    form = Form.filled(dict(request.query_params))
    only = _filter(form)
    entries, more = await read_audit_log(member.producer.id, only=only, after=_cursor(form), limit=_PAGE)
    people = [person for person, _ in (await list_team(member.producer.id)).members]
    asked = {name: form[name] for name in ("action", "person", "since", "until", "show") if form[name]}
    context = {
        "form": form,
        "lines": [Line.of(entry, member.producer.currency) for entry in entries],
        "actions": [("", "Anything"), *ACTIONS.items()],
        "people": [("", "Anyone"), *((str(each.id), each.called) for each in _by_name(people))],
        "older": _older(asked, more),
        "is_filtered": bool(asked),
    }
    return office_pages.page(request, member, "office/log.html", context, active="log", status_code=form.status)


def _by_name(people: list[Person]) -> list[Person]:
    return sorted(people, key=lambda each: each.called.casefold())


def _filter(form: Form) -> AuditFilter:
    since, until = form.day("since"), form.day("until")
    return AuditFilter(
        action=form.one_of("action", list(ACTIONS), required=False) or None,
        person_id=_id(form, "person"),
        show_id=_id(form, "show"),
        since=_midnight(since) if since else None,
        until=_midnight(until) + _A_DAY if until else None,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _id(form: Form, name: str) -> UUID | None:
    try:
        return UUID(form[name]) if form[name] else None
    except ValueError:
        form.wrong(name, "Please choose one of these.")
        return None


def _cursor(form: Form) -> AuditCursor | None:
    try:
        return AuditCursor(*decode_cursor(form["before"])) if form["before"] else None
    except InvalidRequest:
        return None  # from an address that was cut off: the newest ones are shown


def _older(asked: Mapping[str, str], more: AuditCursor | None) -> str:
    if more is None:
        return ""
    return f"{LOG}?{urlencode({**asked, 'before': encode_cursor(more.at, more.entry_id)})}"


router = office_router(LOG, log, right=Right.PEOPLE)
