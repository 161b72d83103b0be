"""The office's pages about devices, and the page where a browser becomes a till."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from domain.access import Actor
from domain.devices import DeviceKind, plain_pairing_code
from domain.errors import NotFound
from domain.people import Role
from entrypoints.office.access import OfficeCookies
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.devices import offer, pair
from tests.support.factories import ticket
from tests.support.staff import Page, Staff, Visitor

pytestmark = pytest.mark.p2
DEVICES = "/office/devices"
CODE = re.compile(r"[0-9A-Z]{5}-[0-9A-Z]{5}")


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(price=0), by=office.producer, title="Tempest")


async def make_code(
    member: Staff, *, kind: str = "scanner", name: str = "North door", **fields: str
) -> tuple[str, str]:
    """The path of a new code's page, and the code."""
    sent = {"kind": kind, "name": name, "of": "all", "key": str(uuid4()), **fields}
    made = await member.post(f"{DEVICES}/new", sent)
    assert made.status == 303, made.text
    page = await member.get(made.location)
    found = CODE.search(page.text)
    assert found, page.text
    return made.location, found[0]


async def test_a_scanner_is_paired_by_the_code_that_the_office_shows(
    owner: Staff, box_office: BoxOffice, office: BackOffice, on_sale: OnSale
) -> None:
    path, code = await make_code(owner, of="these", shows=str(on_sale.id))
    page = await owner.get(path)
    assert page.status == 200
    assert f"/pair#{plain_pairing_code(code)}" not in page.html  # the picture has it: nothing to copy by mistake
    assert "<svg" in page.html
    assert "10 more minutes" in page.text
    state = await owner.get(f"{path}/state")
    assert ("data-renew" in state.html, "10 more minutes" in state.text) == (True, True)

    paired = await box_office.post("/api/v1/devices/pair", json={"code": code})
    assert [show["title"] for show in paired.body["device"]["shows"]] == ["Tempest"]
    state = await owner.get(f"{path}/state")
    assert ("data-renew" in state.html, "It has paired" in state.text) == (False, True)
    page = await owner.get(path)
    assert "North door has paired" in page.text
    assert code not in page.text
    listed = (await owner.get(DEVICES)).text
    assert "North door Scanner Tempest" in listed
    assert f"by {owner.person.name}" in listed


async def test_the_same_form_makes_one_code(owner: Staff, office: BackOffice) -> None:
    key = str(uuid4())
    assert await make_code(owner, key=key) == await make_code(owner, key=key)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Name: Please fill this in."),
        ({"name": "x" * 61}, "Name: Please use at most 60 characters."),
        ({"kind": "toaster"}, "What it is: Please choose one of these."),
        ({"of": "some"}, "Shows: Please choose one of these."),
        ({"of": "these"}, "Shows: Please choose a show, or all of them."),
        ({"of": "these", "shows": "none"}, "Shows: Please choose a show, or all of them."),
        ({"of": "these", "shows": str(uuid4())}, "No such show."),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(owner: Staff, fields: dict[str, str], words: str) -> None:
    sent = {"kind": "scanner", "name": "North door", "of": "all", "key": str(uuid4()), **fields}
    answer = await owner.post(f"{DEVICES}/new", sent)
    assert (answer.status in (400, 409), words in answer.text) == (True, True), answer.text
    if fields.get("name") != "":
        assert sent["name"] in answer.html


async def test_codes_that_wait_are_listed_and_can_be_withdrawn(
    owner: Staff, stranger: Staff, office: BackOffice
) -> None:
    waiting, used = await offer(office.container, office.producer), await offer(office.container, office.producer)
    await office.container.pair_device()(used.code, [DeviceKind.SCANNER])
    page = await owner.get(DEVICES)
    assert f"{waiting.pairing.name} Scanner All shows Good for 10 more minutes" in page.text
    assert f"/pairings/{used.pairing.id}" not in page.html
    withdrawn = f"{DEVICES}/pairings/{waiting.pairing.id}/withdraw"
    assert (await stranger.post(withdrawn)).status == 404
    for _ in range(2):
        assert (await owner.post(withdrawn)).location == f"{DEVICES}?done=pairing-withdrawn"
    assert waiting.pairing.name not in (await owner.get(DEVICES)).text
    with pytest.raises(NotFound):
        await office.container.pair_device()(waiting.code, [DeviceKind.SCANNER])
    late = await owner.post(f"{DEVICES}/pairings/{used.pairing.id}/withdraw")
    assert "has paired" in (await owner.follow(late.location)).text


async def test_two_devices_in_use_have_two_names(owner: Staff, office: BackOffice) -> None:
    await pair(office.container, office.producer, name="North door")
    answer = await owner.post(f"{DEVICES}/new", kind="scanner", name="north DOOR", of="all", key=str(uuid4()))
    assert (answer.status, "Another device is called north DOOR" in answer.text) == (409, True)
    other = (await pair(office.container, office.producer, name="South door")).device
    answer = await owner.post(f"{DEVICES}/{other.id}/name", name="North door")
    assert (answer.status, "Another device is called North door" in answer.text) == (409, True)


async def test_a_device_is_renamed_and_revoked_and_the_log_says_by_whom(owner: Staff, office: BackOffice) -> None:
    device = (await pair(office.container, office.producer, name="North door")).device
    assert (await owner.post(f"{DEVICES}/{device.id}/name", name="")).status == 400
    assert (await owner.post(f"{DEVICES}/{device.id}/name", name="  West   door ")).location.endswith("device-renamed")
    assert "West door" in (await owner.get(f"{DEVICES}/{device.id}")).text
    assert "Revoke “ West door ”?" in (await owner.get(f"{DEVICES}/{device.id}/revoke")).text
    for _ in range(2):
        assert (await owner.post(f"{DEVICES}/{device.id}/revoke")).location.endswith("device-revoked")
    assert "1 revoked" in (await owner.get(DEVICES)).text
    entries = await office.audit_log(f"&subject_id={device.id}")
    assert [entry["action"] for entry in entries] == ["device.revoked", "device.renamed", "device.paired"]
    assert [entry["person_id"] for entry in entries[:2]] == [str(owner.person.id)] * 2
    assert (entries[1]["before"], entries[1]["after"]) == ({"name": "North door"}, {"name": "West door"})
    assert not any("secret" in str(entry) for entry in entries)


async def test_a_device_that_never_got_its_answer_is_paired_again(
    owner: Staff, box_office: BoxOffice, office: BackOffice
) -> None:
    path, code = await make_code(owner)
    lost = (await box_office.post("/api/v1/devices/pair", json={"code": code})).body  # this answer never arrived
    again = await box_office.post("/api/v1/devices/pair", json={"code": code})
    again.refused(409, "pairing_code_used")
    assert "Pair again" in again.body["message"]

    page = (await owner.post(f"{path}/again")).location
    found = CODE.search((await owner.get(page)).text)
    assert found
    assert found[0] != code
    assert (await office.with_secret(lost["token"]).get("/device")).status == 200  # until the new code is used
    paired = (await box_office.post("/api/v1/devices/pair", json={"code": found[0]})).body
    assert paired["device"]["name"] == "North door"
    assert (await office.with_secret(paired["token"]).get("/device")).status == 200
    (await office.with_secret(lost["token"]).get("/device")).refused(401, "device_revoked")
    actions = [each["action"] for each in await office.audit_log(f"&subject_id={lost['device']['id']}")]
    assert actions == ["device.revoked", "device.paired"]


async def test_a_device_is_paired_again_from_its_page(owner: Staff, box_office: BoxOffice, office: BackOffice) -> None:
    device = (await pair(office.container, office.producer, name="Till 1", kind=DeviceKind.TILL)).device
    page = await owner.get((await owner.post(f"{DEVICES}/{device.id}/again")).location)
    assert "Till 1" in page.text
    assert "is revoked when the code is used" in page.text


async def test_a_device_whose_shows_were_deleted_is_not_paired_again(
    owner: Staff, office: BackOffice, on_sale: OnSale
) -> None:
    device = (await pair(office.container, office.producer, shows=[on_sale.id])).device
    assert (await office.delete(f"/shows/{on_sale.id}")).status == 204
    answer = await owner.post(f"{DEVICES}/{device.id}/again")
    assert (answer.status, "were deleted" in answer.text) == (400, True)
    assert "Shows that were deleted" in (await owner.get(DEVICES)).text


@pytest.mark.parametrize("role", [Role.MANAGER, Role.BOX_OFFICE])
async def test_managers_and_box_office_pair_devices_too(hire: Hire, role: Role) -> None:
    await make_code(await hire(role))


async def test_who_left_the_team_pairs_nothing_any_more(
    owner: Staff, hire: Hire, box_office: BoxOffice, office: BackOffice
) -> None:
    manager = await hire(Role.MANAGER)
    _, code = await make_code(manager)
    assert (await owner.post(f"/office/team/{manager.person.id}/remove")).status == 303
    (await box_office.post("/api/v1/devices/pair", json={"code": code})).refused(409, "pairing_code_expired")


async def test_devices_of_others_do_not_exist(
    stranger: Staff, owner: Staff, office: BackOffice, on_sale: OnSale
) -> None:
    device = (await pair(office.container, office.producer)).device
    path, _ = await make_code(owner)
    for where in (f"{DEVICES}/{device.id}", f"{DEVICES}/{device.id}/revoke", path, f"{path}/state"):
        assert (await stranger.get(where)).status == 404, where
    for where in (f"{DEVICES}/{device.id}/revoke", f"{DEVICES}/{device.id}/again", f"{path}/again"):
        assert (await stranger.post(where)).status == 404, where
    assert (await stranger.post(f"{DEVICES}/{device.id}/name", name="Mine")).status == 404
    shows = {"kind": "scanner", "name": "x", "of": "these", "shows": str(on_sale.id), "key": str(uuid4())}
    assert "No such show" in (await stranger.post(f"{DEVICES}/new", shows)).text
    key = path.rpartition("/")[2]
    taken = await stranger.post(f"{DEVICES}/new", kind="scanner", name="x", of="all", key=key)
    assert "No such code" in taken.text
    assert (await office.with_secret(None).get("/device")).status == 401


# The page where a browser becomes a till


async def as_till(visitor: Visitor, code: str) -> Page:
    await visitor.get("/pair")
    return await visitor.post("/pair", code=code)


async def test_a_browser_becomes_a_till(visitor: Visitor, office: BackOffice) -> None:
    code = (await offer(office.container, office.producer, DeviceKind.TILL, name="Till 1")).code
    answer = await as_till(visitor, code)
    assert (answer.status, answer.location) == (303, "/office/counter?done=till-paired")
    cookie = next(text for name, text in answer.headers.items() if name == "Set-Cookie" and text.startswith("till="))
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "This browser is the till Till 1" in (await visitor.get("/pair")).text


async def test_a_till_that_pairs_once_more_leaves_no_second_one(visitor: Visitor, office: BackOffice) -> None:
    for name in ("Till 1", "Till 2"):
        code = (await offer(office.container, office.producer, DeviceKind.TILL, name=name)).code
        assert (await as_till(visitor, code)).status == 303
    devices = await office.container.list_devices()(Actor(office.producer.id))
    assert [(device.name, device.is_revoked) for device in devices] == [("Till 1", True), ("Till 2", False)]


async def test_the_secret_of_a_till_is_made_by_us(visitor: Visitor, office: BackOffice) -> None:
    """A cookie that was planted before is not what the browser has afterwards."""
    planted = (await pair(office.container, office.producer, DeviceKind.TILL, name="Mallory")).secret
    visitor.cookies["till"] = planted
    code = (await offer(office.container, office.producer, DeviceKind.TILL, name="Till 1")).code
    await as_till(visitor, code)
    assert visitor.cookies["till"] not in ("", planted)
    found = await office.container.authenticate_device()(planted)
    assert found is not None
    assert found.is_revoked


@pytest.mark.parametrize(
    ("kind", "words"),
    [(DeviceKind.SCANNER, "a scanner needs a browser that runs scripts"), (DeviceKind.PRINTER, "is for a printer")],
)
async def test_a_code_for_another_kind_is_not_used_up(
    visitor: Visitor, office: BackOffice, kind: DeviceKind, words: str
) -> None:
    code = (await offer(office.container, office.producer, kind)).code
    answer = await as_till(visitor, code)
    assert (answer.status, words in answer.text, "still good" in answer.text) == (409, True, True)
    assert "till" not in visitor.cookies
    assert (await office.container.pair_device()(code, [kind])).device.kind is kind


async def test_what_is_wrong_with_a_code_is_said(visitor: Visitor, office: BackOffice) -> None:
    for wrong in ("", "ABCDE-FGH1J", "nonsense"):
        answer = await as_till(visitor, wrong)
        assert (answer.status, "till" in visitor.cookies) == (400, False), wrong
    code = (await offer(office.container, office.producer, DeviceKind.TILL)).code
    assert (await as_till(visitor, code)).status == 303
    assert "This code was used already" in (await as_till(visitor, code)).text


async def test_the_form_needs_its_token(visitor: Visitor, office: BackOffice) -> None:
    """A page of others cannot make a browser the till of a theatre that it does not work for."""
    code = (await offer(office.container, office.producer, DeviceKind.TILL)).code
    await visitor.get("/pair")
    answer = await visitor.request("POST", "/pair", data={"_csrf_token": "made up", "code": code})
    assert (answer.status, "till" in visitor.cookies) == (403, False)


async def test_a_scanners_secret_makes_no_till(visitor: Visitor, office: BackOffice) -> None:
    visitor.cookies["till"] = (await pair(office.container, office.producer, DeviceKind.SCANNER)).secret
    assert "This browser is the till" not in (await visitor.get("/pair")).text


def test_where_we_have_tls_no_other_host_sets_the_cookie() -> None:
    cookie = OfficeCookies(is_secure=True).till("pqd_x").to_header(header="")
    assert cookie.startswith("__Host-till=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
