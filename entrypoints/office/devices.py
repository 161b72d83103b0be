"""Devices: the scanners, tills and printers of a producer, and the codes that pair them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID, uuid4

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from markupsafe import Markup

from application import formatting
from application.devices.devices import ListDevices, ListDeviceShows, RenameDevice, RevokeDevice
from application.devices.pairing import GetPairing, OfferedPairing, OfferPairing
from application.devices.waiting import ListWaitingPairings, WithdrawPairing
from domain.catalog import Show
from domain.devices import MAX_DEVICE_NAME_LENGTH, CodeUsed, Device, DeviceKind, Pairing, written_code
from domain.errors import DomainError, NotFound
from domain.people import Member, Right
from domain.timezones import zone_of
from entrypoints.office.access import QUIET, office_router
from entrypoints.office.forms import Form, key_in
from entrypoints.office.rendering import OfficePages
from entrypoints.web.qr import qr_code

DEVICES: Final = "/office/devices"
#: Each kind: its name, and what it does.
KINDS: Final[Mapping[DeviceKind, tuple[str, str]]] = MappingProxyType(
    {
        DeviceKind.SCANNER: ("Scanner", "A phone or tablet at a door: it lets people in, with or without a network."),
        DeviceKind.TILL: ("Till", "A browser at the counter: it sells, and lets in at once."),
        DeviceKind.PRINTER: ("Printer", "A program beside a ticket printer: it fetches what is to be printed."),
    }
)
ALL_SHOWS: Final = "all"
THESE_SHOWS: Final = "these"
_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {"name": "Name", "kind": "What it is", "of": "Shows", "shows": "Shows"}
)


@dataclass(frozen=True, slots=True)
class ShowChoice:
    """A show as people choose it."""

    id: UUID
    words: str

    @classmethod
    def of(cls, show: Show) -> ShowChoice:
        zone = zone_of(show.timezone)
        day = formatting.day(show.start_time, zone, show.locale)
        clock = formatting.clock(show.start_time, zone, show.locale)
        return cls(show.id, f"{show.title}, {day}, {clock}{' (cancelled)' if show.cancelled else ''}")


@get("/")
async def page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_devices: NamedDependency[ListDevices],
    list_device_shows: NamedDependency[ListDeviceShows],
    list_waiting_pairings: NamedDependency[ListWaitingPairings],
) -> Response[str]:
    """Codes that wait for their device, devices in use by name, and those that were revoked, the last one first."""
    devices = await list_devices(member.actor)
    now = office_pages.now()
    waiting = [(each, _minutes_left(each, now)) for each in await list_waiting_pairings(member.actor)]
    in_use = sorted((each for each in devices if not each.is_revoked), key=lambda each: each.name.casefold())
    revoked = [each for each in devices if each.revoked_at]
    context = {
        "waiting": waiting,
        "in_use": in_use,
        "revoked": sorted(revoked, key=lambda each: each.revoked_at or each.paired_at, reverse=True),
        "titles": await _titles(member, list_device_shows, [*in_use, *(each for each, _ in waiting)]),
        "kinds": KINDS,
    }
    return office_pages.page(request, member, "office/devices.html", context, active="devices")


async def _titles(
    member: Member, list_shows: ListDeviceShows, devices: Sequence[Device | Pairing]
) -> Mapping[UUID, str]:
    """What the shows that devices are limited to are called. Shows that were deleted are not there."""
    limited = frozenset({show_id for device in devices for show_id in device.show_ids})
    if not limited:
        return {}
    return {show.id: ShowChoice.of(show).words for show in await list_shows(member.actor, also=limited)}


@get("/new")
async def new_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_device_shows: NamedDependency[ListDeviceShows],
) -> Response[str]:
    """The form of a new device."""
    form = Form.filled({"kind": DeviceKind.SCANNER.value, "of": ALL_SHOWS, "key": uuid4()})
    return await _new_page(request, member, office_pages, list_device_shows, form)


async def _new_page(
    request: Request[Any, Any, Any], member: Member, pages: OfficePages, list_shows: ListDeviceShows, form: Form
) -> Response[str]:
    context = {
        "form": form,
        "labels": _LABELS,
        "kinds": [(kind.value, *words) for kind, words in KINDS.items()],
        "shows": [ShowChoice.of(show) for show in await list_shows(member.actor)],
        "most_characters": MAX_DEVICE_NAME_LENGTH,
    }
    return pages.page(request, member, "office/device_new.html", context, active="devices", status_code=form.status)


@post("/new")
async def offer(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    offer_pairing: NamedDependency[OfferPairing],
    list_device_shows: NamedDependency[ListDeviceShows],
) -> Response[Any]:
    """Makes a code. The same form makes one code, however often it is sent."""
    form = await Form.read(request)
    name = form.text("name", required=True, most=MAX_DEVICE_NAME_LENGTH)
    kind = form.one_of("kind", [*DeviceKind])
    show_ids = _chosen_shows(form)
    if form.is_good:
        try:
            offered = await offer_pairing(
                member.actor, name=name, kind=DeviceKind(kind), show_ids=show_ids, pairing_id=key_in(form["key"])
            )
            return _to(_pairing_path(offered.pairing.id))
        except DomainError as error:
            form.refuse(error)
    return await _new_page(request, member, office_pages, list_device_shows, form)


def _chosen_shows(form: Form) -> list[UUID]:
    """The shows that were ticked; none for all of them."""
    if form.one_of("of", [ALL_SHOWS, THESE_SHOWS]) != THESE_SHOWS:
        return []
    try:
        chosen = [UUID(each) for each in form.all("shows")]
    except ValueError:
        chosen = []
    if not chosen:
        form.wrong("shows", "Please choose a show, or all of them.")
    return chosen


@get("/pairings/{pairing_id:uuid}")
async def pairing_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_pairing: NamedDependency[GetPairing],
    pairing_id: FromPath[UUID],
) -> Response[str]:
    """The code as a picture, a link and letters, until a device has used it, or it is too old."""
    offered = await get_pairing(member.actor, pairing_id)
    pairing, now = offered.pairing, office_pages.now()
    context = {
        **_state(pairing, now),
        **_shown(offered, office_pages.public_url),
        "kind": KINDS[pairing.kind][0],
    }
    return office_pages.page(request, member, "office/device_pairing.html", context, active="devices")


def _shown(offered: OfferedPairing, public_url: str) -> dict[str, object]:
    link = f"{public_url}/pair#{offered.code}"
    return {
        "code": written_code(offered.code),
        "link": link,
        "pair_page": f"{public_url}/pair",
        "qr": qr_code(link) if offered.code else Markup(),
    }


def _state(pairing: Pairing, now: datetime) -> dict[str, object]:
    return {
        "pairing": pairing,
        "has_paired": pairing.device_id is not None,
        "minutes_left": _minutes_left(pairing, now),
    }


def _minutes_left(pairing: Pairing, now: datetime) -> int:
    """For how many minutes a code is good, the one that has begun included."""
    return max(math.ceil((pairing.expires_at - now).total_seconds() / 60), 0)


@get("/pairings/{pairing_id:uuid}/state", opt={QUIET: True})
async def pairing_state(
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    get_pairing: NamedDependency[GetPairing],
    pairing_id: FromPath[UUID],
) -> Response[str]:
    """The line that says how long the code is good. The page asks for it again and again."""
    offered = await get_pairing(member.actor, pairing_id)
    part = office_pages.part("office/device_state.html", _state(offered.pairing, office_pages.now()))
    return Response(part, media_type=MediaType.HTML, headers={"Cache-Control": "private, no-store"})


@post("/pairings/{pairing_id:uuid}/again")
async def another_code(
    member: NamedDependency[Member],
    get_pairing: NamedDependency[GetPairing],
    offer_pairing: NamedDependency[OfferPairing],
    pairing_id: FromPath[UUID],
) -> Redirect:
    """Another code like this one: for a device that took too long, or never got its answer."""
    pairing = (await get_pairing(member.actor, pairing_id)).pairing
    if lost := pairing.device_id or pairing.replaces:
        offered = await offer_pairing.again(member.actor, lost)
    else:
        offered = await offer_pairing(member.actor, name=pairing.name, kind=pairing.kind, show_ids=pairing.show_ids)
    return _to(_pairing_path(offered.pairing.id))


@post("/pairings/{pairing_id:uuid}/withdraw")
async def withdraw(
    member: NamedDependency[Member],
    withdraw_pairing: NamedDependency[WithdrawPairing],
    pairing_id: FromPath[UUID],
) -> Redirect:
    """Make a code worthless that no device has used."""
    try:
        await withdraw_pairing(member.actor, pairing_id)
    except CodeUsed:
        return _to(_pairing_path(pairing_id))  # which says that it has paired
    return _to(DEVICES, done="pairing-withdrawn")


@get("/{device_id:uuid}")
async def device_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_devices: NamedDependency[ListDevices],
    list_device_shows: NamedDependency[ListDeviceShows],
    device_id: FromPath[UUID],
) -> Response[str]:
    """A device: what it may do, its name, and the ways to pair it again and to revoke it."""
    device = await _found(list_devices, member, device_id)
    titles = await _titles(member, list_device_shows, [device])
    return _device_page(request, member, office_pages, device, titles, Form.filled({"name": device.name}))


async def _found(list_devices: ListDevices, member: Member, device_id: UUID) -> Device:
    """The device of the member's own producer. Raises NotFound."""
    for device in await list_devices(member.actor):
        if device.id == device_id:
            return device
    raise NotFound("No such device")


def _device_page(
    request: Request[Any, Any, Any],
    member: Member,
    pages: OfficePages,
    device: Device,
    titles: Mapping[UUID, str],
    form: Form,
) -> Response[str]:
    context = {
        "device": device,
        "titles": titles,
        "form": form,
        "labels": _LABELS,
        "kinds": KINDS,
        "most_characters": MAX_DEVICE_NAME_LENGTH,
    }
    return pages.page(request, member, "office/device.html", context, active="devices", status_code=form.status)


@post("/{device_id:uuid}/name")
async def rename(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_devices: NamedDependency[ListDevices],
    list_device_shows: NamedDependency[ListDeviceShows],
    rename_device: NamedDependency[RenameDevice],
    device_id: FromPath[UUID],
) -> Response[Any]:
    """Gives the device another name."""
    form = await Form.read(request)
    name = form.text("name", required=True, most=MAX_DEVICE_NAME_LENGTH)
    if form.is_good:
        try:
            await rename_device(member.actor, device_id, name)
            return _to(DEVICES, done="device-renamed")
        except NotFound:
            raise
        except DomainError as error:
            form.refuse(error)
    device = await _found(list_devices, member, device_id)
    titles = await _titles(member, list_device_shows, [device])
    return _device_page(request, member, office_pages, device, titles, form)


@post("/{device_id:uuid}/again")
async def pair_again(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_devices: NamedDependency[ListDevices],
    list_device_shows: NamedDependency[ListDeviceShows],
    offer_pairing: NamedDependency[OfferPairing],
    device_id: FromPath[UUID],
) -> Response[Any]:
    """Makes a code that pairs the device again; what has its secret now is revoked then."""
    try:
        offered = await offer_pairing.again(member.actor, device_id)
    except NotFound:
        raise
    except DomainError as error:
        device = await _found(list_devices, member, device_id)
        form = Form.filled({"name": device.name})
        form.wrong("", f"{error}.")
        titles = await _titles(member, list_device_shows, [device])
        return _device_page(request, member, office_pages, device, titles, form)
    return _to(_pairing_path(offered.pairing.id))


@get("/{device_id:uuid}/revoke")
async def revoke_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_devices: NamedDependency[ListDevices],
    device_id: FromPath[UUID],
) -> Response[str]:
    """What revoking does."""
    device = await _found(list_devices, member, device_id)
    context = {"device": device, "kinds": KINDS}
    return office_pages.page(request, member, "office/device_revoke.html", context, active="devices")


@post("/{device_id:uuid}/revoke")
async def revoke(
    member: NamedDependency[Member], revoke_device: NamedDependency[RevokeDevice], device_id: FromPath[UUID]
) -> Redirect:
    """Revokes the device. Twice is harmless."""
    await revoke_device(member.actor, device_id)
    return _to(DEVICES, done="device-revoked")


def _pairing_path(pairing_id: UUID) -> str:
    return f"{DEVICES}/pairings/{pairing_id}"


def _to(path: str, *, done: str = "") -> Redirect:
    return Redirect(f"{path}?done={done}" if done else path, status_code=HTTP_303_SEE_OTHER)


router = office_router(
    DEVICES,
    page,
    new_page,
    offer,
    pairing_page,
    pairing_state,
    another_code,
    withdraw,
    device_page,
    rename,
    pair_again,
    revoke_page,
    revoke,
    right=Right.DEVICES,
)
