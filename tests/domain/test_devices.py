"""Pairing codes, and what devices may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.access import Scope
from domain.devices import (
    CODE_LENGTH,
    CODE_LETTERS,
    MAX_DEVICES,
    MAX_SHOWS,
    CodeExpired,
    CodeUsed,
    Device,
    DeviceKind,
    OtherKind,
    Pairing,
    ensure_another_device,
    pairing_code,
    parse_device_name,
    parse_shows,
    plain_pairing_code,
    written_code,
)
from domain.errors import Conflict, InvalidRequest
from domain.people import RIGHTS, Right, scopes_of
from tests.support.factories import NOW

SECRET = b"secret of the device"
CODE_HASH = b"hash of the code"


def a_pairing(kind: DeviceKind = DeviceKind.SCANNER) -> Pairing:
    return Pairing(
        id=uuid4(),
        producer_id=uuid4(),
        name="North door",
        kind=kind,
        code_hash=CODE_HASH,
        created_at=NOW,
        person_id=uuid4(),
        paired_by="Kim Park",
    )


def a_device(kind: DeviceKind = DeviceKind.SCANNER, name: str = "North door") -> Device:
    return replace(a_pairing(kind).device(uuid4(), SECRET, NOW)[1], name=name)


def test_a_code_is_read_however_it_is_typed() -> None:
    code = pairing_code(bytes(range(CODE_LENGTH)))
    assert (len(code), set(code) <= set(CODE_LETTERS)) == (CODE_LENGTH, True)
    for typed in (code, code.lower(), written_code(code), f" {written_code(code).lower()} ", "–".join(code)):
        assert plain_pairing_code(typed) == code
    assert plain_pairing_code("OIL34-56789") == "0113456789"


@pytest.mark.parametrize("typed", ["", "7K3M9", "7K3M9-QX2VB1", "UUUUUUUUUU", "7K3M9-QX2V!", "７K3M9QX2VB"])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert plain_pairing_code(typed) == ""


def test_every_letter_of_a_code_is_as_likely_as_any_other() -> None:
    assert 256 % len(CODE_LETTERS) == 0


def test_no_kind_of_device_may_do_what_no_role_that_pairs_it_may() -> None:
    for role, rights in RIGHTS.items():
        if Right.DEVICES in rights:
            allowed = scopes_of(role) | {Scope.PRINT}
            assert all(a_device(kind).scopes <= allowed for kind in DeviceKind), role


def test_no_device_reads_orders_or_changes_anything() -> None:
    for kind in DeviceKind:
        assert a_device(kind).scopes.isdisjoint({Scope.ORDERS, Scope.CATALOG, Scope.ACCOUNT, Scope.PLATFORM})
    assert a_device(DeviceKind.PRINTER).scopes == {Scope.PRINT}


def test_a_limited_device_reaches_its_shows_alone() -> None:
    mine, other = uuid4(), uuid4()
    assert a_device().actor.reaches(other)
    limited = replace(a_device(), show_ids=frozenset({mine})).actor
    assert (limited.reaches(mine), limited.reaches(other)) == (True, False)


def test_a_code_pairs_until_ten_minutes_have_passed_and_once() -> None:
    pairing, every = a_pairing(), list(DeviceKind)
    pairing.ensure_good(every, NOW + timedelta(minutes=10) - timedelta(microseconds=1))
    with pytest.raises(CodeExpired):
        pairing.ensure_good(every, NOW + timedelta(minutes=10))
    used, device = pairing.device(uuid4(), SECRET, NOW)
    assert (used.device_id, device.paired_by, device.last_seen_at) == (device.id, "Kim Park", NOW)
    with pytest.raises(CodeUsed, match="Pair again"):
        used.ensure_good(every, NOW + timedelta(days=1))


def test_a_code_for_another_kind_says_which() -> None:
    with pytest.raises(OtherKind, match="for a till") as caught:
        a_pairing(DeviceKind.TILL).ensure_good([DeviceKind.SCANNER], NOW)
    assert caught.value.kind is DeviceKind.TILL


def test_no_secret_stands_in_a_text_about_a_device() -> None:
    for thing in (a_pairing(), a_device()):
        assert not any(secret in repr(thing) for secret in (repr(SECRET), repr(CODE_HASH)))


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b", "a\u202eb"])
def test_a_name_has_some_printable_characters(name: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_device_name(name)
    assert parse_device_name("  North \n door ") == "North door"


def test_a_device_is_limited_to_some_shows() -> None:
    assert len(parse_shows({uuid4() for _ in range(MAX_SHOWS)})) == MAX_SHOWS
    with pytest.raises(InvalidRequest):
        parse_shows({uuid4() for _ in range(MAX_SHOWS + 1)})


def test_devices_in_use_have_different_names() -> None:
    gone, there = replace(a_device(), revoked_at=NOW), a_device(name="South door")
    ensure_another_device([gone, there], "north door")
    ensure_another_device([gone, there], "south DOOR", but=there.id)
    with pytest.raises(Conflict, match="south DOOR"):
        ensure_another_device([gone, there], "south DOOR")
    with pytest.raises(Conflict, match="At most"):
        ensure_another_device([a_device(name=str(number)) for number in range(MAX_DEVICES)], "one more")
