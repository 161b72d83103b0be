"""What a device's secret and a pairing code must never do."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import msgspec
import pytest

from adapters.memory.system import MemoryClock
from application.devices.devices import AuthenticateDevice
from application.devices.pairing import OfferPairing, PairDevice
from domain.access import Actor, Scope
from domain.devices import CodeExpired, CodeUsed, DeviceKind
from entrypoints.settings import Settings
from tests.support.api_schema import operation, operations
from tests.support.back_office import BASE, BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.counter import COUNTER
from tests.support.devices import offer, pair
from tests.support.factories import ticket
from tests.support.server import running
from tests.support.staff import Staff, Visitor

pytestmark = pytest.mark.p2
PAIR: Final = "/api/v1/devices/pair"
OPERATIONS: Final = [(method, path) for method, path in operations() if operation(method, path).get("security")]


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer)


def example_of(method: str, path: str) -> dict[str, Any]:
    """A body as the operation takes it."""
    content = operation(method, path).get("requestBody", {}).get("content", {})
    if "application/json" in content:
        (example,) = content["application/json"]["examples"].values()
        return {"json": example["value"]}
    return {"data": b"name\nAda\n", "headers": {"Content-Type": next(iter(content))}} if content else {}


def scopes_of(method: str, path: str) -> set[str]:
    return {scope for way in operation(method, path)["security"] for scope in way.get("bearer", [])}


@pytest.mark.parametrize("kind", list(DeviceKind))
async def test_a_device_is_refused_on_every_operation_that_is_not_for_it(
    box_office: BoxOffice, office: BackOffice, kind: DeviceKind
) -> None:
    paired = await pair(office.container, office.producer, kind)
    own = {str(scope) for scope in paired.device.scopes}
    opened, refused = set(), set()
    for method, path in OPERATIONS:
        where = re.sub(r"\{\w+\}", lambda _: str(uuid4()), path)
        sent = example_of(method, path)
        headers = {**sent.pop("headers", {}), "Authorization": f"Bearer {paired.secret}"}
        answer = await box_office.request(method, where, headers=headers, **sent)
        if own & scopes_of(method, path):
            assert answer.status not in (401, 403), (method, path, answer.content)
            opened.add(path.removeprefix(BASE))
        else:
            answer.refused(403, "forbidden")
            refused.add(path)
    assert "/device" in opened
    assert len(refused) > 60
    if kind is DeviceKind.PRINTER:
        assert all("print" in path for path in opened - {"/device"})
    else:
        assert all("checkin" in path for path in opened - {"/device"})


@pytest.mark.parametrize("kind", list(DeviceKind))
async def test_an_order_is_never_shown_to_a_device(
    box_office: BoxOffice, office: BackOffice, on_sale: OnSale, kind: DeviceKind
) -> None:
    placed = (await box_office.checkout(on_sale.cart(1))).created()
    secret = (await pair(office.container, office.producer, kind)).secret
    answer = await box_office.get(f"/api/v1/orders/{placed['order_id']}", headers={"Authorization": f"Bearer {secret}"})
    answer.refused(403, "forbidden")


@pytest.mark.parametrize("secret", ["pqd_", "pqd_guess", "pqd_" + "A" * 43, "pqd_" + "A" * 10_000, "pqd_\u00e9"])
async def test_a_guessed_secret_is_no_device(office: BackOffice, secret: str) -> None:
    (await office.with_secret(secret).get("/device")).refused(401, "unauthorized")


async def test_a_token_of_a_program_is_no_device(office: BackOffice) -> None:
    (await office.get("/device")).refused(404, "not_found")


async def test_a_code_is_used_by_one_of_many_at_once(box_office: BoxOffice, office: BackOffice) -> None:
    code = (await offer(office.container, office.producer)).code
    answers = await asyncio.gather(*(box_office.post(PAIR, json={"code": code}) for _ in range(12)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 11
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"pairing_code_used"}
    devices = await office.container.list_devices()(Actor(office.producer.id))
    assert len(devices) == 1


async def test_of_two_codes_of_one_name_one_pairs_and_the_other_stays_good(
    box_office: BoxOffice, office: BackOffice
) -> None:
    codes = [(await offer(office.container, office.producer, name=name)).code for name in ("North door", "NORTH door")]
    answers = await asyncio.gather(*(box_office.post(PAIR, json={"code": code}) for code in codes))
    (refused,) = (each for each in answers if each.status != 201)
    refused.refused(409, "device_name_taken")
    assert refused.body["field"] == "name"
    (first,) = await office.container.list_devices()(Actor(office.producer.id))
    await office.container.rename_device()(Actor(office.producer.id), first.id, "West door")
    late = await box_office.post(PAIR, json={"code": codes[answers.index(refused)]})
    assert (late.status, late.body["device"]["name"].lower()) == (201, "north door")


async def test_a_code_for_another_kind_of_device_stays_good(box_office: BoxOffice, office: BackOffice) -> None:
    till = (await offer(office.container, office.producer, DeviceKind.TILL)).code
    (await box_office.post(PAIR, json={"code": till})).refused(409, "other_device_kind")
    printer = (await offer(office.container, office.producer, DeviceKind.PRINTER)).code
    (await box_office.post(PAIR, json={"code": printer, "kind": "scanner"})).refused(409, "other_device_kind")
    assert (await box_office.post(PAIR, json={"code": printer, "kind": "printer"})).status == 201


@pytest.mark.parametrize("code", ["", "nonsense", "7K3M9-QX2VB", "x" * 40])
async def test_a_code_that_is_none_says_nothing_else(box_office: BoxOffice, code: str) -> None:
    (await box_office.post(PAIR, json={"code": code})).refused(404, "not_found")


async def test_a_code_dies_after_ten_minutes(office: BackOffice) -> None:
    container, clock = office.container, MemoryClock(office.container.clock().now())
    database, ids, audit = container.database(), container.ids(), container.audit()
    actor = Actor(office.producer.id, name="Kim Park")
    offering = OfferPairing(database, clock, ids, container.pairing_codes())
    pairing = PairDevice(database, clock, ids, audit)
    for passed, refusal in ((timedelta(minutes=9, seconds=59), None), (timedelta(minutes=10), CodeExpired)):
        offered = await offering(actor, name=uuid4().hex, kind=DeviceKind.SCANNER)
        clock.advance(passed)
        if refusal is None:
            await pairing(offered.code, list(DeviceKind))
            with pytest.raises(CodeUsed):
                await pairing(offered.code, list(DeviceKind))
        else:
            with pytest.raises(refusal):
                await pairing(offered.code, list(DeviceKind))


async def test_codes_of_two_installations_differ(office: BackOffice) -> None:
    offered = await offer(office.container, office.producer)
    codes = office.container.pairing_codes()
    other = type(codes)("another secret")
    assert other.of(offered.pairing) == ""
    assert type(codes)("another secret", (codes.secret,)).of(offered.pairing) == offered.code


async def test_who_guesses_codes_must_wait(settings: Settings, box_office: BoxOffice) -> None:
    small = msgspec.structs.replace(settings, checkout_rate_limit="30/minute", quote_rate_limit="3/hour")
    async with running(small) as limited:
        statuses = []
        for _ in range(4):
            async with limited.client.post(f"{limited.url}{PAIR}", json={"code": "7K3M9-QX2VB"}) as answer:
                statuses.append(answer.status)
        assert statuses == [404, 404, 404, 429]
        visitor = Visitor(client=limited.client)
        await visitor.get("/pair")
        assert (await visitor.post("/pair", code="7K3M9-QX2VB")).status == 429


async def test_a_revoked_device_is_out_at_once_in_every_process(settings: Settings, office: BackOffice) -> None:
    paired = await pair(office.container, office.producer)
    scanner = office.with_secret(paired.secret)
    async with running(settings) as another:
        headers = {"Authorization": f"Bearer {paired.secret}"}

        async def asked_there() -> tuple[int, str]:
            async with another.client.get(f"{another.url}{BASE}/device", headers=headers) as answer:
                return answer.status, (await answer.json()).get("code", "")

        assert ((await scanner.get("/device")).status, await asked_there()) == (200, (200, ""))
        await office.container.revoke_device()(Actor(office.producer.id, name="Kim Park"), paired.device.id)
        (await scanner.get("/device")).refused(401, "device_revoked")
        assert await asked_there() == (401, "device_revoked")


async def test_a_revoked_device_gets_nothing_but_its_scans_taken_in(office: BackOffice, on_sale: OnSale) -> None:
    paired = await pair(office.container, office.producer, shows=[on_sale.id])
    await office.container.revoke_device()(Actor(office.producer.id, name="Kim Park"), paired.device.id)
    scanner = office.with_secret(paired.secret)
    for method, path in OPERATIONS:
        if path.startswith(BASE) and scopes_of(method, path) & {Scope.CHECKIN}:
            where = path.removeprefix(BASE).replace("{show_id}", str(on_sale.id))
            answer = await scanner.request(method, where, **example_of(method, path))
            if where.endswith("/checkin/scans"):
                assert answer.status == 200, answer.content
                assert all(each["after_revocation"] for each in answer.body["items"])
            else:
                answer.refused(401, "device_revoked")


async def test_a_use_is_remembered_once_a_minute_and_none_of_a_revoked_device(office: BackOffice) -> None:
    container, clock = office.container, MemoryClock(office.container.clock().now())
    paired = await pair(container, office.producer)
    authenticate = AuthenticateDevice(container.database(), clock)

    async def seen() -> Any:
        found = await authenticate(paired.secret)
        assert found is not None
        return found.last_seen_at

    first = await seen()
    clock.advance(timedelta(seconds=50))
    assert await seen() == first
    clock.advance(timedelta(seconds=20))
    assert await seen() == clock.now()
    await container.revoke_device()(Actor(office.producer.id), paired.device.id)
    last = clock.now()
    clock.advance(timedelta(hours=1))
    assert await seen() == last


async def test_no_secret_and_no_code_stands_in_a_log_or_a_text(
    box_office: BoxOffice, office: BackOffice, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scanner = await offer(office.container, office.producer, DeviceKind.SCANNER)
    till = await offer(office.container, office.producer, DeviceKind.TILL)
    token = (await box_office.post(PAIR, json={"code": scanner.code})).body["token"]
    await office.with_secret(token).get("/device")
    await visitor.get("/pair")
    await visitor.post("/pair", code=till.code)
    paired = await pair(office.container, office.producer)
    secrets = (scanner.code, till.code, token, visitor.cookies["till"], paired.secret)
    texts = [caplog.text, *map(repr, (scanner, till, paired, paired.device, office.container.pairing_codes()))]
    texts += [str(await office.audit_log())]
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []


# A till at the counter


@pytest.fixture
async def till(visitor: Visitor, office: BackOffice, on_sale: OnSale) -> Visitor:
    """A browser that is a till for one show."""
    paired = await pair(office.container, office.producer, DeviceKind.TILL, name="Till 1", shows=[on_sale.id])
    visitor.cookies["till"] = paired.secret
    return visitor


async def test_a_till_sees_the_counter_of_its_shows_and_nothing_else(
    till: Visitor, box_office: BoxOffice, office: BackOffice, on_sale: OnSale
) -> None:
    another = await box_office.put_on_sale(ticket(price=0), by=office.producer)
    assert (await till.get(f"{COUNTER}/{on_sale.id}")).status in (200, 303)
    assert (await till.get(f"{COUNTER}/{another.id}")).status == 404
    for path in (
        "/office",
        "/office/orders",
        "/office/attendees",
        "/office/devices",
        f"/office/shows/{on_sale.id}/sell",
    ):
        answer = await till.get(path)
        assert (answer.status, answer.location.partition("?")[0]) == (303, "/office/sign-in"), path
    assert "Orders" not in (await till.get(COUNTER)).text


async def test_a_revoked_till_is_told_how_to_go_on(till: Visitor, office: BackOffice) -> None:
    (device,) = await office.container.list_devices()(Actor(office.producer.id))
    await office.container.revoke_device()(Actor(office.producer.id), device.id)
    for answer in (await till.get(COUNTER), await till.post(f"{COUNTER}/shift", seller="Ada")):
        assert (answer.status, "This till was revoked" in answer.text, 'href="/pair"' in answer.html) == (
            401,
            True,
            True,
        )


async def test_a_member_goes_before_the_till_that_the_browser_is(
    owner: Staff, office: BackOffice, on_sale: OnSale
) -> None:
    paired = await pair(office.container, office.producer, DeviceKind.TILL, name="Till 1")
    owner.cookies["till"] = paired.secret
    assert owner.person.name in (await owner.get(COUNTER)).text


async def test_a_tills_cookie_opens_no_operation_of_the_api(till: Visitor) -> None:
    answer = await till.get(f"{BASE}/device", headers={"Accept": "application/json"})
    assert answer.status == 401
