"""Fixtures and clean-up for the tests of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from demo.stripe_sandbox import StripeSandbox
from domain.people import Role
from tests.support.back_office import BackOffice, open_back_office
from tests.support.box_office import BoxOffice
from tests.support.factories import producer
from tests.support.server import Service
from tests.support.staff import Staff, Visitor, staff

Hire = Callable[[Role], Awaitable[Staff]]


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


@pytest.fixture
def hire(service: Service, office: BackOffice) -> Hire:
    """New members of the office's team, signed in: ``owner = await hire(Role.OWNER)``."""

    def hired(role: Role) -> Awaitable[Staff]:
        return staff(service, office.producer, role)

    return hired


@pytest.fixture
async def owner(hire: Hire) -> Staff:
    """An owner of the office's producer, signed in."""
    return await hire(Role.OWNER)


@pytest.fixture
async def stranger(service: Service, other_office: BackOffice) -> Staff:
    """An owner of another producer, for whom nothing of the first one exists."""
    return await staff(service, other_office.producer, Role.OWNER)


@pytest.fixture
def visitor(service: Service) -> Visitor:
    """A browser that is not signed in."""
    return Visitor(client=service.client)


@pytest.fixture
def a_picture() -> bytes:
    """A new PNG."""
    stream = BytesIO()
    Image.new("RGB", (64, 36), f"#{uuid4().hex[:6]}").save(stream, "PNG")
    return stream.getvalue()
