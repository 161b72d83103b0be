"""A producer's logo and images: stored once, deleted when unused, and recorded in the audit log."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from adapters.memory.pictures import MemoryStudio
from application.catalog.branding import (
    LOGO_BOX,
    MAX_UPLOAD_BYTES,
    GetBranding,
    GetPicture,
    SetBranding,
    SetLogo,
    SetShowImage,
)
from domain.access import Actor
from domain.audit_log import Action, AuditFilter
from domain.branding import Branding
from domain.errors import Conflict, InvalidRequest, NotFound
from tests.application.world import World
from tests.support.factories import producer, ticket

GLOBE = producer()
ACTOR = Actor(GLOBE.id)
STALLS = ticket()


def png(colour: str = "#e8a33d") -> bytes:
    stream = BytesIO()
    Image.new("RGB", (960, 320), colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
async def world() -> World:
    world = World()
    await world.sell(STALLS, by=GLOBE)
    return world


async def test_logo_fits_its_box_and_is_forgotten_with_its_producers_wish(world: World) -> None:
    set_logo = SetLogo(world.database, MemoryStudio(), world.audit)
    get_picture = GetPicture(world.database)
    logo = (await set_logo(ACTOR, png())).logo
    assert logo is not None
    assert logo.size == (LOGO_BOX.width, LOGO_BOX.height)
    assert await get_picture(logo.name)
    assert (await GetBranding(world.database)(ACTOR)).logo == logo

    assert (await set_logo(ACTOR, None)).logo is None
    with pytest.raises(NotFound):
        await get_picture(logo.name)


async def test_colour_and_origins_leave_the_logo_alone(world: World) -> None:
    logo = (await SetLogo(world.database, MemoryStudio(), world.audit)(ACTOR, png())).logo
    set_branding = SetBranding(world.database, world.audit)
    for _ in range(2):
        branding = await set_branding(ACTOR, colour="#E8A33D", widget_origins=["https://globe.example"])
        assert branding == Branding("#e8a33d", logo, ("https://globe.example",))
    async with world.database() as uow:
        told = await uow.audit_log.page(GLOBE.id, only=AuditFilter(), after=None, limit=10)
    assert [entry.action for entry in told] == [Action.ACCOUNT_CHANGED] * 2


@pytest.mark.parametrize("upload", [b"no picture", b"x" * (MAX_UPLOAD_BYTES + 1)])
async def test_what_cannot_be_used_changes_nothing(world: World, upload: bytes) -> None:
    with pytest.raises(InvalidRequest):
        await SetLogo(world.database, MemoryStudio(), world.audit)(ACTOR, upload)
    assert (await GetBranding(world.database)(ACTOR)).logo is None


async def test_image_is_set_by_the_shows_own_producer_while_the_show_goes_on(world: World) -> None:
    set_image = SetShowImage(world.database, MemoryStudio(), world.audit)
    with pytest.raises(NotFound):
        await set_image(Actor(producer().id), STALLS.show_id, png())
    shown = await set_image(ACTOR, STALLS.show_id, png())
    assert shown.image is not None
    async with world.database() as uow:
        await uow.shows.save(shown.changed(cancelled=True))
        await uow.commit()
    with pytest.raises(Conflict):
        await set_image(ACTOR, STALLS.show_id, png("#000000"))
    assert await GetPicture(world.database)(shown.image.name)
