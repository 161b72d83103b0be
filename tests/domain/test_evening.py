"""A producer's evening, and the head line of a show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from domain.capacity import Capacity
from domain.evening import evening_of, head_line
from domain.inventory import Inventory
from tests.support import factories

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def test_a_night_belongs_to_the_evening_on_which_it_began() -> None:
    evening = (local("2026-11-28T06:00"), local("2026-11-29T06:00"))
    for moment in ("2026-11-28T06:00", "2026-11-28T23:00", "2026-11-29T05:59"):
        assert evening_of(local(moment), BERLIN) == evening
    assert evening_of(local("2026-11-29T06:00"), BERLIN)[0] == evening[1]


def test_an_evening_is_an_hour_longer_when_clocks_go_back() -> None:
    begins, ends = evening_of(local("2026-10-24T20:00"), BERLIN)
    assert (ends - begins).total_seconds() == 25 * 3600


def test_a_head_line_adds_up() -> None:
    show = factories.show(by=factories.producer())
    house = Capacity(id=uuid4(), show_id=show.id, name="House", size=100, held=4, sold=30, allocated=20)
    adult = replace(factories.ticket(of=show), inventory=Inventory(None, 4, 30), capacity_id=house.id)
    programme = replace(factories.ticket(of=show), inventory=Inventory(50, 1, 9))
    line = head_line([adult, programme], [house], checked_in=12, coming=27)
    assert (line.capacity, line.sold, line.held, line.kept) == (150, 39, 5, 20)
    assert line.sold + line.held + line.kept + line.left == line.capacity
    assert line.expected == 39
