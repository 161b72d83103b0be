"""What handlers are given by the names of their parameters."""

from __future__ import annotations

from typing import Any

import httpx
from litestar import Litestar, Router, get
from litestar.di import NamedDependency

from entrypoints.injection import Given, asked_for


@get("/", sync_to_thread=False)
def greet(greeting: NamedDependency[Any], whom: NamedDependency[Any]) -> str:
    return f"{greeting}, {whom}"


@get("/alone", sync_to_thread=False)
def name(whom: NamedDependency[Any]) -> str:
    return str(whom)


def given(thing: str) -> Given:
    return Given(lambda: thing)


THINGS = {"greeting": given("Good evening"), "whom": given("Viola"), "place": given("Illyria")}


def test_only_what_a_handler_asks_for_is_given_to_the_application() -> None:
    assert asked_for(THINGS, [name]).keys() == {"whom"}
    assert asked_for(THINGS, [name, Router("/", route_handlers=[Router("/inner", route_handlers=[greet])])]).keys() == {
        "greeting",
        "whom",
    }


async def test_a_thing_is_made_once_and_given_by_its_name() -> None:
    made = iter(["Viola", "Cesario"])
    things = {**THINGS, "whom": Given(lambda: next(made))}
    app: Any = Litestar([greet, name], dependencies=asked_for(things, [greet, name]), logging_config=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for _ in range(2):
            assert (await client.get("/")).text == "Good evening, Viola"
        assert (await client.get("/alone")).text == "Viola"
