"""DeviceRepo and PairingRepo: devices by the hash of their secret, pairings by the hash of their code."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import hash_secret
from domain.devices import Device, DeviceKind, DeviceNameTaken, Pairing
from tests.contracts.builders import NOW, Theatre, new_id

LATER = NOW + timedelta(minutes=1)


def a_pairing(theatre: Theatre, kind: DeviceKind = DeviceKind.SCANNER) -> Pairing:
    return Pairing(
        id=new_id(),
        producer_id=theatre.producer.id,
        name=f"Door {uuid4().hex[:8]}",
        kind=kind,
        show_ids=frozenset({uuid4(), uuid4()}),
        code_hash=hash_secret(uuid4().hex),
        created_at=NOW,
        person_id=uuid4(),
        paired_by="Kim Park",
        replaces=uuid4(),
    )


def a_device(theatre: Theatre, kind: DeviceKind = DeviceKind.SCANNER) -> Device:
    return a_pairing(theatre, kind).device(new_id(), hash_secret(uuid4().hex), NOW)[1]


async def stored(unit_of_work: UnitOfWorkFactory, *devices: Device) -> None:
    async with unit_of_work() as uow:
        for device in devices:
            await uow.devices.add(device)
        await uow.commit()


async def renamed(unit_of_work: UnitOfWorkFactory, device: Device, name: str) -> None:
    async with unit_of_work() as uow:
        await uow.devices.rename(device.id, name)
        await uow.commit()


async def one(unit_of_work: UnitOfWorkFactory, device_id: UUID) -> Device | None:
    async with unit_of_work(read_only=True) as uow:
        return await uow.devices.get(device_id)


async def test_devices_of_every_kind_come_back_as_stored(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    devices = [a_device(theatre, kind) for kind in DeviceKind]
    await stored(unit_of_work, *devices, unlimited := replace(a_device(theatre), show_ids=frozenset()))
    async with unit_of_work(read_only=True) as uow:
        for device in (*devices, unlimited):
            assert await uow.devices.get(device.id) == device
            assert await uow.devices.with_hash(device.secret_hash) == device
        assert await uow.devices.get(new_id()) is None
        assert await uow.devices.with_hash(hash_secret("guessed")) is None


async def test_a_producers_devices_are_listed_oldest_first(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    newer, older = replace(a_device(theatre), paired_at=LATER), replace(a_device(theatre), revoked_at=LATER)
    await stored(unit_of_work, newer, older)
    async with unit_of_work(read_only=True) as uow:
        assert await uow.devices.of_producer(theatre.producer.id) == [older, newer]
        assert await uow.devices.of_producer(new_id()) == []


async def test_a_device_is_seen_and_renamed(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    device, other = a_device(theatre), a_device(theatre)
    await stored(unit_of_work, device, other)
    async with unit_of_work() as uow:
        await uow.devices.seen(device.id, now=LATER)
        await uow.devices.rename(device.id, "West door")
        await uow.commit()
    assert await one(unit_of_work, device.id) == replace(device, last_seen_at=LATER, name="West door")
    assert await one(unit_of_work, other.id) == other


async def test_a_device_is_revoked_once(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    device = a_device(theatre)
    await stored(unit_of_work, device)
    async with unit_of_work() as uow:
        assert await uow.devices.revoke(device.id, now=LATER)
        assert not await uow.devices.revoke(device.id, now=LATER + timedelta(days=1))
        assert not await uow.devices.revoke(new_id(), now=LATER)
        await uow.commit()
    assert await one(unit_of_work, device.id) == replace(device, revoked_at=LATER)


async def test_two_devices_in_use_have_two_names(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    elsewhere = Theatre()
    async with unit_of_work() as uow:
        await elsewhere.store(uow)
        await uow.commit()
    first, gone = (replace(a_device(theatre), name="North door") for _ in range(2))
    await stored(unit_of_work, first, replace(gone, revoked_at=LATER))
    await stored(unit_of_work, replace(a_device(elsewhere), name="North door"))
    with pytest.raises(DeviceNameTaken):
        await stored(unit_of_work, replace(a_device(theatre), name="NORTH door"))
    other = a_device(theatre)
    await stored(unit_of_work, other)
    with pytest.raises(DeviceNameTaken):
        await renamed(unit_of_work, other, "north Door")
    await renamed(unit_of_work, first, "NORTH DOOR")
    async with unit_of_work() as uow:
        await uow.devices.revoke(first.id, now=LATER)
        await uow.devices.rename(other.id, "North door")
        await uow.commit()
    assert await one(unit_of_work, other.id) == replace(other, name="North door")


async def test_of_devices_that_take_a_name_at_once_one_gets_it(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    rivals = [replace(a_device(theatre), name=name) for name in ("North door", "north door") * 4]
    answers = await asyncio.gather(*(stored(unit_of_work, each) for each in rivals), return_exceptions=True)
    assert [type(each) for each in answers if each is not None] == [DeviceNameTaken] * 7
    async with unit_of_work(read_only=True) as uow:
        assert len(await uow.devices.of_producer(theatre.producer.id)) == 1


async def test_a_pairing_is_found_by_its_code_and_put_again(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    pairing = a_pairing(theatre)
    nobodys = replace(a_pairing(theatre), person_id=None, replaces=None, show_ids=frozenset())
    used = replace(pairing, device_id=new_id(), name="West door")
    async with unit_of_work() as uow:
        await uow.pairings.put(pairing)
        await uow.pairings.put(nobodys)
        assert await uow.pairings.with_code(pairing.code_hash) == pairing
        await uow.pairings.put(used)
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.pairings.get(pairing.id) == used
        assert await uow.pairings.with_code(nobodys.code_hash) == nobodys
        assert await uow.pairings.get(new_id()) is None
        assert await uow.pairings.with_code(hash_secret("guessed")) is None


async def test_codes_that_wait_are_listed_and_removed_unless_they_are_used(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    first, second, used, old = (a_pairing(theatre) for _ in range(4))
    second = replace(second, created_at=first.created_at + timedelta(seconds=1))
    used = replace(used, device_id=new_id())
    old = replace(old, created_at=first.created_at - timedelta(hours=1))
    since = first.created_at - timedelta(minutes=10)
    async with unit_of_work() as uow:
        for pairing in (second, first, used, old):
            await uow.pairings.put(pairing)
        await uow.commit()
    async with unit_of_work() as uow:
        assert await uow.pairings.waiting(theatre.producer.id, since=since) == [first, second]
        assert await uow.pairings.waiting(new_id(), since=since) == []
        assert await uow.pairings.remove(first.id)
        assert not await uow.pairings.remove(first.id)
        assert not await uow.pairings.remove(used.id)
        assert await uow.pairings.waiting(theatre.producer.id, since=since) == [second]
        assert await uow.pairings.get(used.id) == used


async def test_of_two_who_use_a_code_the_second_waits_and_finds_it_used(
    unit_of_work: UnitOfWorkFactory, theatre: Theatre
) -> None:
    pairing = a_pairing(theatre)
    async with unit_of_work() as uow:
        await uow.pairings.put(pairing)
        await uow.commit()

    async def use() -> bool:
        async with unit_of_work() as uow:
            found = await uow.pairings.with_code(pairing.code_hash)
            assert found is not None
            if found.device_id is not None:
                return False
            await uow.pairings.put(replace(found, device_id=new_id()))
            await uow.commit()
            return True

    assert sorted(await asyncio.gather(*(use() for _ in range(8)))) == [False] * 7 + [True]


async def test_shows_to_come_are_the_producers_soonest_first(unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
    end = theatre.show.end_time
    async with unit_of_work() as uow:
        assert await _coming(uow, theatre, since=end - timedelta(seconds=1)) == [theatre.show.id]
        assert await _coming(uow, theatre, since=end) == []
        assert await uow.shows.coming(new_id(), since=NOW, limit=9) == []
        assert await uow.shows.coming(theatre.producer.id, since=NOW, limit=0) == []


async def _coming(uow: UnitOfWork, theatre: Theatre, *, since: datetime) -> list[UUID]:
    return [show.id for show in await uow.shows.coming(theatre.producer.id, since=since, limit=9)]
