"""Reading of the office's forms: what was typed, and what is wrong with it, field by field.

form = await Form.read(request)
title = form.text("title", required=True)
price = form.money("price", numbers)
if form.is_good:
    try: ...
    except DomainError as error: form.refuse(error)
return office_pages.page(..., {"form": form}, status_code=form.status)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid4
from zlib import crc32

from litestar import Request
from litestar.datastructures import UploadFile

from domain.errors import Conflict, DomainError, InvalidAmount
from entrypoints.web.amounts import NumberStyle
from entrypoints.web.page_format import error_text

#: No text of ours is longer.
MAX_TEXT: Final = 20_000
REQUIRED: Final = "Please fill this in."
_ON: Final = "on"
#: The hidden field that says what an edit form was filled with: a name and a check sum for each field.
FILLED_WITH: Final = "_filled_with"
_CHANGED: Final = "This was changed after you opened the page. Look at what it is now, or save again to replace it."
#: The most of a value that an error repeats, in characters.
_MOST_REPEATED: Final = 100


@dataclass(slots=True)
class Form:
    """A form that was sent. ``errors`` has a sentence for each wrong field; the key "" is for the form as a whole."""

    typed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, UploadFile] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    status: int = HTTPStatus.OK

    @classmethod
    async def read(cls, request: Request[Any, Any, Any]) -> Form:
        """The form in the body of a request."""
        sent = await request.form()
        typed: dict[str, list[str]] = {}
        files: dict[str, UploadFile] = {}
        for name, value in sent.multi_items():
            if isinstance(value, str):
                typed.setdefault(name, []).append(value)
            elif isinstance(value, UploadFile):
                files[name] = value
        return cls(typed, files)

    @classmethod
    def filled(cls, values: Mapping[str, object]) -> Form:
        """A form that shows these values."""
        return cls({name: [_shown(value)] for name, value in values.items()})

    def __getitem__(self, name: str) -> str:
        """What was typed, "" if nothing was."""
        return (self.typed.get(name) or [""])[0]

    def all(self, name: str) -> Sequence[str]:
        """All values of a field that may be chosen several times."""
        return self.typed.get(name, [])

    def names(self) -> Iterator[str]:
        return iter(self.typed)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.errors

    @property
    def filled_with(self) -> str:
        """What the page's hidden field FILLED_WITH says, so that a later change by another person is noticed."""
        if FILLED_WITH in self.typed or "_csrf_token" in self.typed:
            return self[FILLED_WITH]
        return " ".join(f"{name}={self._sum_of(name)}" for name in self.names())

    def _sum_of(self, name: str) -> str:
        return f"{crc32(chr(0).join(self._values(name)).encode()):x}"

    def _values(self, name: str) -> list[str]:
        values = (value.strip().replace("\r\n", "\n") for value in self.all(name))
        return sorted(value for value in values if value)

    def refuse_if_changed(self, now: Form, words: Mapping[str, str] | None = None) -> None:
        """Refuse if the page was filled with something else than ``now``, and this form would replace it: another tab
        or another person saved in between. ``words`` are for values that people do not read, such as ids.

        A form that is sent twice is not refused: what is there is what it says. A second try replaces it.
        """
        filled = dict(pair.rpartition("=")[::2] for pair in self[FILLED_WITH].split())
        if not filled:
            return
        changed = [
            name
            for name in {**filled, **dict.fromkeys(now.names())}
            if now._sum_of(name) != filled.get(name, _NOTHING) and now._values(name) != self._values(name)
        ]
        if changed:
            self.wrong("", _CHANGED)
            self.status = HTTPStatus.CONFLICT
        for name in changed:
            self.wrong(name, _is_now(now._values(name), words or {}))
        self.typed = {**self.typed, FILLED_WITH: [now.filled_with]}

    def wrong(self, name: str, words: str) -> None:
        """Note what is wrong with a field; its first error stays."""
        self.errors.setdefault(name, words)
        if self.status == HTTPStatus.OK:
            self.status = HTTPStatus.BAD_REQUEST

    def refuse(self, error: DomainError, fields: Mapping[str, str] | None = None, words: str = "") -> None:
        """Note a refusal of a rule beside its field. ``fields`` names our fields by those of the error, where they
        differ; an error of a field that the form lacks stands at its top.
        """
        place = error.field or ""
        place = (fields or {}).get(place, place)
        self.wrong(place if place in self.typed or place in (fields or {}).values() else "", words or _sentence(error))
        if isinstance(error, Conflict):
            self.status = HTTPStatus.CONFLICT

    def text(self, name: str, *, required: bool = False, most: int = MAX_TEXT) -> str:
        """A text without spaces around it."""
        text = self[name].strip().replace("\r\n", "\n")
        if required and not text:
            self.wrong(name, REQUIRED)
        if len(text) > most:
            self.wrong(name, f"Please use at most {most} characters.")
        return text

    def whole(self, name: str, *, required: bool = False, least: int = 0, most: int = 1_000_000) -> int | None:
        """A whole number; None if nothing was typed, or something else."""
        text = self.text(name, required=required)
        if not text:
            return None
        if not (text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most):
            self.wrong(name, f"Please type a whole number from {least} to {most}.")
            return None
        return int(text)

    def money(self, name: str, numbers: NumberStyle, *, required: bool = False) -> int | None:
        """An amount in minor units of the currency; None if nothing was typed, or something else."""
        text = self.text(name, required=required)
        if not text:
            return None
        try:
            return numbers.currency.to_minor(numbers.read(text))
        except InvalidAmount as error:
            self.wrong(name, _sentence(error))
            return None

    def day(self, name: str, *, required: bool = False) -> date | None:
        """A day, as a browser's field for days writes it (2026-12-31)."""
        text = self.text(name, required=required)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.wrong(name, "Please write the day as 2026-12-31.")
            return None

    def clock(self, name: str, *, required: bool = False) -> time | None:
        """A time of day, as a browser's field for times writes it (19:30)."""
        text = self.text(name, required=required)
        try:
            found = time.fromisoformat(text) if text else None
        except ValueError:
            found = None
        if text and (found is None or found.tzinfo):
            self.wrong(name, "Please write the time as 19:30.")
            return None
        return found

    def local_time(self, day: str, clock: str, *, required: bool = False) -> datetime | None:
        """A day and a time on the venue's clock, from two fields; None if both are empty, or one is wrong."""
        if not required and not self[day].strip() and not self[clock].strip():
            return None
        the_day, the_time = self.day(day, required=True), self.clock(clock, required=True)
        return datetime.combine(the_day, the_time) if the_day and the_time else None

    def checked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self[name] != ""

    def one_of(self, name: str, choices: Sequence[str], *, required: bool = True) -> str:
        """One of the choices; "" if none of them was chosen."""
        chosen = self[name]
        if chosen in choices:
            return chosen
        if required or chosen:
            self.wrong(name, "Please choose one of these.")
        return ""


_NOTHING: Final = Form()._sum_of("")  # noqa: SLF001


def _is_now(values: Sequence[str], words: Mapping[str, str]) -> str:
    if not values:
        return "It is empty now."
    if values == [_ON]:
        return "It is ticked now."
    text = ", ".join(words.get(value, value) for value in values)
    return f"It is now: {text if len(text) <= _MOST_REPEATED else f'{text[:_MOST_REPEATED]}…'}"


def _shown(value: object) -> str:
    if value is None or value is False:
        return ""
    return _ON if value is True else str(value)


def _sentence(error: DomainError) -> str:
    text = error_text(error)
    return text if text.endswith((".", "?", "!")) else f"{text}."


def id_in(text: str) -> UUID | None:
    """The id that a form carries; None if it has none, or something else."""
    try:
        return UUID(text)
    except ValueError:
        return None


def ids_in(texts: Sequence[str]) -> list[UUID]:
    """The ids among the values of a field."""
    return [found for text in texts if (found := id_in(text))]


def key_in(text: str) -> UUID:
    """The key that came with a form that must work once; a new one for a text that is none."""
    return id_in(text) or uuid4()
