"""The filters of the office's lists, as their addresses have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request

from application.orders.lists import Searched
from application.ports.order_lists import AttendeeFilter, OrderFilter, PaidBy, Presence
from domain.catalog import Show
from domain.orders import OrderStatus
from domain.promotions import normalize_code
from entrypoints.office.forms import Form, id_in

#: The longest text that is searched, as in the API.
MAX_QUERY: Final = 100
UNDELIVERED: Final = "undelivered"
DISPUTED: Final = "disputed"
_A_DAY: Final = timedelta(days=1)

Choice = TypeVar("Choice", bound=StrEnum)


def query_form(request: Request[Any, Any, Any]) -> Form:
    """The query of an address as a form, so its fields show what was chosen."""
    typed: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        typed.setdefault(name, []).append(str(value).replace("\x00", ""))
    return Form(typed)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What an address asks of a list. A value that is none of the choices counts as not chosen."""

    form: Form

    @property
    def text(self) -> str | None:
        return " ".join(self.form["q"].split())[:MAX_QUERY] or None

    @property
    def show_id(self) -> UUID | None:
        return id_in(self.form["show"])

    @property
    def searched(self) -> Searched | None:
        return self._choice("as", Searched)

    @property
    def cursor(self) -> str | None:
        return self.form["after"] or None

    def orders(self, zone: tzinfo, *, names_only: bool) -> OrderFilter:
        """The filter of the list of orders; days are those of ``zone``."""
        state = self.form["state"]
        return OrderFilter(
            text=self.text,
            names_only=names_only,
            status=self._choice("state", OrderStatus),
            undelivered=state == UNDELIVERED,
            disputed=state == DISPUTED,
            paid_by=self._choice("paid", PaidBy),
            placed_from=self._midnight("from", zone),
            placed_until=self._midnight("to", zone, after=_A_DAY),
        )

    def attendees(self, *, names_only: bool) -> AttendeeFilter:
        """The filter of the list of attendees."""
        return AttendeeFilter(
            text=self.text,
            names_only=names_only,
            presence=self._choice("presence", Presence),
            ticket_name=self.form["type"] or None,
            promo_code=normalize_code(self.form["code"]) or None,
            allocation_id=id_in(self.form["allocation"]),
        )

    def link(self, path: str, **changes: str | None) -> str:
        """The address of the same list with some parameters changed, or (None) removed."""
        values: dict[str, str | None] = {name: self.form[name] for name in self.form.names() if self.form[name]}
        kept = {name: value for name, value in {**values, **changes}.items() if value}
        return f"{path}?{urlencode(kept)}" if kept else path

    @property
    def is_filtered(self) -> bool:
        """Whether anything is asked for."""
        return any(self.form[name].strip() for name in self.form.names() if name not in ("after", "as", "done"))

    def _choice(self, name: str, choices: type[Choice]) -> Choice | None:
        try:
            return choices(self.form[name])
        except ValueError:
            return None

    def _midnight(self, name: str, zone: tzinfo, *, after: timedelta = timedelta()) -> datetime | None:
        day = self.form.day(name)
        if day is None or not date.min + after < day < date.max - _A_DAY - after:
            return None
        return datetime.combine(day + after, time(), zone).astimezone(UTC)


def zone_of(shows: Sequence[Show], chosen: Show | None) -> tzinfo:
    """The zone in which a list's days are meant: the chosen show's, or that of the producer's next show."""
    show = chosen or next(iter(shows), None)
    return show.zone if show else UTC


def labels(words: Mapping[Choice, str]) -> list[tuple[str, str]]:
    """Options of a select, with a first one for all."""
    return [("", "All"), *((key.value, text) for key, text in words.items())]
