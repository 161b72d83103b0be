"""What handlers are given by the names of their parameters."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import httpx
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide

from entrypoints.injection import ApplicationRouter, Given, SharedRouter


@get("/", sync_to_thread=False)
def greet(greeting: NamedDependency[Any], whom: NamedDependency[Any]) -> str:
    return f"{greeting}, {whom}"


@get("/alone", sync_to_thread=False)
def name(whom: NamedDependency[Any]) -> str:
    return str(whom)


def loudly(greeting: NamedDependency[str]) -> str:
    return greeting.upper()


def given(thing: str) -> Given:
    return Given(lambda: thing)


THINGS = {"greeting": given("Good evening"), "whom": given("Viola"), "place": given("Illyria")}


def room() -> SharedRouter:
    return SharedRouter("/", route_handlers=[name, SharedRouter("/inner", route_handlers=[greet])])


def app_of(*routers: Any, **things: Any) -> Any:
    return Litestar([ApplicationRouter("/", routers, {**THINGS, **things})], logging_config=None)


async def answers(app: Any, *paths: str) -> list[str]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return [(await client.get(path)).text for path in paths]


def test_a_handler_has_only_what_it_asks_for() -> None:
    given_to = {
        handler.fn.__name__: {*(handler.dependencies or ())}
        for route in ApplicationRouter("/", [room()], THINGS).routes
        for handler in route.route_handlers  # type: ignore[union-attr]
    }
    assert (given_to["name"], given_to["greet"]) == ({"whom"}, {"greeting", "whom"})


async def test_a_thing_is_made_once_and_given_by_its_name() -> None:
    made = iter(["Viola", "Cesario"])
    app = app_of(room(), whom=Given(lambda: next(made)))
    assert await answers(app, "/inner", "/inner", "/alone") == ["Good evening, Viola"] * 2 + ["Viola"]


async def test_dependencies_of_a_router_ask_for_things_and_come_before_them() -> None:
    loud = SharedRouter("/", route_handlers=[name, greet], dependencies={"whom": Provide(loudly, sync_to_thread=False)})
    assert await answers(app_of(loud), "/", "/alone") == ["Good evening, GOOD EVENING", "GOOD EVENING"]


async def test_applications_share_routers_and_nothing_that_is_their_own() -> None:
    made = iter(["Viola", "Cesario"])
    once = Provide(lambda: next(made), sync_to_thread=False, use_cache=True)
    shared = SharedRouter("/", route_handlers=[room()], dependencies={"whom": once})
    first, second = app_of(shared), app_of(shared, greeting=given("Good night"))

    assert await answers(first, "/inner", "/alone") == ["Good evening, Viola", "Viola"]
    assert await answers(second, "/inner", "/alone") == ["Good night, Cesario", "Cesario"]
    assert await answers(first, "/inner") == ["Good evening, Viola"]


def test_a_copy_shares_signatures_and_no_handler() -> None:
    original = room()
    twins = [deepcopy(original), deepcopy(original)]
    first, second = ([handler for route in twin.routes for handler in route.route_handlers] for twin in twins)  # type: ignore[union-attr]
    assert first
    for one, other in zip(first, second, strict=True):
        assert one is not other
        assert one.owner is not other.owner
        assert one.ownership_layers[0] in twins
        assert one.parsed_fn_signature is other.parsed_fn_signature
