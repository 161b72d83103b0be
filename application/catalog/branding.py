"""Use cases: the look of a producer's pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from application.access.audit_log import AuditLog
from application.access.ownership import locked_producer, locked_production, locked_show, producer_of
from application.ports.pictures import Box, PictureStudio, PreparedPicture, UnusablePicture
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor
from domain.audit_log import Action
from domain.branding import Branding, Picture, parse_colour, parse_origins
from domain.catalog import Producer, Show
from domain.errors import InvalidRequest, NotFound
from domain.production import Production

#: The largest upload in bytes: a photo as phones take it.
MAX_UPLOAD_BYTES: Final = 5 * 1024 * 1024
#: As large as pages show them on a dense screen.
LOGO_BOX: Final = Box(480, 160)
IMAGE_BOX: Final = Box(1600, 1200)


class GetBranding:
    def __init__(self, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, actor: Actor) -> Branding:
        """The producer's branding. Raises NotFound."""
        async with self._unit_of_work() as uow:
            return (await producer_of(uow, actor.producer_id)).branding


class SetBranding:
    """Sets the colour, and the sites that may embed shows."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def __call__(self, actor: Actor, *, colour: str | None, widget_origins: Sequence[str]) -> Branding:
        """The branding after the change; the logo stays. Raises NotFound, InvalidRequest."""
        parsed_colour = parse_colour(colour) if colour is not None else None
        origins = parse_origins(widget_origins)
        async with self._unit_of_work() as uow:
            before = await locked_producer(uow, actor.producer_id)
            branding = replace(before.branding, colour=parsed_colour, widget_origins=origins)
            await _dress(uow, self._audit, actor, before, branding)
            await uow.commit()
        return branding


class SetLogo:
    def __init__(self, unit_of_work: UnitOfWorkFactory, studio: PictureStudio, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._studio = studio
        self._audit = audit

    async def __call__(self, actor: Actor, upload: bytes | None) -> Branding:
        """The branding with the uploaded logo; None removes the logo. Raises NotFound, InvalidRequest."""
        prepared = await _prepare(self._studio, actor, upload, LOGO_BOX) if upload is not None else None
        async with self._unit_of_work() as uow:
            before = await locked_producer(uow, actor.producer_id)
            if prepared:
                await uow.pictures.add(prepared.picture, prepared.content)
            branding = replace(before.branding, logo=prepared.picture if prepared else None)
            await _dress(uow, self._audit, actor, before, branding)
            await _forget(uow, before.branding.logo)
            await uow.commit()
        return branding


class SetShowImage:
    def __init__(self, unit_of_work: UnitOfWorkFactory, studio: PictureStudio, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._studio = studio
        self._audit = audit

    async def __call__(self, actor: Actor, show_id: UUID, upload: bytes | None) -> Show:
        """The producer's show with the uploaded image; None removes it.

        Raises NotFound, InvalidRequest, Conflict (the show was cancelled).
        """
        prepared = await _prepare(self._studio, actor, upload, IMAGE_BOX) if upload is not None else None
        async with self._unit_of_work() as uow:
            before = await locked_show(uow, actor, show_id)
            if prepared:
                await uow.pictures.add(prepared.picture, prepared.content)
            after = before.changed(image=prepared.picture if prepared else None)
            if after != before:
                await uow.shows.save(after)
                await self._audit.record(
                    uow, actor, Action.SHOW_CHANGED, show_id, show_id=show_id, before=before, after=after
                )
            await _forget(uow, before.image)
            await uow.commit()
        return after


class SetProductionImage:
    def __init__(self, unit_of_work: UnitOfWorkFactory, studio: PictureStudio, audit: AuditLog) -> None:
        self._unit_of_work = unit_of_work
        self._studio = studio
        self._audit = audit

    async def __call__(self, actor: Actor, production_id: UUID, upload: bytes | None) -> Production:
        """The producer's production with the uploaded image; None removes it. Raises NotFound, InvalidRequest."""
        prepared = await _prepare(self._studio, actor, upload, IMAGE_BOX) if upload is not None else None
        async with self._unit_of_work() as uow:
            before = await locked_production(uow, actor, production_id)
            if prepared:
                await uow.pictures.add(prepared.picture, prepared.content)
            after = before.changed(image=prepared.picture if prepared else None)
            if after != before:
                await uow.productions.save(after)
                await self._audit.record(
                    uow, actor, Action.PRODUCTION_CHANGED, production_id, before=before, after=after
                )
            await _forget(uow, before.image)
            await uow.commit()
        return after


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


async def _dress(uow: UnitOfWork, audit: AuditLog, actor: Actor, before: Producer, branding: Branding) -> None:
    after = replace(before, branding=branding)
    if after != before:
        await uow.producers.save(after)
        await audit.record(uow, actor, Action.ACCOUNT_CHANGED, after.id, before=before, after=after)


async def _prepare(studio: PictureStudio, actor: Actor, upload: bytes, box: Box) -> PreparedPicture:
    if len(upload) > MAX_UPLOAD_BYTES:
        raise InvalidRequest(f"A picture may have at most {MAX_UPLOAD_BYTES // 1024**2} MiB")
    try:
        return await studio.prepare(upload, box, owner=actor.producer_id)
    except UnusablePicture as error:
        raise InvalidRequest(str(error)) from None


async def _forget(uow: UnitOfWork, picture: Picture | None) -> None:
    if picture is not None:
        await uow.pictures.remove_unused(picture)
