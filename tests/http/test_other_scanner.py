"""A scanner that was written from docs/door-protocol.md alone, at our doors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, Json, OnSale
from tests.support.factories import ticket
from tests.support.keyboards import typed_on
from tests.support.other_scanner import OtherScanner
from tests.support.server import Service


class Network:
    """The way from a scanner to the server. It may be away, or lose answers."""

    def __init__(self, office: BackOffice) -> None:
        self._office = office
        self.is_away = False
        self.loses_answers = False

    async def send(self, method: str, path: str, body: Json | None) -> tuple[int, bytes]:
        if self.is_away:
            raise ConnectionError("no network")
        answer = await self._office.request(method, path, **({} if body is None else {"json": body}))
        if self.loses_answers:
            raise ConnectionError("no answer")
        return answer.status, answer.content


@pytest.fixture(autouse=True)
def always_fresh(service: Service) -> None:
    service.container.door_lists().recent.fresh_for = timedelta(microseconds=-1)
    service.container.read_door_state().recent.fresh_for = timedelta(microseconds=-1)


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer, re_entry=True, offline_new_codes=True)


@pytest.fixture
async def order(box_office: BoxOffice, on_sale: OnSale) -> Json:
    return await bought(box_office, on_sale, 4)


async def bought(box_office: BoxOffice, on_sale: OnSale, tickets: int) -> Json:
    """Tickets that were bought long ago."""
    order = (await box_office.order((await box_office.checkout(on_sale.cart(tickets))).created())).body
    stored = await box_office.stored_order(order)
    async with box_office.unit_of_work() as uow:
        await uow.orders.save([replace(stored, completed_at=datetime.now(UTC) - timedelta(days=9))])
        await uow.commit()
    return order


@pytest.fixture
def network(office: BackOffice) -> Network:
    return Network(office)


async def a_scanner(network: Network, on_sale: OnSale, *, name: str = "south", **clock: Any) -> OtherScanner:
    clock_of: Callable[[], datetime] = lambda: datetime.now(UTC) + timedelta(**clock)  # noqa: E731
    scanner = OtherScanner(network.send, str(on_sale.id), clock_of, name=name, store={})
    await scanner.fetch_keys()
    assert await scanner.refresh() == "full"
    return scanner


async def figures(office: BackOffice, on_sale: OnSale) -> Json:
    return (await office.get(f"/shows/{on_sale.id}/checkin/state")).body


def codes(order: Json) -> list[str]:
    return [attendee["code"] for attendee in order["attendees"]]


@pytest.mark.parametrize("hours", [0, 25, -25])
async def test_evening_without_a_network(
    office: BackOffice, on_sale: OnSale, order: Json, network: Network, hours: int
) -> None:
    scanner = await a_scanner(network, on_sale, hours=hours)
    first, second, third, fourth = codes(order)
    network.is_away = True
    assert await scanner.scan(first) == "admitted"
    assert await scanner.scan(first) == "already_admitted"
    assert await scanner.scan(f"]Q1{second}\r\n") == "admitted"
    assert await scanner.scan(typed_on("de", third)) == "admitted"
    assert await scanner.scan(fourth.translate(str.maketrans("OBI", "081"))) == "admitted"
    assert await scanner.scan("https://example.org/") == "unknown"
    scanner.direction = "out"
    assert await scanner.scan(first) == "left"
    scanner.direction = "in"
    assert await scanner.scan(first) == "just_left"
    assert not await scanner.upload()

    again = OtherScanner(  # the scanner is started again with what it had stored
        network.send,
        str(on_sale.id),
        lambda: datetime.now(UTC) + timedelta(hours=hours),
        name="south",
        store=json.loads(json.dumps(scanner.store)),
    )
    network.is_away = False
    network.loses_answers = True
    assert not await again.upload()
    network.loses_answers = False
    assert await again.upload()

    counted = await figures(office, on_sale)
    assert (counted["admitted"], counted["out"], counted["conflicts"]) == (4, 1, 0)
    late = timedelta(seconds=60)
    assert all(abs(datetime.now(UTC) - datetime.fromisoformat(item["scanned_at"])) < late for item in again.told)
    assert await again.refresh() == "changes"
    assert {bool(entry.get("checked_in_at")) for entry in again.store["list"]["attendees"].values()} == {True}


async def test_lost_answer_and_its_upload_are_one_admission(
    office: BackOffice, on_sale: OnSale, order: Json, network: Network
) -> None:
    scanner = await a_scanner(network, on_sale)
    network.loses_answers = True
    assert await scanner.scan(codes(order)[0]) == "admitted"
    network.loses_answers = False
    assert await scanner.upload()
    assert [item["result"] for item in scanner.told] == ["admitted"]
    assert (await figures(office, on_sale))["conflicts"] == 0


async def test_two_doors_without_a_network_and_a_party(
    office: BackOffice, on_sale: OnSale, order: Json, network: Network
) -> None:
    north, south = [await a_scanner(network, on_sale, name=name) for name in ("north", "south")]
    network.is_away = True
    north.store["difference"] -= 5  # the party went in five seconds ago
    assert north.scan_party(codes(order)[0]) == ["admitted"] * 4
    assert await south.scan(codes(order)[2]) == "admitted"
    network.is_away = False
    assert await south.upload()
    assert await north.upload()

    conflicts = (await office.get(f"/shows/{on_sale.id}/checkin/conflicts")).body["items"]
    assert [(each["device_id"], each["result"], each["admission"]["device_id"]) for each in conflicts] == [
        ("south", "already_admitted", "north")
    ]
    assert (await figures(office, on_sale))["admitted"] == 4


async def test_ticket_that_is_newer_than_the_list_is_known_by_its_signature(
    office: BackOffice, box_office: BoxOffice, on_sale: OnSale, network: Network
) -> None:
    scanner = await a_scanner(network, on_sale)
    [code] = codes(await bought(box_office, on_sale, 1))
    network.is_away = True
    assert await scanner.scan(code) == "admitted"
    assert await scanner.scan(code) == "already_admitted"
    assert await scanner.scan(code[:-1] + ("A" if code[-1] != "A" else "B")) == "unknown"
    network.is_away = False
    assert await scanner.upload()
    assert (await figures(office, on_sale))["admitted"] == 1


async def test_refused_by_its_list_is_taken_back_though_the_server_had_admitted(
    office: BackOffice, on_sale: OnSale, order: Json, network: Network
) -> None:
    await office.post("/checkin", {"code": codes(order)[0], "show_id": str(on_sale.id)})
    scanner = await a_scanner(network, on_sale)
    await office.post("/checkin/undo", {"code": codes(order)[0], "show_id": str(on_sale.id)})
    network.loses_answers = True
    assert await scanner.scan(codes(order)[0]) == "already_admitted"
    assert (await figures(office, on_sale))["admitted"] == 1
    network.loses_answers = False
    [scan] = scanner.store["queue"].values()
    assert await scanner.upload()
    assert (await figures(office, on_sale))["admitted"] == 0
    late = {"code": scan["code"], "show_id": str(on_sale.id), "scan_id": scan["id"]}
    (await office.post("/checkin", late)).refused(422, "idempotency_key_reused")
