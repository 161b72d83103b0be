"""Use cases: how a producer's pages look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from application.ports.pictures import Box, PictureStudio, PreparedPicture, UnusablePicture
from application.ports.storage import UnitOfWork, UnitOfWorkFactory
from domain.branding import Branding, Picture, parse_colour, parse_origins
from domain.catalog import Producer, Show
from domain.errors import InvalidRequest, NotFound

#: What an upload may weigh, in bytes: a photo as phones take it.
MAX_UPLOAD_BYTES: Final = 5 * 1024 * 1024
#: As large as pages show them on a dense screen.
LOGO_BOX: Final = Box(480, 160)
IMAGE_BOX: Final = Box(1600, 1200)


class GetBranding:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, producer_id: UUID) -> Branding:
        """Raises NotFound."""
        async with self._unit_of_work() as uow:
            return (await _producer(uow, producer_id)).branding


class SetBranding:
    """The colour, and the sites that may embed shows."""

    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, producer_id: UUID, *, colour: str | None, widget_origins: Sequence[str]) -> Branding:
        """The branding from now on; the logo stays. Raises NotFound, InvalidRequest."""
        parsed_colour = parse_colour(colour) if colour is not None else None
        origins = parse_origins(widget_origins)
        async with self._unit_of_work() as uow:
            producer = await _producer(uow, producer_id)
            branding = replace(producer.branding, colour=parsed_colour, widget_origins=origins)
            await uow.catalog.save_producer(replace(producer, branding=branding))
            await uow.commit()
        return branding


class SetLogo:
    def __init__(self, unit_of_work: UnitOfWorkFactory, studio: PictureStudio) -> None:
        self._unit_of_work = unit_of_work
        self._studio = studio

    async def __call__(self, producer_id: UUID, upload: bytes | None) -> Branding:
        """The branding with the uploaded logo; None takes the logo away. Raises NotFound, InvalidRequest."""
        prepared = await _prepare(self._studio, upload, LOGO_BOX) if upload is not None else None
        async with self._unit_of_work() as uow:
            producer = await _producer(uow, producer_id)
            if prepared:
                await uow.pictures.add(prepared.picture, prepared.content)
            branding = replace(producer.branding, logo=prepared.picture if prepared else None)
            await uow.catalog.save_producer(replace(producer, branding=branding))
            await _forget(uow, producer.branding.logo)
            await uow.commit()
        return branding


class SetShowImage:
    def __init__(self, unit_of_work: UnitOfWorkFactory, studio: PictureStudio) -> None:
        self._unit_of_work = unit_of_work
        self._studio = studio

    async def __call__(self, producer_id: UUID, show_id: UUID, upload: bytes | None) -> Show:
        """The producer's show with the uploaded image; None takes it away. Raises NotFound, InvalidRequest."""
        prepared = await _prepare(self._studio, upload, IMAGE_BOX) if upload is not None else None
        async with self._unit_of_work() as uow:
            show = await uow.catalog.show(show_id)
            if show is None or show.producer_id != producer_id:
                raise NotFound("No such show")
            if prepared:
                await uow.pictures.add(prepared.picture, prepared.content)
            changed = replace(show, image=prepared.picture if prepared else None)
            await uow.catalog.save_show(changed)
            await _forget(uow, show.image)
            await uow.commit()
        return changed


class GetPicture:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, name: str) -> bytes:
        """The bytes of a WebP picture. Raises NotFound."""
        try:
            picture = Picture(name)
        except InvalidRequest:
            raise NotFound("No such picture") from None
        async with self._unit_of_work() as uow:
            content = await uow.pictures.content(picture)
        if content is None:
            raise NotFound("No such picture")
        return content


async def _producer(uow: UnitOfWork, producer_id: UUID) -> Producer:
    producer = await uow.catalog.producer(producer_id)
    if producer is None:
        raise NotFound("No such producer")
    return producer


async def _prepare(studio: PictureStudio, upload: bytes, box: Box) -> PreparedPicture:
    if len(upload) > MAX_UPLOAD_BYTES:
        raise InvalidRequest(f"A picture has {MAX_UPLOAD_BYTES // 1024**2} MiB at most")
    try:
        return await studio.prepare(upload, box)
    except UnusablePicture as error:
        raise InvalidRequest(str(error)) from None


async def _forget(uow: UnitOfWork, picture: Picture | None) -> None:
    if picture is not None:
        await uow.pictures.remove_unused(picture)
