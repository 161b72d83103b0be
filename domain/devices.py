"""Devices: scanners, tills and printers of a producer, and the codes that pair them (docs/domain-rules.md#devices)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.access import Actor, Scope
from domain.errors import Conflict, InvalidRequest, NotFound

#: How long a code pairs, once.
PAIRING_GOOD_FOR: Final = timedelta(minutes=10)
#: A device's last use need not be known more exactly: a door asks every second.
USE_REMEMBERED_EVERY: Final = timedelta(minutes=1)
MAX_DEVICE_NAME_LENGTH: Final = 60
#: The most devices of a producer that are not revoked, and the most shows that one is limited to.
MAX_DEVICES: Final = 200
MAX_SHOWS: Final = 50
#: The letters of a pairing code: Crockford's base 32, which has no I, L, O and U.
CODE_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 50 bits: nothing to guess in ten minutes, and short enough to type.
CODE_LENGTH: Final = 10
_LOOKALIKES: Final = str.maketrans("OIL", "011")
_SEPARATORS: Final = re.compile(r"[\s\-–—_.]+")


class DeviceKind(StrEnum):
    """What a device is for. A scanner stands at a door, a till at the counter; a printer fetches what it prints."""

    SCANNER = "scanner"
    TILL = "till"
    PRINTER = "printer"


#: What each kind may touch, in the words of tokens. None of them reads orders.
SCOPES_OF: Final[Mapping[DeviceKind, frozenset[Scope]]] = MappingProxyType(
    {
        DeviceKind.SCANNER: frozenset({Scope.CHECKIN}),
        DeviceKind.TILL: frozenset({Scope.CHECKIN}),
        DeviceKind.PRINTER: frozenset({Scope.PRINT}),
    }
)


class CodeUnknown(NotFound):
    """No pairing has this code."""


class CodeUsed(Conflict):
    """The code paired a device before."""


class CodeExpired(Conflict):
    """The code is older than PAIRING_GOOD_FOR, or the person who made it may not pair devices any more."""


class OtherKind(Conflict):
    """The code is for another kind of device. It stays good."""

    def __init__(self, kind: DeviceKind) -> None:
        super().__init__(f"This code is for a {kind}, and was not used: open it on the device that it is for")
        self.kind = kind


class DeviceNameTaken(Conflict):
    """Another device in use has the name. A code of that name stays good until one of the two has another."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another device is called {name}", field="name")


def parse_device_name(text: str) -> str:
    """The name of a device. Raises InvalidRequest."""
    name = " ".join(text.split())
    if not (1 <= len(name) <= MAX_DEVICE_NAME_LENGTH and name.isprintable()):
        raise InvalidRequest(f"A name has 1 to {MAX_DEVICE_NAME_LENGTH} printable characters", field="name")
    return name


def parse_shows(show_ids: Collection[UUID]) -> frozenset[UUID]:
    """The shows that a device is limited to. Raises InvalidRequest if they are too many."""
    shows = frozenset(show_ids)
    if len(shows) > MAX_SHOWS:
        raise InvalidRequest(f"At most {MAX_SHOWS} shows, or all of them", field="shows")
    return shows


def pairing_code(unguessable: bytes) -> str:
    """A code from the first CODE_LENGTH bytes."""
    return "".join(CODE_LETTERS[each % len(CODE_LETTERS)] for each in unguessable[:CODE_LENGTH])


def written_code(code: str) -> str:
    """The code as people read it: "7K3M9-QX2VB"."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def plain_pairing_code(text: str) -> str:
    """The code that was typed or read: separators and case do not matter, and O is 0, I and L are 1. "" if the text
    cannot be a code.
    """
    code = _SEPARATORS.sub("", text).upper().translate(_LOOKALIKES)
    return code if len(code) == CODE_LENGTH and all(each in CODE_LETTERS for each in code) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device as it is stored. ``show_ids`` are the shows that it is limited to; empty: all of the producer's.

    ``last_seen_at`` may be up to a minute old. ``paired_by`` is the name of the person who made its code.
    """

    id: UUID
    producer_id: UUID
    name: str
    kind: DeviceKind
    show_ids: frozenset[UUID] = frozenset()
    secret_hash: bytes = field(repr=False)
    paired_at: datetime
    paired_by: str
    last_seen_at: datetime
    revoked_at: datetime | None = None

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    @property
    def scopes(self) -> frozenset[Scope]:
        return SCOPES_OF[self.kind]

    @property
    def actor(self) -> Actor:
        """The author of what the device does."""
        return Actor(
            self.producer_id,
            name=self.name,
            scopes=self.scopes,
            device_id=self.id,
            show_ids=self.show_ids,
            is_revoked=self.is_revoked,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A code that makes one device. ``replaces`` is a device that is revoked at the same moment, because its secret was
    lost. ``device_id`` is the device that the code made, None until then.
    """

    id: UUID
    producer_id: UUID
    name: str
    kind: DeviceKind
    show_ids: frozenset[UUID] = frozenset()
    code_hash: bytes = field(repr=False)
    created_at: datetime
    person_id: UUID | None
    paired_by: str
    replaces: UUID | None = None
    device_id: UUID | None = None

    @property
    def expires_at(self) -> datetime:
        return self.created_at + PAIRING_GOOD_FOR

    @property
    def maker(self) -> Actor:
        """The person who made the code, as the audit log names them."""
        return Actor(self.producer_id, name=self.paired_by, scopes=frozenset(), person_id=self.person_id)

    def ensure_good(self, kinds: Collection[DeviceKind], now: datetime) -> None:
        """Refuse a code that pairs nothing (any more). Raises CodeUsed, CodeExpired, OtherKind."""
        if self.device_id is not None:
            raise CodeUsed(
                "This code was used already. If its answer did not reach this device, ask for another code: "
                '"Pair again" in the list of devices makes one, and revokes what the first one made'
            )
        if now >= self.expires_at:
            raise CodeExpired("This code is too old: please ask for another one")
        if self.kind not in kinds:
            raise OtherKind(self.kind)

    def device(self, device_id: UUID, secret_hash: bytes, now: datetime) -> tuple[Pairing, Device]:
        """The pairing as used up, and the device that it makes."""
        device = Device(
            id=device_id,
            producer_id=self.producer_id,
            name=self.name,
            kind=self.kind,
            show_ids=self.show_ids,
            secret_hash=secret_hash,
            paired_at=now,
            paired_by=self.paired_by,
            last_seen_at=now,
        )
        return replace(self, device_id=device_id), device


def ensure_another_device(devices: Collection[Device], name: str, *, but: UUID | None = None) -> None:
    """Refuse a name that another device in use has: doors are told apart by it; and one device too many.

    Raises DeviceNameTaken, Conflict.
    """
    in_use = [device for device in devices if not device.is_revoked and device.id != but]
    if any(device.name.casefold() == name.casefold() for device in in_use):
        raise DeviceNameTaken(name)
    if len(in_use) >= MAX_DEVICES:
        raise Conflict(f"At most {MAX_DEVICES} devices: please revoke those that are not used")
