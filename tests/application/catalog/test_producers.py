"""Producers and their access tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.catalog.producers import Authenticate, IssueToken, RegisterProducer, RevokeToken
from domain.access import MAX_NAME_LENGTH, AccessToken, Scope, hash_secret
from domain.catalog import ProducerFinancial
from domain.errors import InvalidEmail, InvalidRequest, NotFound
from tests.application.world import World
from tests.support.factories import NOW, USD, producer

PRODUCER_SCOPES = [Scope.CATALOG, Scope.ORDERS, Scope.CHECKIN]


@pytest.fixture
def register(world: World) -> RegisterProducer:
    return RegisterProducer(world.database, world.ids, world.audit)


@pytest.fixture
def issue_token(world: World) -> IssueToken:
    return IssueToken(world.database, world.clock, world.ids, world.audit)


@pytest.fixture
def revoke(world: World) -> RevokeToken:
    return RevokeToken(world.database, world.clock, world.audit)


@pytest.fixture
def authenticate(world: World) -> Authenticate:
    return Authenticate(world.database, world.clock)


def token(**overrides: Any) -> AccessToken:
    facts = {
        "id": uuid4(),
        "producer_id": uuid4(),
        "name": "Till",
        "scopes": frozenset(PRODUCER_SCOPES),
        "secret_hash": b"hash",
        "created_at": NOW,
    }
    return AccessToken(**{**facts, **overrides})


async def test_a_new_producer_is_stored(world: World, register: RegisterProducer) -> None:
    globe = await register(name=" Globe ", email="Office@GLOBE.example", currency_code="usd")
    assert (globe.name, globe.email, globe.currency) == ("Globe", "Office@globe.example", USD)
    assert globe.financial == ProducerFinancial(None, charges_enabled=False)
    async with world.database() as uow:
        assert await uow.producers.get(globe.id) == globe


async def test_a_producer_with_a_stripe_account_can_be_paid(register: RegisterProducer) -> None:
    globe = await register(name="Globe", email="office@globe.example", currency_code="USD", stripe_account_id="acct_1")
    assert globe.payout_account() == "acct_1"


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"name": "  "}, InvalidRequest, "name"),
        ({"email": "nobody"}, InvalidEmail, "email"),
        ({"currency_code": "XXX"}, InvalidRequest, "currency"),
    ],
)
async def test_a_producer_that_makes_no_sense_is_refused(
    register: RegisterProducer, wrong: dict[str, str], error: type[InvalidEmail | InvalidRequest], field: str
) -> None:
    with pytest.raises(error) as refusal:
        await register(**{"name": "Globe", "email": "office@globe.example", "currency_code": "USD", **wrong})  # type: ignore[arg-type]
    assert refusal.value.field == field


async def test_a_producers_token_opens_what_its_scopes_say(
    world: World, issue_token: IssueToken, authenticate: Authenticate
) -> None:
    globe = producer()
    await world.add_producer(globe)
    issued = await issue_token(producer_id=globe.id, name="Door", scopes=[Scope.CHECKIN])
    assert await authenticate(issued.secret) == issued.token
    assert issued.token.scopes == {Scope.CHECKIN}
    assert issued.token.producer_id == globe.id
    assert issued.token.created_at == world.clock.now()


async def test_a_platform_token_belongs_to_no_producer(issue_token: IssueToken, authenticate: Authenticate) -> None:
    issued = await issue_token(producer_id=None, name="Operator", scopes=[Scope.PLATFORM])
    assert await authenticate(issued.secret) == issued.token
    assert issued.token.producer_id is None


@pytest.mark.p2
async def test_a_secret_is_long_unlike_any_other_and_stored_nowhere(issue_token: IssueToken) -> None:
    first = await issue_token(producer_id=None, name="Operator", scopes=[Scope.PLATFORM])
    second = await issue_token(producer_id=None, name="Operator", scopes=[Scope.PLATFORM])
    assert first.secret != second.secret
    assert first.secret.startswith("pqt_")
    assert len(first.secret) == 47
    assert first.token.secret_hash == hash_secret(first.secret)
    assert first.secret not in repr(first)
    assert repr(first.token.secret_hash) not in repr(first)


@pytest.mark.p2
async def test_an_unknown_producer_gets_no_token(issue_token: IssueToken) -> None:
    with pytest.raises(NotFound):
        await issue_token(producer_id=uuid4(), name="Till", scopes=PRODUCER_SCOPES)


@pytest.mark.p2
@pytest.mark.parametrize("secret", ["", "pqt_guess", "ü"])
async def test_a_secret_that_was_never_issued_opens_nothing(authenticate: Authenticate, secret: str) -> None:
    assert await authenticate(secret) is None


@pytest.mark.p2
async def test_a_revoked_token_opens_nothing(
    world: World, issue_token: IssueToken, revoke: RevokeToken, authenticate: Authenticate
) -> None:
    issued = await issue_token(producer_id=None, name="Operator", scopes=[Scope.PLATFORM])
    await revoke(issued.token.id)
    world.clock.advance(timedelta(hours=1))
    await revoke(issued.token.id)
    assert await authenticate(issued.secret) is None


async def test_an_unknown_token_cannot_be_revoked(revoke: RevokeToken) -> None:
    with pytest.raises(NotFound):
        await revoke(uuid4())


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": frozenset()},
        {"scopes": frozenset([Scope.PLATFORM])},
        {"producer_id": None},
        {"producer_id": None, "scopes": frozenset([Scope.PLATFORM, Scope.ORDERS])},
        {"scopes": frozenset([Scope.PLATFORM, Scope.ORDERS])},
    ],
)
def test_platform_stands_alone_and_every_other_scope_belongs_to_a_producer(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        token(**wrong)
    assert refusal.value.field == "scopes"


@pytest.mark.parametrize("name", ["", "x" * (MAX_NAME_LENGTH + 1)])
def test_a_token_has_a_name_that_fits(name: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        token(name=name)
    assert refusal.value.field == "name"
