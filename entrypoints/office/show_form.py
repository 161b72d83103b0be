"""The form of a show's times and place: how it is filled, and how it is read, on the venue's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from domain.catalog import MAX_HOURS_BEFORE, Show, ShowFields
from domain.production import Production
from domain.sale_period import SellsUntil
from domain.timezones import instant_of, is_ambiguous, zone_of
from domain.venue_clock import NAMES_OF_SALE_TIMES, NAMES_OF_TIMES
from entrypoints.office.forms import Form
from entrypoints.office.venue_fields import VENUE_FIELDS, VENUE_LABELS, read_venue, venue_choices, venue_values

_A_DAY: Final = timedelta(days=1)
#: The fields of a refusal, by what the form calls them where that differs.
FIELDS: Final[Mapping[str, str]] = {
    **VENUE_FIELDS,
    "start_time": "start_clock",
    "door_time": "door_clock",
    "end_time": "end_clock",
    "on_sale_at": "on_sale_clock",
    "off_sale_at": "off_sale_clock",
}
LABELS: Final[Mapping[str, str]] = {
    **VENUE_LABELS,
    "title": "Title",
    "production_id": "Run",
    "start_day": "Day",
    "start_clock": "Starts",
    "door_day": "Day of the doors",
    "door_clock": "Doors open",
    "end_day": "Last day",
    "end_clock": "Ends",
    "on_sale_day": "On sale from",
    "on_sale_clock": "On sale from",
    "off_sale_day": "On sale until",
    "off_sale_clock": "On sale until",
    "sells_until": "Sold online until",
    "renames_until_hours": "New names",
    "exchanges_until_hours": "Exchanges",
    "re_entry": "Re-entry",
    "offline_new_codes": "New tickets without a network",
}
#: Boxes that are ticked or not.
DOOR_RULES: Final = ("re_entry", "offline_new_codes")
SELLS_UNTIL: Final = (
    (SellsUntil.END.value, "the end of the show"),
    (SellsUntil.START.value, "its start"),
    (SellsUntil.DOORS.value, "the opening of the doors"),
)
_TWICE: Final = "The clocks at the venue show this time twice that night. Please choose which one is meant."
_SKIPPED: Final = "The clocks at the venue skip this time that night. Please choose another one."
_READINGS: Final = {"first": 0, "second": 1}


@dataclass(slots=True)
class ShowForm:
    """A form about one show. ``twice`` names the times that the clocks show twice: the page asks which one is meant."""

    form: Form
    twice: set[str] = field(default_factory=set)

    def context(self) -> dict[str, Any]:
        """What the template of the form needs."""
        return {
            "form": self.form,
            "labels": LABELS,
            "twice": self.twice,
            "sells_until": SELLS_UNTIL,
            "most_hours": MAX_HOURS_BEFORE,
            **venue_choices(),
        }


def new_form(like: Show | None, run: Production | None) -> ShowForm:
    """The form of a new show: with the place and the hours of ``like``, the latest one, or of its run."""
    values: dict[str, object] = {**venue_values(run or like), "sells_until": SellsUntil.END}
    if run:
        values |= {"title": run.title, "production_id": run.id}
    if like:
        values |= {name: value for name, value in _times(like).items() if name.endswith("_clock")}
        values |= _rules(like)
    return ShowForm(Form.filled(values))


def filled_form(show: Show) -> ShowForm:
    """The form with what the show has."""
    values: dict[str, object] = {
        **venue_values(show),
        **_times(show),
        **_rules(show),
        "title": show.title,
        "production_id": show.production_id or "",
    }
    for name in NAMES_OF_SALE_TIMES:
        moment = getattr(show, name)
        if moment:
            values |= _split(name.removesuffix("_at"), moment.local)
    return ShowForm(Form.filled(values))


def _rules(show: Show) -> dict[str, object]:
    return {
        "sells_until": show.sells_until,
        "renames_until_hours": show.renames_until_hours,
        "exchanges_until_hours": show.exchanges_until_hours,
        **{name: "on" if getattr(show, name) else None for name in DOOR_RULES},
    }


def _times(show: Show) -> dict[str, object]:
    """The times; doors and end have a day only where it is not the one that their hour alone would mean."""
    door, start, end = (local.replace(fold=0) for local in show.venue_clock.times)
    values = {**_split("start", start), "door_clock": _clock(door.time()), "end_clock": _clock(end.time())}
    if door != last_before(start, door.time()):
        values["door_day"] = door.date()
    if end != next_after(start, end.time()):
        values["end_day"] = end.date()
    return values


def _split(name: str, local: datetime) -> dict[str, object]:
    return {f"{name}_day": local.date(), f"{name}_clock": _clock(local.time())}


def _clock(at: time) -> str:
    return at.isoformat(timespec="minutes" if not at.second else "seconds")


def last_before(start: datetime, clock: time) -> datetime:
    """The last time that the clock shows this before the start, or at it."""
    same_day = datetime.combine(start.date(), clock)
    return same_day if same_day <= start else same_day - _A_DAY


def next_after(start: datetime, clock: time) -> datetime:
    """The next time that the clock shows this after the start, or at it."""
    same_day = datetime.combine(start.date(), clock)
    return same_day if same_day >= start else same_day + _A_DAY


def read_show(read: ShowForm, was: Show | None = None) -> ShowFields:
    """The fields of the show; what is wrong is noted in the form. Without errors they are complete."""
    form = read.form
    fields: dict[str, Any] = {"title": form.text("title", required=True), **read_venue(form)}
    zone = zone_of(fields["timezone"])
    fields |= _read_times(read, zone, was) | _read_sale(read, zone, was)
    fields["sells_until"] = SellsUntil(
        form.one_of("sells_until", [value for value, _ in SELLS_UNTIL]) or SellsUntil.END
    )
    for name in ("renames_until_hours", "exchanges_until_hours"):
        fields[name] = form.whole(name, most=MAX_HOURS_BEFORE)
    fields |= {name: form.checked(name) for name in DOOR_RULES}
    return cast("ShowFields", fields)


def _read_times(read: ShowForm, zone: ZoneInfo, was: Show | None) -> dict[str, Any]:
    form = read.form
    start = form.local_time("start_day", "start_clock", required=True)
    door, end = form.clock("door_clock", required=True), form.clock("end_clock", required=True)
    door_day, end_day = form.day("door_day"), form.day("end_day")
    if not (start and door and end):
        return {}
    given = {
        "start": start,
        "door": _on(door_day, door) or last_before(start, door),
        "end": _on(end_day, end) or next_after(start, end),
    }
    return {
        f"{name}_time": _moment(read, name, local, zone, _was(was, f"{name}_time")) for name, local in given.items()
    }


def _read_sale(read: ShowForm, zone: ZoneInfo, was: Show | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("on_sale", "off_sale"):
        local = read.form.local_time(f"{name}_day", f"{name}_clock")
        before = getattr(was, f"{name}_at") if was else None
        found[f"{name}_at"] = local and _moment(read, name, local, zone, before and before.local)
    return found


def _on(day: date | None, clock: time) -> datetime | None:
    return datetime.combine(day, clock) if day else None


def _was(show: Show | None, name: str) -> datetime | None:
    return show.venue_clock.times[NAMES_OF_TIMES.index(name)] if show else None


def _moment(read: ShowForm, name: str, local: datetime, zone: ZoneInfo, was: datetime | None) -> datetime:
    """The time; aware where the clocks show it twice. ``was`` is what it was before: unchanged, it needs no answer."""
    if not is_ambiguous(local, zone):
        return local
    if instant_of(local, zone).astimezone(zone).replace(tzinfo=None, fold=0) != local:
        read.form.wrong(f"{name}_clock", _SKIPPED)
        return local
    read.twice.add(name)
    chosen = read.form[f"{name}_which"]
    if not chosen and was is not None and was.replace(fold=0) == local:
        return was.replace(tzinfo=zone)
    if chosen not in _READINGS:
        read.form.wrong(f"{name}_clock", _TWICE)
        return local
    return local.replace(fold=_READINGS[chosen], tzinfo=zone)


def start_values(show: Show) -> dict[str, object]:
    """The fields of a copy: the hour of the show, and no day yet."""
    return {"start_clock": _clock(show.venue_clock.times[1].time())}


def read_copy(read: ShowForm, of: Show) -> datetime | None:
    """When a copy starts, on the clock of the show; None if that is wrong."""
    local = read.form.local_time("start_day", "start_clock", required=True)
    return _moment(read, "start", local, of.zone, None) if local else None
