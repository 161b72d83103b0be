"""Forms of a page, as a browser reads and sends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from typing_extensions import override

Values = dict[str, list[str]]


@dataclass(slots=True)
class SentForm:
    """A form with the values that a browser sends if nothing is typed; ``action`` is "" for the page's own address."""

    action: str
    values: Values = field(default_factory=dict)

    def with_fields(self, **typed: str) -> Values:
        """What is sent after these fields were typed, without the token of the browser."""
        kept = {name: values for name, values in self.values.items() if name != "_csrf_token"}
        return {**kept, **{name: [value] for name, value in typed.items()}}


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[SentForm] = []
        self._inside = False
        self._text: str | None = None
        self._select: str | None = None
        self._first_option: str | None = None

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(SentForm(given.get("action", "")))
            self._inside = True
        elif self._inside:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "input" and name and "disabled" not in given:
            kind = given.get("type", "text")
            if kind in ("checkbox", "radio") and "checked" not in given:
                return
            if kind not in ("file", "submit"):
                self._add(name, given.get("value", "on" if kind in ("checkbox", "radio") else ""))
        elif tag == "textarea":
            self._text = name
            self._add(name, "")
        elif tag == "select":
            self._select, self._first_option = name, None
        elif tag == "option" and self._select:
            value = given.get("value", "")
            self._first_option = value if self._first_option is None else self._first_option
            if "selected" in given:
                self._add(self._select, value)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._text = None
        elif tag == "select" and self._select:
            if self._select not in self.forms[-1].values and self._first_option is not None:
                self._add(self._select, self._first_option)
            self._select = None

    @override
    def handle_data(self, data: str) -> None:
        if self._text:
            values = self.forms[-1].values[self._text]
            # A line break right after the tag is not part of the text.
            values[-1] = (values[-1] + data).removeprefix("\n")

    def _add(self, name: str, value: str) -> None:
        self.forms[-1].values.setdefault(name, []).append(value)


def forms_of(html: str) -> list[SentForm]:
    """The forms of a page, in order."""
    parser = _Parser()
    parser.feed(html)
    return parser.forms


def form_with(html: str, name: str) -> SentForm:
    """The first form of the page that has this field."""
    return next(form for form in forms_of(html) if name in form.values)
