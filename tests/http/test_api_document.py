"""docs/api.md has the operations, error codes and fields of the OpenAPI document, and all commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from entrypoints.cli.main import main
from entrypoints.http.openapi import STATUSES
from tests.support.api_schema import api_schema, operations

DOCUMENT = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
#: The beginning of a table's row.
OPERATION = re.compile(r"^\| `(GET|PUT|POST|PATCH|DELETE) (/\S*)` \| (.*?) \| (.*?) \|", re.MULTILINE)
ERROR = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.MULTILINE)
OBJECT = re.compile(r"^\| `(\w+)` \| (`\w+`.*) \|$", re.MULTILINE)
COMMAND = re.compile(r"^\| `piquetickets ([^`\[]+)", re.MULTILINE)


def name_of(reference: str) -> str:
    return reference.rpartition("/")[2]


def test_every_operation_is_there_once() -> None:
    documented = [(method, path) for method, path, _, _ in OPERATION.findall(DOCUMENT)]
    assert sorted(documented) == sorted(operations())


def test_every_operation_has_its_body_and_its_answer() -> None:
    for method, path, body, answer in OPERATION.findall(DOCUMENT):
        described = api_schema()["paths"][path][method.lower()]
        contents = described.get("requestBody", {}).get("content", {})
        schemas = [content["schema"].get("$ref") for content in contents.values()]
        assert body == "".join(f"`{name_of(schema)}`" if schema else "bytes" for schema in schemas[:1]), path
        [(status, success)] = [each for each in described["responses"].items() if each[0] < "400"]
        media = "".join(list(success.get("content", {}))[:1])
        schema = success["content"][media]["schema"].get("$ref") if media else None
        assert answer == " ".join(filter(None, (status, f"`{name_of(schema)}`" if schema else media))), path


def test_every_error_code_is_there_once_with_its_status() -> None:
    documented = [(code, int(status)) for status, code in ERROR.findall(DOCUMENT)]
    assert sorted(documented) == sorted((code, int(status)) for code, status in STATUSES.items())


@pytest.mark.parametrize(("name", "fields"), OBJECT.findall(DOCUMENT))
def test_objects_have_the_fields_that_are_listed(name: str, fields: str) -> None:
    schema = api_schema()["components"]["schemas"][name]
    optional = set(schema["properties"]) - set(schema.get("required", [])) if name.endswith("In") else set()
    marks = {field: " (optional)" if field in optional else "" for field in schema["properties"]}
    assert fields == ", ".join(f"`{field}`{mark}" for field, mark in marks.items())


def leaves(command: click.Command, name: str = "") -> Iterator[str]:
    """The full names of the commands that do something."""
    if not isinstance(command, click.Group):
        yield name
        return
    context = click.Context(command)
    for child in command.list_commands(context):
        each = command.get_command(context, child)
        assert each is not None
        yield from leaves(each, f"{name} {child}".strip())


def test_every_command_is_there_once() -> None:
    documented = [re.sub(r" (--|[A-Z]).*", "", words).strip() for words in COMMAND.findall(DOCUMENT)]
    assert sorted(documented) == sorted(leaves(main))


def test_every_field_says_what_it_means() -> None:
    """A new field needs a line in ``entrypoints/http/field_words.py``, or a description of its type."""
    silent = {
        f"{name}.{field}"
        for name, schema in api_schema()["components"]["schemas"].items()
        for field, of_type in schema.get("properties", {}).items()
        if not of_type.get("description")
    }
    assert silent == set()
