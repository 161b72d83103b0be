"""Fixtures and clean-up for the tests of the API."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from demo.stripe_sandbox import StripeSandbox
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice
from tests.support.factories import producer
from tests.support.server import Service


@pytest.fixture(autouse=True)
def stripe_works_again(sandbox: StripeSandbox) -> Iterator[None]:
    """Repair the shared Stripe after every test."""
    yield
    sandbox.control.faults.clear()
    sandbox.control.webhooks.paused = False


@pytest.fixture
async def office(box_office: BoxOffice, service: Service) -> BackOffice:
    """A new producer, with a token for all of a producer's operations."""
    new = producer(account=f"acct_{uuid4().hex}")
    return await open_back_office(box_office, service.container, new)


@pytest.fixture
async def other_office(box_office: BoxOffice, service: Service) -> BackOffice:
    """Another producer, who has no access to the first one's objects."""
    return await open_back_office(box_office, service.container, producer(account=f"acct_{uuid4().hex}"))
