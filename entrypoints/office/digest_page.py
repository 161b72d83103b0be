"""The daily digest of the person who asks: whether it comes, and at which hour."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from application import formatting
from application.notifications.digest import ReadDigest, SetDigest
from application.ports.today import Place
from application.today.overview import ReadTonight
from domain.digest import DEFAULT_HOUR, Digest
from domain.people import Member, Right
from domain.timezones import name_at, zone_of
from entrypoints.office.access import EVERY_MEMBER, RightMissing, office_router
from entrypoints.office.forms import Form
from entrypoints.office.notices import done
from entrypoints.office.rendering import OfficePages

_HOURS: Final = range(24)


@get("/me/digest")
async def digest_page(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    read_digest: NamedDependency[ReadDigest],
    read_tonight: NamedDependency[ReadTonight],
    office_pages: NamedDependency[OfficePages],
) -> Response[str]:
    """The form, with the present hour."""
    _ensure_may_see_the_office(member)
    digest = await read_digest(member)
    return await _page(request, member, _filled(digest), digest, read_tonight, office_pages)


def _filled(digest: Digest | None) -> Form:
    return Form.filled({"hour": digest.hour if digest else DEFAULT_HOUR})


@post("/me/digest")
async def change_digest(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    read_digest: NamedDependency[ReadDigest],
    set_digest: NamedDependency[SetDigest],
    read_tonight: NamedDependency[ReadTonight],
    office_pages: NamedDependency[OfficePages],
) -> Response[Any]:
    """Send the digest at the chosen hour, or stop it."""
    _ensure_may_see_the_office(member)
    form = await Form.read(request)
    if form["wish"] == "stop":
        await set_digest(member, None)
        return done("/office/me/digest", "digest-stopped")
    digest = await read_digest(member)
    form.refuse_if_changed(_filled(digest))
    hour = form.whole("hour", required=True, least=0, most=23)
    if form.is_good and hour is not None:
        await set_digest(member, hour)
        return done("/office/me/digest", "digest-set")
    return await _page(request, member, form, digest, read_tonight, office_pages)


def _ensure_may_see_the_office(member: Member) -> None:
    # A person's own pages are for every member; this one tells of the office.
    if not member.may(Right.VIEW):
        raise RightMissing("Your role may not do this")


async def _page(
    request: Request[Any, Any, Any],
    member: Member,
    form: Form,
    digest: Digest | None,
    read_tonight: ReadTonight,
    office_pages: OfficePages,
) -> Response[str]:
    tonight = await read_tonight(member.producer.id)
    place = tonight.place
    context = {
        "form": form,
        "digest": digest,
        "hours": [(str(hour), _clock(hour, place)) for hour in _HOURS],
        "next": _next(digest, place) if digest else "",
        "zone": name_at(tonight.now, zone_of(place.timezone)),
        "place": place,
    }
    return office_pages.page(request, member, "office/digest.html", context, active="me", status_code=form.status)


def _clock(hour: int, place: Place) -> str:
    """The hour as people write it there."""
    return formatting.clock(
        datetime.combine(datetime(2000, 1, 1, tzinfo=UTC), time(hour), UTC), zone_of("UTC"), place.locale
    )


def _next(digest: Digest, place: Place) -> str:
    zone = zone_of(place.timezone)
    return f"{formatting.day(digest.due_at, zone, place.locale)}, {formatting.clock(digest.due_at, zone, place.locale)}"


router = office_router("/office", digest_page, change_digest, right=EVERY_MEMBER)
