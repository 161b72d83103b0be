"""Addresses of the office that lead nowhere, and the menu that leads everywhere."""

from __future__ import annotations

import re

import pytest

from domain.people import Role
from tests.http.conftest import Hire
from tests.support.staff import Staff, Visitor

pytestmark = pytest.mark.p2

MISTYPED = (
    "/office/nothing",
    "/office/orders/a/b/c",
    "/office/team/nothing",
    "/office/shows/12/edit",
    "/office/me/name",
)


@pytest.mark.parametrize("path", MISTYPED)
async def test_a_mistyped_address_answers_inside_the_office(owner: Staff, path: str) -> None:
    page = await owner.get(path)
    assert page.status in (404, 405)
    assert 'aria-label="Office"' in page.html
    assert "To the office" in page.text
    assert "what is on sale" not in page.text
    assert page.headers["Cache-Control"] == "private, no-store" or "no-store" in page.headers["Cache-Control"]


async def test_who_is_not_signed_in_is_told_nothing_of_the_office(visitor: Visitor) -> None:
    page = await visitor.get("/office/nothing")
    assert page.status == 404
    assert 'aria-label="Office"' not in page.html
    assert "Sign in" in page.text


async def test_programs_get_an_error_and_buyers_the_shop(owner: Staff, visitor: Visitor) -> None:
    plain = await owner.request("GET", "/office/nothing", headers={"Accept": "application/json"})
    assert (plain.status, plain.headers["Content-Type"]) == (404, "application/json")
    for path in ("/nothing", "/officer"):
        shop = await visitor.get(path)
        assert (shop.status, "Here is what is on sale" in shop.text) == (404, True)


async def test_what_is_seldom_needed_is_behind_one_button(owner: Staff, hire: Hire) -> None:
    page = await owner.get("/office/team")
    daily, _, seldom = page.html[page.html.index('class="areas"') :].partition("<details>")
    assert re.findall(r">([A-Z][a-z]+)</a>", daily) == ["Today", "Shows", "Orders", "Attendees", "Counter", "Reports"]
    menu = seldom.partition("</details>")[0]
    assert re.findall(r">([A-Z][a-z]+)</a>", menu) == ["Branding", "Work", "Devices", "Account", "Team", "Log"]
    assert '<summary class="is-here">Team</summary>' in page.html
    assert ">More</summary>" in (await owner.get("/office/orders")).html
    clerk = await hire(Role.BOX_OFFICE)
    of_clerk = await clerk.get("/office/orders")
    assert 'href="/office/jobs"' in of_clerk.html
    assert "<summary" not in of_clerk.html.partition("</nav>")[0]
