"""Use cases: a person offers a code, and a device uses it (docs/domain-rules.md#devices)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_producer, owned_show
from application.access.secrets import new_secret
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor, hash_secret
from domain.audit_log import Action, Facts
from domain.devices import (
    CodeExpired,
    CodeUnknown,
    CodeUsed,
    Device,
    DeviceKind,
    Pairing,
    ensure_another_device,
    pairing_code,
    parse_device_name,
    parse_shows,
    plain_pairing_code,
)
from domain.errors import Conflict, NotFound
from domain.people import RIGHTS, Right

#: What the secret of a device begins with.
DEVICE_PREFIX: Final = "pqd_"


@dataclass(frozen=True, slots=True)
class PairingCodes:
    """The codes of pairings, derived from the installation's secret and never stored: a page can show one twice."""

    secret: str = field(repr=False)
    earlier: Sequence[str] = field(default=(), repr=False)

    def new(self, pairing_id: UUID) -> str:
        """The code of a new pairing."""
        return _code(self.secret, pairing_id)

    def of(self, pairing: Pairing) -> str:
        """The code of the pairing, also if the secret was changed since; "" if it was changed too often."""
        codes = (_code(secret, pairing.id) for secret in (self.secret, *self.earlier))
        return next((code for code in codes if hash_secret(code) == pairing.code_hash), "")


def _code(secret: str, pairing_id: UUID) -> str:
    return pairing_code(hmac.digest(secret.encode(), b"pairing:" + pairing_id.bytes, hashlib.sha256))


@dataclass(frozen=True, slots=True)
class OfferedPairing:
    """A pairing with its code, which a person shows to the device."""

    pairing: Pairing
    code: str = field(repr=False)


class OfferPairing:
    """A person makes a code for a device."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, codes: PairingCodes) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._codes = codes

    async def __call__(
        self,
        actor: Actor,
        *,
        name: str,
        kind: DeviceKind,
        show_ids: Collection[UUID] = (),
        pairing_id: UUID | None = None,
    ) -> OfferedPairing:
        """A code that makes the device. ``show_ids`` are the shows that it is limited to; empty: all of the producer's.

        A request that may come twice names the ``pairing_id``: both get the same code.

        Raises NotFound, InvalidRequest, Conflict (name), CodeUsed.
        """
        called, shows = parse_device_name(name), parse_shows(show_ids)
        async with self._unit_of_work() as uow:
            for show_id in sorted(shows):
                await owned_show(uow, actor, show_id)
            return await self._offer(uow, actor, pairing_id or self._ids.new(), name=called, kind=kind, show_ids=shows)

    async def again(self, actor: Actor, device_id: UUID, *, pairing_id: UUID | None = None) -> OfferedPairing:
        """A code that makes a device in the place of this one, which is revoked when the code is used: its secret was
        lost, or it never got the answer to its own code.

        Raises NotFound, Conflict (its shows were all deleted, or another has its name).
        """
        async with self._unit_of_work() as uow:
            device = await uow.devices.get(device_id)
            if device is None or device.producer_id != actor.producer_id:
                raise NotFound("No such device")
            left = frozenset({each for each in device.show_ids if await uow.shows.get(each)})
            if device.show_ids and not left:
                raise Conflict("The shows that this device is for were deleted: make a new one for others")
            return await self._offer(
                uow,
                actor,
                pairing_id or self._ids.new(),
                name=device.name,
                kind=device.kind,
                show_ids=left,
                replaces=device.id,
            )

    async def _offer(
        self,
        uow: UnitOfWork,
        actor: Actor,
        pairing_id: UUID,
        *,
        name: str,
        kind: DeviceKind,
        show_ids: frozenset[UUID],
        replaces: UUID | None = None,
    ) -> OfferedPairing:
        code = self._codes.new(pairing_id)
        pairing = Pairing(
            id=pairing_id,
            producer_id=actor.producer_id,
            name=name,
            kind=kind,
            show_ids=show_ids,
            code_hash=hash_secret(code),
            created_at=self._clock.now(),
            person_id=actor.person_id,
            paired_by=actor.name,
            replaces=replaces,
        )
        await _ensure_unused(uow, actor, pairing_id)
        ensure_another_device(await uow.devices.of_producer(actor.producer_id), name, but=replaces)
        await uow.pairings.put(pairing)
        await uow.commit()
        return OfferedPairing(pairing, code)


async def _ensure_unused(uow: UnitOfWork, actor: Actor, pairing_id: UUID) -> None:
    await locked_producer(uow, actor.producer_id)  # of two requests with one id the second finds the first one's
    before = await uow.pairings.get(pairing_id)
    if before is None:
        return
    if before.producer_id != actor.producer_id:
        raise NotFound("No such code")
    if before.device_id is not None:
        raise CodeUsed("This device has paired")


class GetPairing:
    """How a code stands: a page asks until the device has paired."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, codes: PairingCodes) -> None:
        self._unit_of_work = unit_of_work
        self._codes = codes

    async def __call__(self, actor: Actor, pairing_id: UUID) -> OfferedPairing:
        """The pairing and its code. Raises NotFound."""
        async with self._unit_of_work(read_only=True) as uow:
            pairing = await uow.pairings.get(pairing_id)
        if pairing is None or pairing.producer_id != actor.producer_id:
            raise NotFound("No such code")
        return OfferedPairing(pairing, self._codes.of(pairing))


@dataclass(frozen=True, slots=True)
class PairedDevice:
    """``secret`` goes to the device, and is stored nowhere."""

    device: Device
    secret: str = field(repr=False)


class PairDevice:
    """A device uses a code."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._audit = audit

    async def __call__(self, code: str, kinds: Collection[DeviceKind], *, instead_of: str = "") -> PairedDevice:
        """The device that the code makes, with a new secret. The code is used up.

        A code for none of these ``kinds`` is refused and stays good. A device with the secret ``instead_of``, which the
        new secret takes the place of, is revoked.

        Raises CodeUnknown, CodeUsed, CodeExpired, OtherKind, DeviceNameTaken (another device was paired under the name
        since the code was made, maybe at the same moment; the code stays good).
        """
        now, secret = self._clock.now(), DEVICE_PREFIX + new_secret(self._ids)
        async with self._unit_of_work() as uow:
            pairing = await self._good(uow, code, kinds, now)
            used, device = pairing.device(self._ids.new(), hash_secret(secret), now)
            for gone in await _replaced(uow, pairing, instead_of):  # before: the new one may have its name
                await revoke_device(uow, self._audit, pairing.maker, gone, now)
            ensure_another_device(await uow.devices.of_producer(pairing.producer_id), device.name)
            await uow.devices.add(device)
            await uow.pairings.put(used)
            await self._audit.record(uow, pairing.maker, Action.DEVICE_PAIRED, device.id, after=facts_of_device(device))
            await uow.commit()
        return PairedDevice(device, secret)

    async def _good(self, uow: UnitOfWork, text: str, kinds: Collection[DeviceKind], now: datetime) -> Pairing:
        code = plain_pairing_code(text)
        pairing = await uow.pairings.with_code(hash_secret(code)) if code else None
        if pairing is None:
            raise CodeUnknown("There is no such code", field="code")
        pairing.ensure_good(kinds, now)
        if pairing.person_id is not None:  # who was removed from the team since pairs nothing any more
            maker = await uow.people.membership(pairing.person_id, pairing.producer_id)
            if maker is None or Right.DEVICES not in RIGHTS[maker.role]:
                raise CodeExpired("The person who made this code may not pair devices any more")
        return pairing


async def _replaced(uow: UnitOfWork, pairing: Pairing, secret: str) -> list[Device]:
    """The devices whose place the new one takes."""
    lost = await uow.devices.get(pairing.replaces) if pairing.replaces else None
    overwritten = await uow.devices.with_hash(hash_secret(secret)) if secret else None
    found = {each.id: each for each in (lost, overwritten) if each and each.producer_id == pairing.producer_id}
    return list(found.values())


async def revoke_device(uow: UnitOfWork, audit: AuditLog, actor: Actor, device: Device, now: datetime) -> None:
    """Revoke the device in the transaction of ``uow``. Twice is harmless."""
    if await uow.devices.revoke(device.id, now=now):
        await audit.record(uow, actor, Action.DEVICE_REVOKED, device.id, before=facts_of_device(device))


def facts_of_device(device: Device) -> Facts:
    """What the audit log says of a device."""
    return {"name": device.name, "kind": device.kind, "shows": device.show_ids}
