"""Facts that the audit log records, and facts that it never does."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from domain.access import AccessToken, Actor, Scope
from domain.audit_log import Action, AuditFilter, changes, facts_of
from domain.inventory import Inventory
from tests.application.world import World
from tests.support.factories import DOORS, NOW, producer, promo_code, show, ticket


def test_only_what_differs_is_kept() -> None:
    stalls = ticket(price=2500, quantity=100, held=3)
    assert changes(stalls, replace(stalls, price=3000, inventory=Inventory(90, held=5))) == (
        {"price": 2500, "inventory": {"quantity": 100}},
        {"price": 3000, "inventory": {"quantity": 90}},
    )


def test_counters_are_no_change() -> None:
    stalls = ticket(quantity=100)
    assert changes(stalls, replace(stalls, inventory=Inventory(100, held=5, sold=2))) == ({}, {})


def test_what_is_new_has_no_before_and_what_is_gone_no_after() -> None:
    assert changes(None, {"name": "Stalls"}) == ({}, {"name": "Stalls"})
    assert changes({"name": "Stalls"}, None) == ({"name": "Stalls"}, {})


def test_facts_are_as_json_has_them() -> None:
    facts = facts_of(promo_code(discount="0.20", valid_until=DOORS))
    assert (facts["discount"], facts["valid_until"], facts["max_uses"]) == ("0.20", DOORS.isoformat(), None)
    assert facts_of({"scopes": frozenset({Scope.ORDERS, Scope.CATALOG})}) == {"scopes": ["catalog", "orders"]}
    globe = producer(currency="EUR", account="acct_1")
    assert facts_of(globe)["financial"] == {"stripe_account_id": "acct_1", "charges_enabled": True}
    assert facts_of(show(by=globe))["producer_id"] == str(globe.id)


def test_secrets_are_never_facts() -> None:
    token = AccessToken(
        id=uuid4(),
        producer_id=uuid4(),
        name="Till",
        scopes=frozenset({Scope.ORDERS}),
        secret_hash=b"hash",
        created_at=NOW,
    )
    assert "secret_hash" not in facts_of(token)


@pytest.mark.parametrize("thing", [b"bytes", object()])
def test_what_nobody_thought_of_is_refused(thing: object) -> None:
    with pytest.raises(TypeError):
        facts_of({"it": thing})


async def test_a_change_is_remembered_with_it_or_not_at_all(world: World) -> None:
    globe = producer()
    await world.add_producer(globe)
    actor, subject_id, token_show = Actor(globe.id, None, "office"), uuid4(), uuid4()
    async with world.database() as uow:
        await world.audit.record(uow, actor, Action.SHOW_DELETED, subject_id, before={"lost": Decimal("1.50")})
    async with world.database() as uow:
        await world.audit.record(
            uow,
            actor,
            Action.SHOW_CHANGED,
            subject_id,
            show_id=token_show,
            before={"a": 1, "b": 2},
            after={"a": 1, "b": 3},
        )
        await uow.commit()

    async with world.database() as uow:
        (entry,) = await uow.audit_log.page(globe.id, only=AuditFilter(), after=None, limit=10)

    assert (entry.at, entry.actor, entry.action) == (world.clock.now(), "office", "show.changed")
    assert (entry.subject_id, entry.show_id, entry.before, entry.after) == (subject_id, token_show, {"b": 2}, {"b": 3})
