"""The way into the office: links, sessions, and the way out."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.support.back_office import BackOffice
from tests.support.server import Service
from tests.support.staff import Staff, Visitor

pytestmark = pytest.mark.p2


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def test_a_member_sees_the_first_page(owner: Staff) -> None:
    page = await owner.get("/office")
    assert page.status == 200
    assert "Kim Park" in page.text


async def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(visitor: Visitor) -> None:
    answer = await visitor.get("/office/choose?next=/office/team")
    assert (answer.status, answer.location) == (303, "/office/sign-in?next=/office/choose%3Fnext%3D/office/team")


async def test_a_handed_link_signs_in_once_in_any_browser(service: Service, office: BackOffice) -> None:
    url = await service.container.hand_out_link()(office.producer.id, "olivia@globe.example", name="Olivia")
    browser = Visitor(client=service.client)
    page = await browser.get(path_of(url))
    assert (page.status, "Olivia" in page.text) == (200, True)

    token = urlsplit(url).query.removeprefix("token=")
    answer = await browser.post("/office/sign-in/link", token=token)
    assert (answer.status, answer.location) == (303, "/office")
    assert "Olivia" in (await browser.get("/office")).text

    another = Visitor(client=service.client)
    assert (await another.get(path_of(url))).status == 409
    assert (await another.post("/office/sign-in/link", token=token)).status == 409
