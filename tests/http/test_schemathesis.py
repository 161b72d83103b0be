"""Schemathesis: for any request of a stranger the answer fits the schema, and is never a mistake of ours.

One test for each operation, against the running service, with a token that opens it, and ids of objects that exist as
well as of others. The same cases on every run, and more of them in a thorough one.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from domain.access import Scope
from domain.production import Production
from tests.support.api_schema import api_schema, operation, operations
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json
from tests.support.examples import examples
from tests.support.factories import donation_ticket, promo_code, ticket
from tests.support.server import Service

CASES: Final = examples(8)
#: No answer takes longer, even on a busy machine.
PATIENCE_SECONDS: Final = 60
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
once_an_operation = settings(
    max_examples=CASES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def _can_be_sent(method: str, path: str, mode: GenerationMode) -> bool:
    """Whether there are requests of this kind.

    An operation without input, or with only a header of any text, has no invalid ones.
    """
    described = operation(method, path)
    takes = [parameter for parameter in described.get("parameters", []) if parameter["in"] != "header"]
    return mode is GenerationMode.POSITIVE or bool(takes or "requestBody" in described or "security" in described)


@pytest.fixture(scope="module")
def described() -> Any:
    """The schema as Schemathesis reads it."""
    return schemathesis.openapi.from_dict(api_schema())


@pytest.fixture
async def known(office: BackOffice, box_office: BoxOffice) -> Json:
    """Ids of existing objects, by their names in paths and bodies."""
    code = promo_code()
    on_sale = await box_office.put_on_sale(ticket(), donation_ticket(), promo_codes=[code], by=office.producer)
    production = Production.planned(id=uuid4(), producer_id=office.producer.id, title="Twelfth Night")
    async with box_office.unit_of_work() as uow:
        await uow.productions.add(production)
        await uow.shows.save(on_sale.show.changed(production_id=production.id))
        await uow.commit()
    placed = (await box_office.checkout(on_sale.cart(1), promo_code="TEST20")).created()
    return {
        "show_id": str(on_sale.id),
        "show_ids": [str(on_sale.id)],
        "template_show_id": str(on_sale.id),
        "production_id": str(production.id),
        "ticket_id": str(on_sale.tickets[0].id),
        "promo_code_id": str(code.id),
        "order_id": placed["order_id"],
        "session_id": placed["session_id"],
        "producer_id": str(office.producer.id),
        "token_id": str(office.token_id),
        "tickets": on_sale.cart(1, 0)["tickets"],
        "customer": {"name": "Ada Lovelace", "email": "ada@example.org"},
    }


@pytest.fixture
async def secret(office: BackOffice, service: Service, request: pytest.FixtureRequest) -> str:
    """The token that the operation needs."""
    if not request.getfixturevalue("path").startswith("/api/v1/producers"):
        return office.secret or ""
    issued = await service.container.issue_token()(producer_id=None, name="platform", scopes=[Scope.PLATFORM])
    return issued.secret


# The service runs in this process, and its mails take their boundaries from ``random`` while a case is being drawn.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (method, path, mode)
        for method, path in operations()
        for mode in GenerationMode
        if _can_be_sent(method, path, mode)
    ],
    ids=lambda value: str(getattr(value, "value", value)),
)
async def test_answers_are_what_the_schema_says(
    described: Any, service: Service, known: Json, secret: str, method: str, path: str, mode: GenerationMode
) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    cases = described[path][method].as_strategy(generation_mode=mode)

    @once_an_operation
    @given(case=cases, of_what_exists=st.booleans())
    def whatever_is_sent(case: Any, of_what_exists: bool) -> None:
        if of_what_exists:
            for part in ("path_parameters", "query", "body"):
                setattr(case, part, _of_what_exists(getattr(case, part), known))
        case.call_and_validate(
            base_url=service.url, headers=headers, checks=CHECKS, allow_redirects=False, timeout=PATIENCE_SECONDS
        )

    await asyncio.to_thread(whatever_is_sent)


def _of_what_exists(sent: Any, known: Json) -> Any:
    """A copy with the ids of existing objects, at any depth. What is sent may be an example of the schema itself."""
    if isinstance(sent, dict):
        return {name: known[name] if name in known else _of_what_exists(value, known) for name, value in sent.items()}
    if isinstance(sent, list):
        return [_of_what_exists(value, known) for value in sent]
    return sent
