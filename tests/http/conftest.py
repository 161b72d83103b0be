"""What every test of the API leaves behind it."""

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
    """Tests share one Stripe: whatever one of them broke is mended for the next."""
    yield
    sandbox.control.faults.clear()
    sandbox.control.webhooks.paused = False


@pytest.fixture
async def office(box_office: BoxOffice, service: Service) -> BackOffice:
    """A new producer, with a token for everything that a producer may do."""
    new = producer(account=f"acct_{uuid4().hex}")
    return await open_back_office(box_office, service.container, new)


@pytest.fixture
async def other_office(box_office: BoxOffice, service: Service) -> BackOffice:
    """Another producer, whose things are none of the first one's business."""
    return await open_back_office(box_office, service.container, producer(account=f"acct_{uuid4().hex}"))
