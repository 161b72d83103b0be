"""What devices send and get."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from application.devices.devices import DeviceView
from domain.catalog import Show
from domain.devices import DeviceKind

#: Longer than any code with all its separators.
MAX_TYPED_LENGTH = 40


class PairedKind(StrEnum):
    """The kinds that pair over the API. A till pairs in its browser, which keeps its secret in a cookie."""

    SCANNER = "scanner"
    PRINTER = "printer"


class PairIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``code`` is what the office shows: separators and case do not matter. ``kind`` is what the device is: a code for
    another kind is refused and stays good. Without it the device is whatever the code says.
    """

    code: Annotated[str, Meta(max_length=MAX_TYPED_LENGTH, examples=["7K3M9-QX2VB"])]
    kind: PairedKind | None = None

    def kinds(self) -> tuple[DeviceKind, ...]:
        """The kinds of device that the caller would be."""
        return tuple(DeviceKind(kind) for kind in ([self.kind] if self.kind else PairedKind))


class DeviceShowOut(msgspec.Struct, kw_only=True):
    """A show that the device may work for, on the venue's clock."""

    id: UUID
    title: str
    venue: str
    door_time: datetime
    start_time: datetime
    end_time: datetime
    timezone: str
    cancelled: bool

    @classmethod
    def of(cls, show: Show) -> DeviceShowOut:
        return cls(
            id=show.id,
            title=show.title,
            venue=show.venue,
            door_time=show.door_there,
            start_time=show.start_there,
            end_time=show.end_there,
            timezone=show.timezone,
            cancelled=show.cancelled,
        )


class DeviceProducerOut(msgspec.Struct):
    id: UUID
    name: str


class DeviceOut(msgspec.Struct, kw_only=True):
    """``all_shows``: the device works for all shows of the producer; ``shows`` are then those that are not over for
    twelve hours, the soonest 100. Otherwise ``shows`` are the ones that it is limited to.
    """

    id: UUID
    name: str
    kind: DeviceKind
    producer: DeviceProducerOut
    all_shows: bool
    shows: list[DeviceShowOut]
    paired_at: datetime

    @classmethod
    def of(cls, view: DeviceView) -> DeviceOut:
        device = view.device
        return cls(
            id=device.id,
            name=device.name,
            kind=device.kind,
            producer=DeviceProducerOut(view.producer.id, view.producer.name),
            all_shows=not device.show_ids,
            shows=[DeviceShowOut.of(show) for show in view.shows],
            paired_at=device.paired_at,
        )


class PairedOut(msgspec.Struct, kw_only=True):
    """``token`` is shown this once."""

    token: str
    device: DeviceOut
