"""The forms that make shows of a run, and change several of them at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from application.catalog.runs import RunPlan
from domain.catalog import MAX_HOURS_BEFORE, ShowFields
from domain.errors import InvalidRequest
from domain.production import SaleTimes
from domain.run_change import RunChange, RunScope, TimesOfDay
from domain.sale_period import SellsUntil
from domain.schedule import MAX_INTERVAL, MAX_SHOWS_AT_ONCE, Frequency, Rule, Start, Weekday, starts_on
from entrypoints.office.forms import Form, id_in
from entrypoints.office.show_form import DOOR_RULES, SELLS_UNTIL
from entrypoints.office.venue_fields import read_address

Read = TypeVar("Read")

#: The choice of the run's own tickets, and of leaving something as it is: a field that must be chosen has no empty one.
USUAL: Final = "usual"
STAY: Final = "stay"

#: The fields of a refusal of new shows, by what the form calls them.
PLAN_FIELDS: Final[Mapping[str, str]] = {
    "dates": "dates",
    "rule": "first",
    "rule.from": "first",
    "rule.times": "times",
    "rule.until": "until",
    "rule.count": "count",
    "rule.weeks": "weeks",
    "rule.month_days": "month_days",
    "rule.exceptions": "exceptions",
    "rule.additional": "additional",
}
PLAN_LABELS: Final[Mapping[str, str]] = {
    "dates": "Days and times",
    "first": "From",
    "times": "Hours",
    "until": "Until",
    "count": "Number of shows",
    "interval": "Every",
    "weekdays": "Weekdays",
    "weeks": "Weeks of the month",
    "month_days": "Days of the month",
    "exceptions": "Not on",
    "additional": "Also on",
}
FREQUENCIES: Final = (
    (Frequency.WEEKLY.value, "weeks"),
    (Frequency.DAILY.value, "days"),
    (Frequency.MONTHLY.value, "months"),
)
WEEKDAYS: Final = tuple((day.value, day.value.capitalize()) for day in Weekday)
WEEKS: Final = (("1", "first"), ("2", "second"), ("3", "third"), ("4", "fourth"), ("5", "fifth"), ("-1", "last"))
_SEPARATORS: Final = re.compile(r"[\s,;]+")
#: "19:30", "19.30" and, as dates are written where the clock has twelve hours, "7:30 PM" and "7.30 p.m.".
_CLOCK: Final = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3])[:.](?P<minute>[0-5][0-9])(?:\s*(?P<half>[ap])\.?m\.?)?")
_BEFORE_HALF: Final = re.compile(r"(?<=[0-9])\s+(?=[ap]\.?m\b)", re.IGNORECASE)


def read_plan(form: Form) -> RunPlan | None:
    """The shows to make; None, and what is wrong is noted, if there is no plan."""
    how = "dates" if form["how"] == "dates" else "rule"
    template = form["template"]
    template_id = id_in(template)
    if template not in ("", USUAL) and template_id is None:
        form.wrong("template", "Please choose one of these.")
    sale_times = form.one_of("sale_times", list(SaleTimes)) or SaleTimes.MOVE
    try:
        starts = _by_rule(form) if how == "rule" else _by_dates(form)
    except InvalidRequest as error:
        refuse_plan(form, error)
        return None
    if not form.is_good:
        return None
    return RunPlan(
        starts=starts,
        template_show_id=template_id,
        promo_codes=form.checked("promo_codes"),
        sale_times=SaleTimes(sale_times),
        fields=ShowFields(published=form.checked("published")),
    )


def refuse_plan(form: Form, error: InvalidRequest) -> None:
    """Note a refusal beside its field: "rule.exceptions[2]" is of the exceptions."""
    place = re.sub(r"\[[0-9]+\]$", "", error.field or "")
    name = PLAN_FIELDS.get(place, "")
    if name == "until" and form.checked("count"):
        name = "count"
    words = str(error)
    if name:
        form.wrong(name, words if words.endswith((".", "?")) else f"{words}.")
    else:
        form.refuse(error)


def _by_dates(form: Form) -> list[Start]:
    lines = _lines(form, "dates", _moment, "Please write a day and a time in each line: 2026-12-31 19:30")
    if not lines:
        form.wrong("dates", "Please write at least one day and time.")
    return starts_on(lines) if form.is_good else []


def _by_rule(form: Form) -> list[Start]:
    first = form.day("first", required=True)
    times = [
        _clock(word) for word in _SEPARATORS.split(_BEFORE_HALF.sub("", form.text("times", required=True))) if word
    ]
    if None in times:
        form.wrong("times", "Please write hours as 15:00, 20:00 or 3:00 PM, 8:00 PM.")
    month_days = _numbers(form, "month_days")
    rule: dict[str, Any] = {
        "until": form.day("until"),
        "count": form.whole("count", least=1, most=MAX_SHOWS_AT_ONCE),
        "interval": form.whole("interval", least=1, most=MAX_INTERVAL) or 1,
        "frequency": Frequency(form.one_of("frequency", list(Frequency)) or Frequency.WEEKLY),
        "weekdays": tuple(Weekday(day) for day in form.all("weekdays") if day in list(Weekday)),
        "weeks": tuple(int(week) for week in form.all("weeks") if week in dict(WEEKS)),
        "month_days": month_days,
        "exceptions": tuple(
            _lines(form, "exceptions", _day_or_moment, "Please write a day, or a day and a time, in each line.")
        ),
        "additional": tuple(
            _lines(form, "additional", _moment, "Please write a day and a time in each line: 2026-12-31 19:30")
        ),
    }
    if not form.is_good or first is None:
        return []
    return Rule(first=first, times=tuple(each for each in times if each), **rule).starts()


def _lines(form: Form, name: str, read: Callable[[str], Read | None], words: str) -> list[Read]:
    found = [read(line.strip()) for line in form.text(name).splitlines() if line.strip()]
    if None in found:
        form.wrong(name, words)
    return [each for each in found if each is not None]


def _numbers(form: Form, name: str) -> tuple[int, ...]:
    words = [word for word in _SEPARATORS.split(form.text(name)) if word]
    if not all(re.fullmatch("-?[0-9]{1,2}", word) for word in words):
        form.wrong(name, "Please write numbers, such as 1, 15 or -1 for the last day.")
        return ()
    return tuple(int(word) for word in words)


def _clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text.lower())
    if found is None:
        return None
    hour = int(found["hour"])
    if half := found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, int(found["minute"]))


def _moment(text: str) -> datetime | None:
    day, _, clock = text.replace("T", " ").partition(" ")
    at, on = _clock(clock.strip()), _day(day)
    return datetime.combine(on, at) if at is not None and on is not None else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day_or_moment(text: str) -> date | None:
    return _day(text) or _moment(text)


#: The fields of a refusal of a change, by what the form calls them.
CHANGE_FIELDS: Final[Mapping[str, str]] = {
    "start_time": "start_clock",
    "door_time": "door_clock",
    "end_time": "end_clock",
    "on_sale_at": "on_sale_clock",
    "off_sale_at": "off_sale_clock",
    "show_ids": "scope",
}
CHANGE_LABELS: Final[Mapping[str, str]] = {
    "scope": "Which shows",
    "since": "From",
    "starting_at": "Starting at",
    "start_clock": "Starts",
    "door_clock": "Doors open",
    "end_clock": "Ends",
    "on_sale_day": "On sale from",
    "on_sale_clock": "On sale from",
    "off_sale_day": "On sale until",
    "off_sale_clock": "On sale until",
    "title": "Title",
    "venue": "Venue",
    "locale": "Language",
    "renames_until_hours": "New names",
    "exchanges_until_hours": "Exchanges",
    "re_entry": "Re-entry",
    "offline_new_codes": "New tickets without a network",
    "": "",
}
BECOME: Final = (
    (STAY, "stay as they are"),
    ("publish", "publish them"),
    ("unpublish", "take them off the pages for buyers"),
    ("cancel", "cancel them for good"),
)
DOOR_RULE_CHOICES: Final = ((STAY, "as it is"), ("yes", "yes"), ("no", "no"))
SELLS_UNTIL_CHOICES: Final = ((STAY, "as it is"), *SELLS_UNTIL)
_PUBLISHED: Final = {"publish": True, "unpublish": False}


def read_selection(form: Form) -> dict[str, Any]:
    """Which shows are meant: fields of a ``RunSelection``. What is wrong is noted in the form."""
    scope = form.one_of("scope", ("to_come", "these"))
    show_ids = frozenset(filter(None, map(id_in, form.all("show")))) if scope == "these" else frozenset[UUID]()
    if scope == "these" and not show_ids:
        form.wrong("scope", "Please tick the shows that this is for.")
    to_come = scope == "to_come"
    since, starting_at = (form.day("since"), form.clock("starting_at")) if to_come else (None, None)
    return {
        "scope": RunScope.THESE if scope == "these" else RunScope.TO_COME,
        "show_ids": show_ids,
        "since": since,
        "starting_at": starting_at,
    }


def read_change(form: Form) -> RunChange | None:
    """The change; None, and what is wrong is noted, if there is none."""
    selection = read_selection(form)
    fields = _changed_fields(form)
    times = TimesOfDay(
        door_time=form.clock("door_clock"), start_time=form.clock("start_clock"), end_time=form.clock("end_clock")
    )
    if not fields and times == TimesOfDay() and form.is_good:
        form.wrong("", "Please fill in what is to change.")
    if not form.is_good:
        return None
    return RunChange(**selection, fields=fields, times=times)


def _changed_fields(form: Form) -> ShowFields:
    """The fields that were filled in, and those that are to be emptied."""
    fields: dict[str, Any] = {
        name: text for name in ("title", "venue", "locale", "description", "terms") if (text := form.text(name))
    }
    fields |= {name: "" for name in ("description", "terms") if form.checked(f"{name}_none")}
    if form.checked("address_none"):
        fields["venue_address"] = None
    elif address := read_address(form):
        fields["venue_address"] = address
    for name in ("on_sale", "off_sale"):
        local = form.local_time(f"{name}_day", f"{name}_clock")
        if form.checked(f"{name}_none") or local:
            fields[f"{name}_at"] = None if form.checked(f"{name}_none") else local
    for name in ("renames_until_hours", "exchanges_until_hours"):
        hours = form.whole(name, most=MAX_HOURS_BEFORE)
        if form.checked(f"{name}_none") or hours is not None:
            fields[name] = None if form.checked(f"{name}_none") else hours
    fields |= _door_rules(form)
    until = form.one_of("sells_until", [value for value, _ in SELLS_UNTIL_CHOICES], required=False)
    if until not in ("", STAY):
        fields["sells_until"] = SellsUntil(until)
    become = form.one_of("become", [value for value, _ in BECOME], required=False)
    if become == "cancel":
        fields["cancelled"] = True
    elif become in _PUBLISHED:
        fields["published"] = _PUBLISHED[become]
    return cast("ShowFields", fields)


def _door_rules(form: Form) -> dict[str, Any]:
    choices = [value for value, _ in DOOR_RULE_CHOICES]
    rules = {name: form.one_of(name, choices, required=False) for name in DOOR_RULES}
    return {name: rule == "yes" for name, rule in rules.items() if rule not in ("", STAY)}


def kept_fields(form: Form, *, but: Sequence[str]) -> list[tuple[str, str]]:
    """All that was sent, for the next page to send again."""
    return [(name, value) for name in form.names() if name not in ("_csrf_token", *but) for value in form.all(name)]
