"""The API's description is complete, and its examples are valid."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest

from entrypoints.http.errors import ERRORS
from entrypoints.http.examples import ERROR_MESSAGES, EXAMPLES
from entrypoints.http.openapi import STATUSES
from tests.support.api_schema import api_schema, operation, operations
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket

JSON = "application/json"
#: Operations whose requests are complete with method and path.
TAKE_NO_BODY = {
    ("POST", "/api/v1/producer/allocations/{allocation_id}/release"),
    ("POST", "/api/v1/orders/{order_id}/cancel"),
    ("POST", "/api/v1/producer/account/onboarding"),
    ("POST", "/api/v1/producer/orders/{order_id}/resend"),
    ("POST", "/api/v1/producer/print-jobs/next"),
    ("POST", "/api/v1/producer/print-jobs/{job_id}/printed"),
}
every_operation = pytest.mark.parametrize(("method", "path"), operations())


def examples_of(content: dict[str, Any]) -> list[Any]:
    return [example["value"] for example in content[JSON].get("examples", {}).values()]


def assert_valid(schema: dict[str, Any], value: Any) -> None:
    validator = jsonschema_rs.validator_for({**schema, "components": api_schema()["components"]}, validate_formats=True)
    assert [error.message for error in validator.iter_errors(value)] == []


@every_operation
def test_every_operation_says_what_it_does(method: str, path: str) -> None:
    described = operation(method, path)
    assert described["summary"]
    assert described["description"]
    assert described["tags"]
    assert described["operationId"]


@every_operation
def test_every_operation_says_what_it_takes(method: str, path: str) -> None:
    takes_a_body = method in {"POST", "PUT", "PATCH"} and (method, path) not in TAKE_NO_BODY
    assert ("requestBody" in operation(method, path)) is takes_a_body
    if takes_a_body:
        assert operation(method, path)["requestBody"]["required"]


@every_operation
def test_every_operation_says_how_it_succeeds_and_fails(method: str, path: str) -> None:
    described = operation(method, path)
    answers = described["responses"]
    (success,) = [status for status in answers if status < "400"]
    assert bool(answers[success].get("content")) is (success not in {"204", "303"})
    if path.startswith("/api/"):
        assert {"400", "503"} <= answers.keys()  # every operation refuses unknown parameters
        assert ("404" in answers) >= ("{" in path)


@every_operation
def test_every_body_has_an_example_that_is_one(method: str, path: str) -> None:
    described = operation(method, path)
    bodies = [described["requestBody"]["content"]] if "requestBody" in described else []
    bodies += [answer["content"] for answer in described["responses"].values() if answer.get("content")]
    for content in bodies:
        if JSON not in content:
            continue  # a file
        examples = examples_of(content)
        assert examples, f"{method} {path}: {content[JSON]['schema']}"
        for example in examples:
            assert_valid(content[JSON]["schema"], example)


@every_operation
def test_every_error_is_described_by_its_codes(method: str, path: str) -> None:
    for status, answer in operation(method, path)["responses"].items():
        if status < "400" or path.startswith("/health"):
            continue
        assert answer["content"].keys() == {JSON}
        assert answer["content"][JSON]["schema"] == {"$ref": "#/components/schemas/ErrorOut"}
        assert examples_of(answer["content"])
        for example in examples_of(answer["content"]):
            assert STATUSES[example["code"]] == int(status)
            assert example["code"] in answer["description"]


@every_operation
def test_guarded_operations_say_which_scope_they_need(method: str, path: str) -> None:
    described = operation(method, path)
    if path.startswith(("/api/v1/producer/", "/api/v1/producers")):
        assert all(requirement.get("bearer") for requirement in described["security"])
        assert {"401", "403"} <= described["responses"].keys()


def test_operations_have_names_of_their_own() -> None:
    names = Counter(operation(method, path)["operationId"] for method, path in operations())
    assert [name for name, count in names.items() if count > 1] == []


def test_every_code_has_a_message() -> None:
    assert {row.code for row in ERRORS.values()} <= ERROR_MESSAGES.keys()
    assert ERROR_MESSAGES.keys() == STATUSES.keys()


def test_examples_are_of_types_that_exist() -> None:
    assert EXAMPLES.keys() <= api_schema()["components"]["schemas"].keys()


def test_requests_are_refused_with_any_field_too_many() -> None:
    schemas = api_schema()["components"]["schemas"]
    incoming = [schema for name, schema in schemas.items() if name.endswith("In")]
    assert incoming
    assert all(schema["additionalProperties"] is False for schema in incoming)


def address_of(path: str) -> str:
    """The path with a value in each of its places."""
    return re.sub(r"\{[^}]*\}", str(uuid4()), path)


@pytest.mark.parametrize(("method", "path"), [each for each in operations() if "/api/v1/" in each[1]])
async def test_no_operation_takes_a_parameter_that_it_does_not_know(office: BackOffice, method: str, path: str) -> None:
    if path.endswith("/webhooks/stripe"):  # Stripe calls the address that it was given
        return
    for parameter in ("surprise", "Limit", "stauts"):
        answer = await office.box_office.request(method, f"{address_of(path)}?{parameter}=1")
        assert "Unknown query parameter" in answer.refused(400, "invalid_request")
        assert answer.body["field"] == parameter
        assert "400" in operation(method, path)["responses"]


@pytest.mark.parametrize(
    ("method", "path"),
    [each for each in operations() if "/api/v1/" in each[1] and "requestBody" not in operation(*each)],
)
async def test_operations_without_a_body_take_none(office: BackOffice, method: str, path: str) -> None:
    answer = await office.box_office.request(method, address_of(path), json={"email": "ada@example.org"})
    assert "takes no body" in answer.refused(400, "invalid_request")
    empty = await office.box_office.request(method, address_of(path), json={})
    assert empty.status != 400 or "takes no body" not in empty.body["message"]


async def test_links_of_mails_and_pages_may_carry_what_campaigns_append(
    office: BackOffice, box_office: BoxOffice
) -> None:
    on_sale = await box_office.put_on_sale(ticket(price=0), by=office.producer)
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    tracking = "utm_source=mail&fbclid=x&gclid=y"
    order = f"/api/v1/orders/{placed['order_id']}"
    for address in (
        f"/shows/{on_sale.id}?{tracking}&foo=1",
        f"{order}/tickets.pdf?token={placed['order_token']}&{tracking}",
        f"{order}/calendar.ics?token={placed['order_token']}&{tracking}",
    ):
        assert (await box_office.get(address)).status == 200
    (await box_office.post(f"{order}/cancel?token={placed['order_token']}&utm_source=x")).refused(
        400, "invalid_request"
    )


async def test_the_schema_is_served(box_office: BoxOffice) -> None:
    served = (await box_office.get("/schema")).body
    assert served["paths"] == api_schema()["paths"]
    assert served["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
