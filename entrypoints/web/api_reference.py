"""The API's OpenAPI document as people read it: sections of operations, fields by their paths, requests to copy.

Only what is the same for all readers: an installation makes it once, from the document that ``/schema`` serves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

Json = Mapping[str, Any]

_JSON: Final = "application/json"
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_FORMATS: Final = {"uuid": "UUID", "date-time": "date and time", "date": "date", "binary": "file"}
_TYPES: Final = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_PLURALS: Final = {"text": "texts", "UUID": "UUIDs", "object": "objects", "whole number": "whole numbers"}
#: Names of files in example commands.
_FILES: Final = {"image/png": "poster.png", "image/jpeg": "poster.jpg", "image/webp": "poster.webp"}


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a body. ``path`` is as an error's ``field`` names it; ``depth`` is 0 for fields of the body itself."""

    path: str
    kind: str
    required: bool
    about: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of a request beside its body. ``place`` is path, query or header; ``example`` is None where the example
    request leaves it out.
    """

    name: str
    place: str
    kind: str
    required: bool
    about: str
    example: str | None


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent. ``example`` is text, None for a file; ``kinds`` are the media types that are taken."""

    kinds: Sequence[str]
    fields: Sequence[Field]
    example: str | None

    @property
    def is_json(self) -> bool:
        return self.kinds[0] == _JSON

    @property
    def file(self) -> str:
        """The name of the file in the example command."""
        return _FILES.get(self.kinds[0], "guests.csv")


@dataclass(frozen=True, slots=True)
class Success:
    """The answer to a request that was done."""

    status: int
    kind: str
    fields: Sequence[Field]
    example: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error, as the table of the contract has it. ``message`` is an example."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation; ``scopes`` are those of which a token needs one. ``open_to_all``: it needs none."""

    id: str
    method: str
    path: str
    section: str
    summary: str
    about: str
    scopes: Sequence[str]
    open_to_all: bool
    parameters: Sequence[Parameter]
    body: Body | None
    success: Success
    refusals: Sequence[Refusal]

    @property
    def needs_token(self) -> bool:
        return bool(self.scopes) and not self.open_to_all

    @property
    def changes_nothing(self) -> bool:
        """Whether it only reads, so trying it is harmless."""
        return self.method == "GET" or self.path.endswith(("/quote", "/preview", "/export"))

    @property
    def address(self) -> str:
        """Path and query of the example request."""
        path = self.path
        for parameter in self.parameters:
            if parameter.place == "path":
                path = path.replace(f"{{{parameter.name}}}", quote(parameter.example or "", safe=""))
        query = "&".join(
            f"{each.name}={quote(each.example, safe='')}"
            for each in self.parameters
            if each.place == "query" and each.example is not None
        )
        return f"{path}?{query}" if query else path

    def command(self, home: str) -> str:
        """The example request for a shell, to the installation at ``home``."""
        parts = [f"curl {_quoted(home + self.address)}"]
        if self.method != ("POST" if self.body else "GET"):
            parts[0] = f"curl -X {self.method} {_quoted(home + self.address)}"
        if self.needs_token:
            parts.append('-H "Authorization: Bearer $TOKEN"')
        parts += [
            f"-H {_quoted(f'{each.name}: {each.example}')}"
            for each in self.parameters
            if each.place == "header" and each.example is not None
        ]
        if self.body and self.body.is_json:
            parts.append(f"--json {_quoted(self.body.example or '')}")
        elif self.body:
            parts += [f"-H 'Content-Type: {self.body.kinds[0]}'", f"--data-binary @{self.body.file}"]
        if not self.success.kind.startswith((_JSON, "text/")) and self.success.example is None and self.success.kind:
            parts.append("-OJ")
        return " \\\n  ".join(parts)


@dataclass(frozen=True, slots=True)
class Section:
    """Operations that belong together."""

    name: str
    operations: Sequence[Operation]

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z]+", "-", self.name.lower()).strip("-")


class ApiReference:
    """The document, for people."""

    def __init__(self, document: Json) -> None:
        self._reading = _Reading(document)
        self._document = document

    @cached_property
    def sections(self) -> list[Section]:
        """All operations, in the document's order of sections."""
        by_name: dict[str, list[Operation]] = {}
        for path, item in self._document["paths"].items():
            for method in _METHODS:
                if described := item.get(method):
                    operation = self._reading.operation(method.upper(), path, described)
                    by_name.setdefault(operation.section, []).append(operation)
        return [Section(name, operations) for name, operations in by_name.items()]

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """All operations by id."""
        return {operation.id: operation for section in self.sections for operation in section.operations}

    @cached_property
    def refusals(self) -> list[Refusal]:
        """Every error that any operation can answer with, by status."""
        found = {each.code: each for operation in self.operations.values() for each in operation.refusals}
        return sorted(found.values(), key=lambda each: each.status)

    def section_of(self, operation: Operation) -> Section:
        return next(section for section in self.sections if section.name == operation.section)


class _Reading:
    """Reads operations out of the document, with all references followed."""

    def __init__(self, document: Json) -> None:
        self._schemas: Json = document["components"]["schemas"]

    def operation(self, method: str, path: str, described: Json) -> Operation:
        security: Sequence[Mapping[str, list[str]]] = described.get("security", [])
        return Operation(
            id=described["operationId"],
            method=method,
            path=path,
            section=described["tags"][0],
            summary=described["summary"],
            about=described["description"],
            scopes=[scope for way in security for scopes in way.values() for scope in scopes],
            open_to_all={} in security,
            parameters=[self._parameter(each) for each in described.get("parameters", [])],
            body=self._body(described["requestBody"]["content"]) if "requestBody" in described else None,
            success=next(
                self._success(int(status), answer.get("content") or {})
                for status, answer in described["responses"].items()
                if status < "400"
            ),
            refusals=list(_refusals(described["responses"])),
        )

    def _parameter(self, described: Json) -> Parameter:
        schema = described["schema"]
        return Parameter(
            name=described["name"],
            place=described["in"],
            kind=self.kind(schema),
            required=described["required"],
            about=_about(described.get("description", ""), schema),
            example=next((str(each["value"]) for each in described.get("examples", {}).values()), None),
        )

    def _body(self, content: Json) -> Body:
        kinds = list(content)
        media = content[kinds[0]]
        fields = _said_once(self.fields(media["schema"])) if kinds[0] == _JSON else []
        return Body(kinds, fields, _example(media))

    def _success(self, status: int, content: Json) -> Success:
        if not content:
            return Success(status, "", [], None)
        kind, media = next(iter(content.items()))
        fields = _said_once(self.fields(media["schema"])) if kind == _JSON else []
        return Success(status, kind, fields, _example(media))

    def fields(
        self, schema: Json, path: str = "", depth: int = 0, above: frozenset[str] = frozenset()
    ) -> Iterator[Field]:
        """The fields of an object or a list of objects, and those of the objects within. A type within itself is not
        followed twice.
        """
        inner, path = self._object_in(schema, path)
        if inner is None or inner.get("title", path) in above:
            return
        required = inner.get("required", [])
        for name, described in inner["properties"].items():
            own = f"{path}.{name}" if path else name
            about = _about(described.get("description", ""), described)
            yield Field(own, self.kind(described), name in required, about, depth)
            yield from self.fields(described, own, depth + 1, above | {inner.get("title", path)})

    def _object_in(self, schema: Json, path: str) -> tuple[Json | None, str]:
        """The object with fields that the schema is, perhaps in lists or beside null, and the path to it."""
        for choice in self._choices(schema):
            if choice.get("properties"):
                return choice, path
            if choice.get("type") == "array":
                return self._object_in(choice["items"], f"{path}[]")
        return None, path

    def _choices(self, schema: Json) -> list[Json]:
        """The alternatives of a schema, with references followed and without null."""
        if "$ref" in schema:
            return self._choices(self._schemas[schema["$ref"].rpartition("/")[2]])
        several = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
        if several:
            return [choice for each in several for choice in self._choices(each)]
        return [] if schema.get("type") == "null" else [schema]

    def _may_be_null(self, schema: Json) -> bool:
        return any(each.get("type") == "null" for each in schema.get("oneOf", ()))

    def kind(self, schema: Json) -> str:
        """The type in words."""
        words = list(dict.fromkeys(self._kind(choice) for choice in self._choices(schema))) or ["anything"]
        return " or ".join([*words, *(["null"] if self._may_be_null(schema) else [])])

    def _kind(self, choice: Json) -> str:
        if "enum" in choice:
            return "one of " + ", ".join(f"``{value}``" for value in choice["enum"])
        if "const" in choice:
            return f"``{choice['const']}``"
        if choice.get("type") == "array":
            return "list of " + _PLURALS.get(kind := self.kind(choice["items"]), kind)
        if choice.get("type") == "object" or "properties" in choice:
            return "object"
        return _FORMATS.get(choice.get("format", ""), _TYPES.get(str(choice.get("type")), "anything"))


def _said_once(fields: Iterable[Field]) -> list[Field]:
    """The fields; where several have the same description, those after the first refer to it."""
    first: dict[str, str] = {}
    said = []
    for field in fields:
        path = first.setdefault(field.about, field.path) if field.about else field.path
        said.append(field if path == field.path else replace(field, about=f"As ``{path}``."))
    return said


def _about(description: str, schema: Json) -> str:
    """The description, and limits that a schema states."""
    limits = [
        words.format(schema[name])
        for name, words in (
            ("maxLength", "at most {} characters"),
            ("maxItems", "at most {} items"),
            ("minimum", "at least {:g}"),
            ("maximum", "at most {:g}"),
        )
        if name in schema
    ]
    if schema.get("default") not in (None, ""):
        limits.append(f"``{json.dumps(schema['default'])}`` unless it is given")
    ending = "" if not description or description.endswith(".") else "."
    said = ", ".join(limits)
    return " ".join(filter(None, (description + ending, said[:1].upper() + said[1:] + "." if said else "")))


def _example(media: Json) -> str | None:
    value = next((each["value"] for each in media.get("examples", {}).values()), None)
    return value if value is None or isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _refusals(responses: Json) -> Iterator[Refusal]:
    for status, answer in sorted(responses.items()):
        for media in (answer.get("content") or {}).values() if status >= "400" else ():
            for example in media.get("examples", {}).values():
                if "code" in example["value"]:
                    yield Refusal(int(status), example["value"]["code"], example["value"]["message"])


def _quoted(text: str) -> str:
    """The text as one word of a shell, readable."""
    return "'" + text.replace("'", "'\\''") + "'"
