"""Which statements would need more than one shard, if producers were distributed over several databases.

docs/scaling.md lists them with what they would become. A new one fails here: it gets another form, or a row there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from demo.embedded import EmbeddedPostgres
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import SandboxOptions, StripeSandbox
from domain.people import Role
from tests.http.test_examples_work import REFERENCE, prepare, send_example, theatre_of
from tests.support.back_office import open_back_office
from tests.support.box_office import BoxOffice
from tests.support.database import own_database
from tests.support.factories import producer
from tests.support.server import Service, free_port, running
from tests.support.staff import Staff, staff
from tests.support.statements import CENTRAL, EVERYWHERE, LOGGING, PRODUCERS_OWN, across_shards, statements_of
from tests.support.stripe_world import own_settings

DOCUMENT: Final = (Path(__file__).parents[2] / "docs/scaling.md").read_text(encoding="utf-8")
LISTED: Final = set(re.findall(r"^\| `(\w+ [a-z_, ]+ by [a-z_, ]+)` \|", DOCUMENT, re.MULTILINE))
LINK: Final = re.compile(r'href="(/office[^"#]*)"')
ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\?.*")


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server that logs each statement."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("talkative"), durable=False, settings=LOGGING) as engine:
        yield engine


async def walk_the_office(owner: Staff) -> None:
    """Open one page of each kind that a link leads to."""
    seen, waiting = set(), ["/office"]
    while waiting:
        path = waiting.pop()
        if (kind := ID.sub("", path)) in seen:
            continue
        seen.add(kind)
        page = await owner.follow(path)
        assert page.status < 500, (path, page.status)
        if "text/html" in page.headers.get("Content-Type", ""):
            waiting += [link.replace("&amp;", "&") for link in LINK.findall(page.html)]
    assert len(seen) > 15


async def housekeep(service: Service) -> None:
    """What workers and operators do beside tasks, once."""
    container = service.container
    for work in (
        container.release_overdue(),
        container.release_cancelled(),
        container.release_due_allocations(),
        container.refund_cancelled(),
        container.reconcile(),
        container.reconcile().look_for_lost_payments,
        container.review_refunds_and_disputes(),
        container.announce_pending_payments(),
        container.add_due_digests(),
        container.forget_claims(),
        container.forget_contents(),
        container.relay_tasks(),
        container.measure_backlog(),
    ):
        await work()


@pytest.mark.timeout(400)
async def test_statements_of_several_shards_are_known(talkative: EmbeddedPostgres, redis_url: str) -> None:
    port = free_port()
    webhooks = SandboxOptions(webhook_url=f"http://127.0.0.1:{port}/api/v1/webhooks/stripe")
    with own_database(talkative) as url, statements_of(talkative) as sent:
        async with StripeSandbox(webhooks) as sandbox, MailCatcher() as mailbox:
            settings = own_settings(url, redis_url, sandbox, mailbox, port)
            async with running(settings, port=port, with_worker=True) as service:
                box_office = BoxOffice(service.client, service.container.database(), sandbox)
                for operation in REFERENCE.operations.values():
                    office = await open_back_office(box_office, service.container, producer())
                    theatre = await theatre_of(office, box_office)
                    await prepare(theatre, operation)
                    await send_example(operation, theatre, service, settings)
                house = await theatre_of(await open_back_office(box_office, service.container, producer()), box_office)
                await house.order()
                await walk_the_office(await staff(service, house.office.producer, Role.OWNER))
                await housekeep(service)
    found = {across for statement in sent if (across := across_shards(statement))}
    assert len(sent) > 200
    assert sorted(found - LISTED) == []


def test_every_table_has_its_place() -> None:
    placed = dict(re.findall(r"^\| `(\w+)` \| (producer|central|everywhere) \|", DOCUMENT, re.MULTILINE))
    expected = {"producer": PRODUCERS_OWN, "central": CENTRAL, "everywhere": EVERYWHERE}
    assert placed == {table: place for place, tables in expected.items() for table in tables}


@pytest.mark.parametrize(
    ("statement", "across"),
    [
        ("SELECT * FROM orders WHERE id = ANY ($1)", None),
        ("SELECT * FROM orders o JOIN ticket_orders l ON l.order_id = o.id WHERE o.id = $1", None),
        ("UPDATE outbox SET state = $1 WHERE id = $2", None),
        ("INSERT INTO order_notes (id, order_id) VALUES ($1, $2)", None),
        ("SELECT * FROM persons WHERE address = $1", None),
        ("SELECT * FROM orders WHERE session_id = $1", "select orders by session_id"),
        ("SELECT * FROM orders WHERE idempotency_key = ANY ($1)", "select orders by idempotency_key"),
        ("SELECT id FROM outbox WHERE state = 'pending' AND relay_at <= $1", "select outbox by state"),
        ("DELETE FROM outbox WHERE due_at < $1", "delete outbox by nothing"),
        (
            "SELECT * FROM shows WHERE id = $1 AND EXISTS (SELECT FROM orders WHERE customer_email = $2)",
            "select orders by customer_email",
        ),
    ],
)
def test_what_a_statement_needs(statement: str, across: str | None) -> None:
    assert across_shards(statement) == across
