"""Which of the codes in a picture is meant, and when a code that stays in view is read again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.buyer import Buyer
from tests.browser.door_page import Modules, modules_of

SIZE = {"width": 640, "height": 480}
MIDDLE = (320, 240)
A, B, POSTER = "MFRGGZDFMZTWQ2LKNNWG23TP", "ORUGS4ZANFZSA3TPOQQGC3TZ", "https://example.org/programme"

_CHOOSE = "(m, [codes, size]) => m.choose(codes, size, (text) => /^[A-Z2-7]{24}$/.test(text))"
_FOLLOW = """(m, pictures) => {
    const sightings = new m.Sightings();
    return pictures.map(([choice, now]) => sightings.add(choice, now));
}"""
_STRETCH = """(m, [width, height, values]) => {
    const data = Uint8ClampedArray.from(values.flatMap((value) => [value, value, value, 255]));
    return [m.stretch({ data, width, height }), [...data].filter((_, index) => index % 4 === 0)];
}"""


@pytest.fixture
async def modules(buyer: Buyer) -> Modules:
    return await modules_of(buyer.page, buyer.url)


def code(text: str, side: float, at: tuple[float, float] = MIDDLE, *, lean: float = 0) -> dict[str, Any]:
    """A square code, its middle at a place; its upper side is shifted by ``lean``."""
    x, y, half = *at, side / 2
    corners = [(-half + lean, -half), (half + lean, -half), (half, half), (-half, half)]
    return {"text": text, "corners": [{"x": x + right, "y": y + down} for right, down in corners]}


async def choose(modules: Modules, *codes: dict[str, Any]) -> tuple[str | None, bool]:
    """The meant text, and whether several could be. The decoder's order never matters."""
    answers = [await modules.call("camera/choosing.js", _CHOOSE, [list(order), SIZE]) for order in (codes, codes[::-1])]
    [said] = {(answer["text"], answer["several"]) for answer in answers}
    return said


async def test_one_code_is_meant_wherever_it_is(modules: Modules) -> None:
    assert await choose(modules) == (None, False)
    assert await choose(modules, code(A, 30, (600, 20))) == (A, False)
    assert await choose(modules, code(POSTER, 100)) == (POSTER, False)  # the door says what it is


async def test_of_two_the_nearer_one_is_meant(modules: Modules) -> None:
    assert await choose(modules, code(A, 200), code(B, 60, (600, 200))) == (A, False)
    assert await choose(modules, code(A, 200, (200, 240), lean=80), code(B, 90, (520, 200))) == (A, False)


async def test_of_two_of_like_size_neither_is(modules: Modules) -> None:
    assert await choose(modules, code(A, 150, (160, 240)), code(B, 150, (480, 240))) == (None, True)
    assert await choose(modules, code(A, 150), code(B, 110, (560, 240))) == (None, True)
    assert await choose(modules, code(A, 150), code(B, 150, (560, 240)), code(POSTER, 20, (20, 20))) == (None, True)


async def test_a_small_code_in_the_middle_may_be_the_one_that_is_pointed_at(modules: Modules) -> None:
    assert await choose(modules, code(A, 180, (120, 240)), code(B, 60)) == (None, True)


async def test_the_same_code_twice_is_one(modules: Modules) -> None:
    assert await choose(modules, code(A, 150, (160, 240)), code(A, 150, (480, 240))) == (A, False)


async def test_a_ticket_goes_before_what_is_none(modules: Modules) -> None:
    assert await choose(modules, code(POSTER, 300), code(A, 60, (600, 60))) == (A, False)


def one(text: str, *also: str) -> dict[str, Any]:
    return {"text": text, "several": False, "inView": [text, *also]}


NONE: dict[str, Any] = {"text": None, "several": False, "inView": []}
BOTH = {"text": None, "several": True, "inView": [A, B]}
SEVERAL = {"several": True}


async def follow(modules: Modules, *pictures: tuple[dict[str, Any], int]) -> list[Any]:
    """What is new in pictures with their times: a text, several, or nothing."""
    news = await modules.call("camera/sightings.js", _FOLLOW, pictures)
    return [each.get("text", each) if each else None for each in news]


async def test_a_ticket_that_is_held_still_is_one_reading(modules: Modules) -> None:
    pictures = [(one(A), 100 * step) for step in range(100)]
    assert await follow(modules, *pictures) == [A, *[None] * 99]


async def test_a_shaking_hand_does_not_read_it_twice(modules: Modules) -> None:
    assert await follow(modules, (one(A), 0), (NONE, 100), (NONE, 1500), (one(A), 1900), (one(A), 3800)) == [
        *(A, None, None, None, None)
    ]


async def test_a_ticket_that_comes_back_is_read_again(modules: Modules) -> None:
    assert await follow(modules, (one(A), 0), (NONE, 100), (one(A), 2100)) == [A, None, A]


async def test_one_ticket_after_the_other(modules: Modules) -> None:
    assert await follow(modules, (one(A), 0), (one(B), 100), (one(B), 200), (one(A), 300)) == [A, B, None, None]


async def test_a_ticket_behind_the_one_that_is_read_has_not_left(modules: Modules) -> None:
    still = [(one(B, A), 500 * step) for step in range(1, 9)]
    assert await follow(modules, (one(A), 0), *still, (one(A), 4500)) == [A, B, *[None] * 8]


async def test_two_in_view_are_reported_once(modules: Modules) -> None:
    pictures = [(BOTH, 100 * step) for step in range(30)]
    assert await follow(modules, *pictures, (BOTH, 8000)) == [SEVERAL, *[None] * 29, SEVERAL]


async def test_one_of_two_is_not_read_while_the_other_is_unreadable_for_a_moment(modules: Modules) -> None:
    assert await follow(modules, (BOTH, 0), (one(A), 100), (BOTH, 200), (one(B), 300), (one(B), 800)) == [
        *(SEVERAL, None, None, None, None)
    ]
    assert await follow(modules, (BOTH, 0), (one(A), 100), (one(A), 700)) == [SEVERAL, None, A]


async def test_a_dark_picture_is_stretched_by_the_light_in_its_middle(modules: Modules) -> None:
    dark = [0] * 16 + [8] * 16 + [20] * 32 + [255] * 16  # 8 x 10: a lamp is below
    is_stretched, values = await modules.call("camera/contrast.js", _STRETCH, [8, 10, dark])
    assert is_stretched
    assert values[16:64] == [0] * 16 + [255] * 32


async def test_a_bright_picture_and_an_empty_one_stay_as_they_are(modules: Modules) -> None:
    for values in ([0, 255] * 32, [7, 8] * 32, [90] * 64):
        assert await modules.call("camera/contrast.js", _STRETCH, [8, 8, values]) == [False, values]
