"""Operations of the platform's token: registering producers, issuing and revoking their tokens."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from domain.access import MAX_NAME_LENGTH, Scope
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice
from tests.support.server import Service

GLOBE = {"name": "Globe", "email": "office@globe.example", "currency": "EUR"}


class Platform:
    """Requests with one secret."""

    def __init__(self, box_office: BoxOffice, secret: str | None) -> None:
        self._box_office = box_office
        self._headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}

    async def request(self, method: str, path: str = "", **parameters: Any) -> Answer:
        return await self._box_office.request(method, f"/api/v1/producers{path}", headers=self._headers, **parameters)

    async def register(self, **fields: Any) -> Answer:
        return await self.request("POST", json={**GLOBE, **fields})

    async def give_token(self, producer_id: Any, **fields: Any) -> Answer:
        body = {"name": "Till", "scopes": ["orders", "checkin"], **fields}
        return await self.request("POST", f"/{producer_id}/tokens", json=body)


@pytest.fixture
async def platform(box_office: BoxOffice, service: Service) -> Platform:
    issued = await service.container.issue_token()(producer_id=None, name="platform", scopes=[Scope.PLATFORM])
    return Platform(box_office, issued.secret)


async def test_producer_is_registered_without_an_account(platform: Platform) -> None:
    answer = await platform.register()
    body = answer.body
    assert answer.status == 201
    assert body.pop("id")
    assert body == {**GLOBE, "stripe_account_id": None, "charges_enabled": False, "tax": "exclusive", "fees": "buyer"}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"name": " "}, "invalid_request", "name"),
        ({"name": "two\nlines"}, "invalid_request", "name"),
        ({"email": "nobody"}, "invalid_email", "email"),
        ({"currency": "XXX"}, "invalid_request", "currency"),
        ({"stripe_account_id": "acct_1"}, "invalid_request", "stripe_account_id"),
        ({"name": None}, "invalid_request", "name"),
    ],
)
async def test_producer_that_makes_no_sense_is_refused(
    platform: Platform, fields: dict[str, Any], code: str, field: str
) -> None:
    answer = await platform.register(**fields)
    answer.refused(400, code)
    assert answer.body["field"] == field


async def test_token_opens_what_its_scopes_say_until_it_is_revoked(platform: Platform, box_office: BoxOffice) -> None:
    producer_id = (await platform.register()).body["id"]
    issued = await platform.give_token(producer_id, scopes=["catalog"])
    token = issued.body
    assert issued.status == 201
    assert token["scopes"] == ["catalog"]
    assert token["token"].startswith("pqt_")

    headers = {"Authorization": f"Bearer {token['token']}"}
    opened = await box_office.get("/api/v1/producer/account", headers=headers)
    assert (opened.status, opened.body["id"]) == (200, producer_id)

    assert (await platform.request("DELETE", f"/{producer_id}/tokens/{token['id']}")).status == 204
    (await box_office.get("/api/v1/producer/account", headers=headers)).refused(401, "unauthorized")
    assert (await platform.request("DELETE", f"/{producer_id}/tokens/{token['id']}")).status == 204


async def test_tokens_are_listed_without_their_secrets(platform: Platform, box_office: BoxOffice) -> None:
    producer_id = (await platform.register()).body["id"]
    used = (await platform.give_token(producer_id, scopes=["catalog"])).body
    unused = (await platform.give_token(producer_id, name="Door", scopes=["checkin"])).body
    await box_office.get("/api/v1/producer/account", headers={"Authorization": f"Bearer {used['token']}"})

    listed = await platform.request("GET", f"/{producer_id}/tokens")

    assert used["token"] not in listed.content.decode()
    assert listed.body["next_cursor"] is None
    first, second = listed.body["items"]
    assert first["last_used_at"] is not None
    assert second == {name: value for name, value in unused.items() if name != "token"}
    assert second["last_used_at"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": []},
        {"scopes": ["platform"]},
        {"scopes": ["everything"]},
        {"scopes": "orders"},
        {"name": ""},
        {"name": "x" * (MAX_NAME_LENGTH + 1)},
        {"secret": "mine"},
    ],
)
async def test_token_that_makes_no_sense_is_refused(platform: Platform, fields: dict[str, Any]) -> None:
    producer_id = (await platform.register()).body["id"]
    (await platform.give_token(producer_id, **fields)).refused(400, "invalid_request")
    longest = await platform.give_token(producer_id, name="x" * MAX_NAME_LENGTH)
    assert longest.status == 201


async def test_who_does_not_exist_gets_and_loses_no_token(platform: Platform) -> None:
    producer_id, other_id = (await platform.register()).body["id"], (await platform.register()).body["id"]
    token_id = (await platform.give_token(other_id)).body["id"]

    (await platform.give_token(uuid4())).refused(404, "not_found")
    (await platform.request("GET", f"/{uuid4()}/tokens")).refused(404, "not_found")
    (await platform.request("DELETE", f"/{producer_id}/tokens/{uuid4()}")).refused(404, "not_found")
    (await platform.request("DELETE", f"/{producer_id}/tokens/{token_id}")).refused(404, "not_found")


async def test_only_the_platform_is_let_in(box_office: BoxOffice, office: BackOffice) -> None:
    for secret, status, code in (
        (None, 401, "unauthorized"),
        ("pqt_x", 401, "unauthorized"),
        (office.secret, 403, "forbidden"),
    ):
        stranger = Platform(box_office, secret)
        producer_id = office.producer.id
        for answer in (
            await stranger.register(),
            await stranger.give_token(producer_id),
            await stranger.request("GET", f"/{producer_id}/tokens"),
            await stranger.request("DELETE", f"/{producer_id}/tokens/{office.token_id}"),
        ):
            answer.refused(status, code)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_the_platform_has_no_shows_of_its_own(box_office: BoxOffice, service: Service) -> None:
    issued = await service.container.issue_token()(producer_id=None, name="platform", scopes=[Scope.PLATFORM])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    (await box_office.get("/api/v1/producer/shows", headers=headers)).refused(403, "forbidden")


async def test_what_the_platform_does_is_in_the_producers_audit_trail(
    platform: Platform, box_office: BoxOffice
) -> None:
    producer_id = (await platform.register()).body["id"]
    token = (await platform.give_token(producer_id, scopes=["catalog"])).body
    other = (await platform.give_token(producer_id, name="Door", scopes=["checkin"])).body
    await platform.request("DELETE", f"/{producer_id}/tokens/{other['id']}")

    log = await box_office.get("/api/v1/producer/audit-log", headers={"Authorization": f"Bearer {token['token']}"})

    assert [(entry["action"], entry["subject_id"], entry["actor"]) for entry in log.body["items"]] == [
        ("token.revoked", other["id"], "platform"),
        ("token.issued", other["id"], "platform"),
        ("token.issued", token["id"], "platform"),
        ("producer.registered", producer_id, "platform"),
    ]
    assert token["token"] not in log.content.decode()
    assert log.body["items"][1]["after"] == {"name": "Door", "scopes": ["checkin"]}
