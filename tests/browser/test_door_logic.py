"""The rules that the door's page goes by without a network, run in a browser beside those of the server."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.jose.signer import JoseListSigner
from domain.code_readings import MISTAKEN, other_readings, plain_code
from domain.keyboard_layouts import CODE_KEYS, LAYOUTS, LETTER_KEYS
from domain.ticket_code import TicketCodes, show_key
from tests.browser.buyer import Buyer
from tests.browser.door_page import Modules, modules_of
from tests.support.keyboards import typed_on

CODES = TicketCodes("our secret")
SHOW = UUID(int=7)
CODE = CODES.issue(SHOW, b"12345678")
READING = {
    "keys": CODE_KEYS + LETTER_KEYS,
    "layouts": [{"layouts": names.split(), "typed": plain + shifted} for names, plain, shifted in LAYOUTS],
    "mistaken": dict(MISTAKEN),
}
ALL = [name for names, *_ in LAYOUTS for name in names.split()]
MINUTE = 60_000


@pytest.fixture
async def modules(buyer: Buyer) -> Modules:
    return await modules_of(buyer.page, buyer.url)


async def test_a_text_as_it_stands_is_read_as_the_server_reads_it(modules: Modules) -> None:
    texts = [
        *(
            CODE,
            f"{CODE}\r\n",
            f"]Q1{CODE}\t",
            f"\x02]q3{CODE.lower()}",
            " ".join(CODE),
            "ＭＦＲＧＧＺＤＦＭＺＴＷＱ２ＬＫＮＮＷＧ２３ＴＰ",
        ),
        *("", CODE[1:], f"{CODE}A", "a name", "é" * 24, "ı" * 24, "0" * 24, f"https://example.org/{CODE}"),
    ]
    read = await modules.call("readings.js", "(m, texts) => texts.map(m.plainCode)", texts)
    assert read == [plain_code(text) for text in texts]


async def test_other_readings_are_those_of_the_server(modules: Modules) -> None:
    """Every layout, with and without Shift and Caps Lock, typing mistakes and prefixes."""
    texts = [typed_on(name, CODE, shift=shift) for name in ALL for shift in (True, False)]
    texts += [
        typed_on("fr", CODE).swapcase(),
        "Q1" + typed_on("de", CODE),
        typed_on("cz", CODE) + "\r",
        CODE.replace("I", "1"),
    ]
    texts += ["MFRGGZDFMZTWQ2LKNNWG23T0", "1IL8" * 6, "x" * 24, "ab"]
    work = """(m, [tables, texts]) => {
        const readings = new m.Readings(tables);
        return texts.map(text => readings.of(text).map(each => each.code));
    }"""
    read = await modules.call("readings.js", work, [READING, texts])
    for text, codes in zip(texts, read, strict=True):
        first = plain_code(text)
        assert codes == [*([first] if first else []), *(each.code for each in other_readings(text))], text


def signed_list(by: str = "our secret", **fields: Any) -> str:
    return JoseListSigner(by).sign(json.dumps(a_list(**fields)).encode())


def a_list(codes: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    """A list of version 2, as docs/door-protocol.md has it."""
    return {
        "version": 2,
        "kind": "full",
        "cursor": "1",
        "issued_at": "2050-06-01T18:00:00Z",
        "show": {
            "id": str(SHOW),
            "title": "Hamlet",
            "door_time": "2050-06-01T18:30:00+00:00",
            "start_time": "2050-06-01T19:00:00+00:00",
            "end_time": "2050-06-01T22:00:00+00:00",
            "timezone": "UTC",
            "cancelled": False,
            "re_entry": True,
        },
        "pass_back_seconds": 60,
        "code_hash": "sha256-128",
        "reading": READING,
        "types": [{"id": "stalls", "name": "Stalls", "is_vip": False}],
        "attendees": [
            {"id": f"a{place}", "code_hash": short_hash(code), "type": "stalls", "party": "p1", "name": f"Zoë {place}"}
            for place, code in enumerate(codes or [CODE])
        ],
        "replaced": [],
        "new_codes": None,
        **fields,
    }


def short_hash(code: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(code.encode()).digest()[:16]).decode().rstrip("=")


_OPEN = """async (m, [text, keys]) => {
    try { const {content, isChecked} = await m.opened(text, keys); return [content.kind, isChecked]; }
    catch (error) { return [error.message, Boolean(error.isUnknownKey)]; }
}"""


async def test_a_list_counts_only_with_the_servers_signature(modules: Modules) -> None:
    keys = [dict(key) for key in JoseListSigner("our secret").public_keys()]
    text = signed_list()
    head, payload, signature = text.split(".")
    forged = base64.urlsafe_b64encode(json.dumps(a_list(cursor="2")).encode()).decode().rstrip("=")
    assert await modules.call("signature.js", _OPEN, [text, keys]) == ["full", True]
    assert await modules.call("signature.js", _OPEN, [f"{head}.{forged}.{signature}", keys]) == [
        "The signature of the list is wrong",
        False,
    ]
    assert await modules.call("signature.js", _OPEN, [f"{head}.{payload}", keys]) == ["The list is cut off", False]
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    refusal = ["The list is signed in another way", False]
    assert await modules.call("signature.js", _OPEN, [f"{none}.{payload}.", keys]) == ["The list is cut off", False]
    assert await modules.call("signature.js", _OPEN, [f"{none}.{payload}.x", keys]) == refusal
    unknown = ["The list is signed with an unknown key", True]
    assert await modules.call("signature.js", _OPEN, [signed_list("another"), keys]) == unknown


async def test_a_browser_without_ed25519_says_that_it_did_not_check(modules: Modules) -> None:
    keys = [dict(key) for key in JoseListSigner("our secret").public_keys()]
    without = """async (m, [text, keys]) => {
        const able = crypto.subtle.importKey;
        SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException("no", "NotSupportedError"));
        try { const {content, isChecked} = await m.opened(text, keys); return [content.kind, isChecked]; }
        finally { SubtleCrypto.prototype.importKey = able; }
    }"""
    assert await modules.call("signature.js", without, [signed_list(), keys]) == ["full", False]


_MERGE = """(m, [before, content, showId]) => {
    try { return m.merged(before, content, {showId, fetchedAt: 0, isChecked: true}); }
    catch (error) { return error.message; }
}"""


async def test_changes_of_a_list_are_applied_to_the_list_that_they_follow(modules: Modules) -> None:
    others = [CODES.issue(SHOW, bytes([n] * 8)) for n in range(3)]
    before = await modules.call("list.js", _MERGE, [None, a_list(others), str(SHOW)])
    assert [entry["id"] for entry in before["attendees"]] == ["a0", "a1", "a2"]
    news = {"id": "a3", "code_hash": "x", "type": "stalls"}
    changes = a_list(
        kind="changes",
        since="1",
        cursor="2",
        removed=["a0"],
        attendees=[{**a_list(others)["attendees"][1], "checked_in_at": "2050-06-01T18:40:00Z"}, news],
    )
    del changes["reading"]
    after = await modules.call("list.js", _MERGE, [before, changes, str(SHOW)])
    assert [entry["id"] for entry in after["attendees"]] == ["a1", "a2", "a3"]
    assert after["attendees"][0]["checked_in_at"] == "2050-06-01T18:40:00Z"
    assert after["cursor"] == "2"
    assert after["reading"] == READING
    other = {**changes, "since": "0"}
    assert await modules.call("list.js", _MERGE, [before, other, str(SHOW)]) == "The changes are of another list"
    assert await modules.call("list.js", _MERGE, [None, changes, str(SHOW)]) == "The changes are of another list"
    assert "another show" in await modules.call("list.js", _MERGE, [None, a_list(), str(uuid4())])
    assert "version" in await modules.call("list.js", _MERGE, [None, a_list(version=3), str(SHOW)])


_FIND = """async (m, [content, showId, texts]) => {
    const list = new m.TicketList(m.merged(null, content, {showId, fetchedAt: 0, isChecked: true}));
    const found = [];
    for (const text of texts) {
        const {kind, code, entry, layout} = await list.find(text);
        found.push([kind, code ?? null, entry?.id ?? null, layout ?? null]);
    }
    return found;
}"""


async def test_codes_are_found_on_the_list(modules: Modules) -> None:
    old, new, strange = (CODES.issue(SHOW, bytes([n] * 8)) for n in (91, 92, 93))
    forged = TicketCodes("another secret").issue(SHOW, b"87654321")
    key = base64.urlsafe_b64encode(show_key("our secret", SHOW)).decode().rstrip("=")
    content = a_list(replaced=[{"id": "a0", "code_hash": short_hash(old)}])
    texts = [CODE, typed_on("de", CODE), f"]Q1{CODE}\r", old, strange, "nonsense"]
    assert await modules.call("list.js", _FIND, [content, str(SHOW), texts]) == [
        ["ticket", CODE, "a0", None],
        ["ticket", CODE, "a0", "de" if typed_on("de", CODE) != CODE else None],
        ["ticket", CODE, "a0", None],
        ["replaced", old, "a0", None],
        ["unknown", strange, None, None],
        ["unknown", None, None, None],
    ]
    allowed = {**content, "new_codes": {"keys": [key]}}
    assert await modules.call("list.js", _FIND, [allowed, str(SHOW), [new, forged]]) == [
        ["genuine", new, None, None],
        ["unknown", forged, None, None],
    ]


async def test_names_are_found_without_their_accents(modules: Modules) -> None:
    work = """(m, [content, showId, texts]) => {
        const list = new m.TicketList(m.merged(null, content, {showId, fetchedAt: 0, isChecked: true}));
        return texts.map(text => list.named(text).map(entry => entry.name));
    }"""
    found = await modules.call("list.js", work, [a_list(), str(SHOW), ["zoe", "0 ZOË", "max", " "]])
    assert found == [["Zoë 0"], ["Zoë 0"], [], []]


T0 = int(datetime(2050, 6, 1, 19, tzinfo=UTC).timestamp() * 1000)
SHOW_AT_DOOR = {"re_entry": True, "cancelled": False}
NEW: dict[str, Any] = {"id": "a"}
IN = {"id": "a", "checked_in_at": "2050-06-01T18:40:00Z", "device": "north"}
GONE = {**IN, "out_since": "2050-06-01T18:59:30Z"}
GONE_LONG = {**IN, "out_since": "2050-06-01T18:50:00Z"}


def passage(direction: str, seconds_ago: int) -> dict[str, Any]:
    return {"direction": direction, "at": T0 - seconds_ago * 1000}


@pytest.mark.parametrize(
    ("entry", "passages", "inwards", "outwards"),
    [
        (NEW, [], "admitted", "not_in"),
        (IN, [], "already_admitted", "left"),
        (GONE, [], "just_left", "not_in"),
        (GONE_LONG, [], "readmitted", "not_in"),
        (NEW, [passage("in", 30)], "already_admitted", "left"),
        (NEW, [passage("in", 300), passage("out", 30)], "just_left", "not_in"),
        (NEW, [passage("in", 300), passage("out", 90)], "readmitted", "not_in"),
        (IN, [passage("out", 120), passage("in", 30)], "already_admitted", "left"),
        (NEW, [passage("out", 90)], "admitted", "not_in"),
        ({**NEW, "status": "void"}, [], "void", "void"),
        (None, [], "admitted", "not_in"),
        (None, [passage("in", 30)], "already_admitted", "left"),
    ],
)
async def test_the_decision_by_the_list_and_own_scans(
    modules: Modules, entry: dict[str, Any] | None, passages: list[dict[str, Any]], inwards: str, outwards: str
) -> None:
    work = """(m, [entry, passages, show, now]) => ["in", "out"].map(direction => m.decide({
        found: {kind: entry ? "ticket" : "genuine", entry}, stands: m.standing(entry, passages, "here"),
        direction, show, passBackMs: 60000, now}))"""
    assert await modules.call("decision.js", work, [entry, passages, SHOW_AT_DOOR, T0]) == [inwards, outwards]


async def test_no_one_comes_back_where_the_show_does_not_allow_it(modules: Modules) -> None:
    work = """(m, [kinds, shows]) => shows.map(show => kinds.map(kind => m.decide({found: {kind, entry: null},
        stands: m.standing(null, [], ""), direction: "out", show, passBackMs: 60000, now: 0})))"""
    shows = [{"re_entry": False, "cancelled": False}, {"re_entry": True, "cancelled": True}]
    assert await modules.call("decision.js", work, [["genuine", "unknown", "replaced"], shows]) == [
        ["no_re_entry", "unknown", "void"],
        ["void", "unknown", "void"],
    ]


async def test_counts_by_the_list(modules: Modules) -> None:
    content = a_list([CODES.issue(SHOW, bytes([n] * 8)) for n in range(4)])
    content["attendees"][0] |= {"checked_in_at": "2050-06-01T18:40:00Z"}
    content["attendees"][1] |= {"checked_in_at": "2050-06-01T18:40:00Z", "out_since": "2050-06-01T18:50:00Z"}
    content["attendees"][2] |= {"status": "void"}
    work = """(m, list) => {
        const {types, ...sum} = m.counted(list, entry => m.standing(entry, [], ""));
        return [sum, types];
    }"""
    sums, types = await modules.call("decision.js", work, {"types": content["types"], "entries": content["attendees"]})
    assert sums == {"expected": 3, "admitted": 2, "out": 1, "inside": 1, "coming": 1}
    assert types == [
        {"id": "stalls", "name": "Stalls", "is_vip": False, "expected": 3, "admitted": 2, "out": 1, "coming": 1}
    ]


async def test_the_clock_goes_by_the_servers(modules: Modules) -> None:
    work = """(m, day) => {
        let device = 1_000_000;
        const clock = new m.Clock({device: () => device});
        clock.learn(device + day, 0);
        const learned = [clock.now() - device, clock.wrongBy];
        device += 5000;
        const later = clock.now();
        device -= 3_600_000;  // someone sets it back
        const set = clock.now() - later;
        device += 1000;
        return [...learned, set, clock.now() - later];
    }"""
    day = 24 * 60 * MINUTE
    learned, wrong, set_back, later = await modules.call("clock.js", work, day)
    assert (learned, wrong) == (day, -day)
    assert (set_back, later) == (0, 1000)


async def test_every_answer_has_a_face_of_its_own(modules: Modules) -> None:
    """Colour is never the only sign: no two results that differ in what to do have the same word and sign."""
    results = [
        *("admitted", "readmitted", "left", "not_in", "no_re_entry", "already_admitted", "just_left", "wrong_show"),
        *("too_early", "void", "unknown", "not_kept", "no_list", "list_over", "not_allowed"),
    ]
    work = """(m, results) => results.map(result => {
        const words = {clock: () => "19:42", ago: () => "a minute ago", moment: () => "20:00"};
        const label = {name: "Ada", type: "Stalls", isVip: true, note: "Wheelchair"};
        const before = {at: 1, device: "north", outSince: 1};
        const {tone, sign, word, lines, say} = m.faceOf({result, label, before, words: "No"}, words);
        return [tone, sign, word, lines, say];
    })"""
    faces = dict(zip(results, await modules.call("faces.js", work, results), strict=True))
    assert {result for result, (tone, *_) in faces.items() if tone in ("go", "out")} == {
        "admitted",
        "readmitted",
        "left",
    }
    assert len({(sign, word) for _, sign, word, *_ in faces.values()}) >= len(faces) - 1
    assert faces["already_admitted"][3] == ["Since 19:42 (a minute ago), at north."]
    assert faces["admitted"][4] == "In. VIP. Stalls · Ada. Wheelchair"
    assert all(lines for tone, _, _, lines, _ in faces.values() if tone in ("stop", "look"))


async def test_conflicts_say_what_to_do(modules: Modules) -> None:
    item = {
        "id": "1",
        "scanned_at": "2050-06-01T19:00:00Z",
        "attendee": {"ticket_name": "Stalls", "name": "Ada"},
        "admission": {"device_id": "north", "scanned_at": "2050-06-01T18:59:00Z"},
    }
    work = """(m, items) => {
        const clock = at => new Date(at).toISOString().slice(11, 16);
        return items.map(item => Object.values(m.conflictWords(item, {clock})));
    }"""
    results = ["already_admitted", "just_left", "void", "wrong_show", "unknown"]
    advised = await modules.call("faces.js", work, [{**item, "result": result} for result in results])
    assert all(title.startswith("Stalls · Ada: ") and len(advice) > 30 for title, advice in advised)
    assert "at 19:00, and at north at 18:59" in advised[0][1]
    assert len({title for title, _ in advised}) == len(results)
