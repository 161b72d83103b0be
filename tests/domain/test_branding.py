"""The values that a producer may choose, on both sides of every limit."""

from __future__ import annotations

import pytest

from domain.branding import MAX_WIDGET_ORIGINS, Picture, parse_colour, parse_origins
from domain.errors import InvalidRequest


def test_colour_is_lower_case() -> None:
    assert parse_colour(" #5B2BD9 ") == "#5b2bd9"


@pytest.mark.parametrize("text", ["", "5b2bd9", "#5b2bd", "#5b2bd99", "#5b2bdg", "red", "#fff", "#5b2bd9;}*{"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_colour(text)
    assert refusal.value.field == "colour"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Theatre.example", "https://theatre.example"),
        ("https://theatre.example/", "https://theatre.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        (f"https://{'a' * 63}.example", f"https://{'a' * 63}.example"),
    ],
)
def test_origin_is_a_scheme_a_host_and_perhaps_a_port(text: str, origin: str) -> None:
    assert parse_origins([text]) == (origin,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "theatre.example",
        "ftp://theatre.example",
        "https://theatre.example/tickets",
        "https://*.example",
        "https://theatre.example; script-src *",
        "https://a.example https://b.example",
        "https://user@theatre.example",
        "https://theatre.example:0",
        "https://theatre.example:123456",
        f"https://{'a' * 64}.example",
        "https://-theatre.example",
        "*",
        "'self'",
        f"https://{'a.' * 140}example",
    ],
)
def test_nothing_else_gets_into_a_header(text: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_origins(["https://theatre.example", text])
    assert refusal.value.field == "widget_origins[1]"


def test_same_origin_counts_once_and_there_are_20_at_most() -> None:
    origins = [f"https://{number}.example" for number in range(MAX_WIDGET_ORIGINS)]
    assert parse_origins([*origins, origins[0].upper()]) == tuple(origins)
    with pytest.raises(InvalidRequest):
        parse_origins([*origins, "https://one-more.example"])


def test_picture_tells_its_size() -> None:
    assert Picture.of("0" * 32, width=1600, height=900).size == (1600, 900)


@pytest.mark.parametrize("name", ["", "x", f"{'0' * 32}-0x9.webp", f"{'0' * 31}-1x1.webp", f"../{'0' * 32}-1x1.webp"])
def test_picture_has_a_name_of_its_own_making(name: str) -> None:
    with pytest.raises(InvalidRequest):
        Picture(name)
