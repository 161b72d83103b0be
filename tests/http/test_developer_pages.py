"""The API's description for people: complete, the same as /schema, light, and strict about what it loads."""

from __future__ import annotations

import html
import re

import pytest

from domain.access import Scope
from entrypoints.web.api_reference import ApiReference
from entrypoints.web.developer_pages import SCOPES
from tests.support.api_schema import api_schema, operation, operations
from tests.support.box_office import BoxOffice
from tests.support.server import Service

REFERENCE = ApiReference(api_schema())


def words_of(page: bytes) -> str:
    """The page's text, with every run of white space as one space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.decode().replace("<wbr>", ""))).split())


async def test_overview_has_every_operation_once(box_office: BoxOffice) -> None:
    page = (await box_office.get("/developers")).content.decode()
    linked = re.findall(r'href="/developers/(\w+)"><b>', page)
    assert sorted(linked) == sorted(operation(*each)["operationId"] for each in operations())


@pytest.mark.parametrize("operation_id", REFERENCE.operations)
async def test_page_of_an_operation_has_all_that_the_schema_says(
    box_office: BoxOffice, service: Service, operation_id: str
) -> None:
    described = REFERENCE.operations[operation_id]
    answer = await box_office.get(f"/developers/{operation_id}")
    words = words_of(answer.content)
    assert answer.status == 200
    assert len(answer.content) < 70 * 1024
    assert " ".join(described.command(service.container.settings().public_url).split()) in words
    for part in (described.summary, described.path, *described.scopes):
        assert part in words
    fields = [*(described.body.fields if described.body else ()), *described.success.fields]
    assert [field.path for field in fields if field.path not in words] == []
    assert [each.name for each in described.parameters if each.name not in words] == []
    assert [each.code for each in described.refusals if f'/errors#{each.code}"' not in answer.content.decode()] == []


async def test_errors_have_their_status_and_a_message(box_office: BoxOffice) -> None:
    words = words_of((await box_office.get("/developers/errors")).content)
    for refusal in REFERENCE.refusals:
        assert f"{refusal.code} {refusal.status} {refusal.message}" in words
    assert "errors" not in REFERENCE.operations


async def test_pages_are_as_strict_as_all_others_and_set_no_cookie(box_office: BoxOffice) -> None:
    shows = (await box_office.get("/")).headers["Content-Security-Policy"]
    for path in ("/developers", "/developers/errors", "/developers/checkout"):
        answer = await box_office.get(path)
        assert answer.headers["Content-Security-Policy"] == shows
        assert "unsafe" not in shows
        assert "Set-Cookie" not in answer.headers
        assert re.findall(r"(?:src|href|action)=.(?:https?:)?//", answer.content.decode()) == []


async def test_what_is_no_operation_is_not_found(box_office: BoxOffice) -> None:
    assert (await box_office.get("/developers/nothing")).status == 404


def test_every_scope_is_explained() -> None:
    assert SCOPES.keys() == set(Scope)


def test_fields_are_named_as_errors_name_them() -> None:
    body = REFERENCE.operations["checkout"].body
    assert body is not None
    kinds = {field.path: (field.kind, field.required) for field in body.fields}
    assert kinds["tickets"] == ("list of objects", True)
    assert kinds["tickets[].quantity"] == ("whole number", True)
    assert kinds["customer.phone"] == ("text or null", False)


def test_commands_survive_a_shell() -> None:
    command = REFERENCE.operations["add_note"].command("https://tickets.example")
    assert command.startswith("curl 'https://tickets.example/api/v1/producer/orders/")
    assert '-H "Authorization: Bearer $TOKEN"' in command
    assert command.endswith("}'")
    refund = REFERENCE.operations["refund_show"].command("https://o'brien.example")
    assert "'https://o'\\''brien.example/" in refund
