"""PictureRepo and PictureStudio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from uuid import UUID, uuid4

import psutil
import pytest
from PIL import Image

from adapters.memory.pictures import MemoryStudio
from adapters.pillow.studio import PillowStudio
from application.ports.pictures import Box, PictureStudio, UnusablePicture
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.branding import Branding, Picture
from tests.contracts.builders import Theatre

PICTURE = Picture.of("a" * 32, width=16, height=9)
BOX = Box(400, 300)
OWNER = uuid4()


def encoded(width: int, height: int, kind: str = "PNG", mode: str = "RGB") -> bytes:
    stream = BytesIO()
    Image.new(mode, (width, height), 200 if mode == "L" else None).save(stream, kind)
    return stream.getvalue()


class TestRepo:
    async def test_picture_is_found_again(self, unit_of_work: UnitOfWorkFactory) -> None:
        for _ in range(2):
            async with unit_of_work() as uow:
                await uow.pictures.add(PICTURE, b"\x00\xff")
                await uow.commit()
        async with unit_of_work() as uow:
            assert await uow.pictures.content(PICTURE) == b"\x00\xff"
            assert await uow.pictures.content(Picture.of("b" * 32, width=1, height=1)) is None

    async def test_unused_one_is_forgotten(self, unit_of_work: UnitOfWorkFactory) -> None:
        async with unit_of_work() as uow:
            await uow.pictures.add(PICTURE, b"content")
            await uow.pictures.remove_unused(PICTURE)
            await uow.commit()
        async with unit_of_work() as uow:
            assert await uow.pictures.content(PICTURE) is None

    async def test_one_in_use_is_kept(self, unit_of_work: UnitOfWorkFactory, theatre: Theatre) -> None:
        branding = Branding(colour="#5b2bd9", logo=PICTURE, widget_origins=("https://theatre.example",))
        async with unit_of_work() as uow:
            await uow.pictures.add(PICTURE, b"content")
            await uow.producers.save(replace(theatre.producer, branding=branding))
            await uow.pictures.remove_unused(PICTURE)
            await uow.commit()
        async with unit_of_work() as uow:
            stored = await uow.producers.get(theatre.producer.id)
            assert stored is not None
            assert stored.branding == branding
            await uow.producers.save(theatre.producer)
            await uow.shows.save(replace(theatre.show, image=PICTURE))
            await uow.pictures.remove_unused(PICTURE)
            await uow.commit()
        async with unit_of_work() as uow:
            display = await uow.show_details.details(theatre.show.id)
            assert display is not None
            assert (display.show.image, display.producer.branding) == (PICTURE, Branding())
            assert await uow.pictures.content(PICTURE) == b"content"


class TestStudio:
    @pytest.fixture(params=[MemoryStudio, PillowStudio])
    def studio(self, request: pytest.FixtureRequest) -> PictureStudio:
        make: Callable[[], PictureStudio] = request.param
        return make()

    @pytest.mark.parametrize(
        ("size", "fitted"),
        [((800, 600), (400, 300)), ((800, 200), (400, 100)), ((100, 600), (50, 300)), ((40, 30), (40, 30))],
    )
    async def test_picture_fits_and_is_never_enlarged(
        self, studio: PictureStudio, size: tuple[int, int], fitted: tuple[int, int]
    ) -> None:
        prepared = await studio.prepare(encoded(*size), BOX, owner=OWNER)
        assert prepared.picture.size == fitted
        assert prepared.content

    async def test_same_upload_is_the_same_picture(self, studio: PictureStudio) -> None:
        upload = encoded(40, 30)
        assert await studio.prepare(upload, BOX, owner=OWNER) == await studio.prepare(upload, BOX, owner=OWNER)

    @pytest.mark.parametrize(
        "upload",
        [
            lambda: b"",
            lambda: b"GIF89a",
            lambda: b"<svg/>",
            lambda: encoded(40, 30)[:50],
            lambda: encoded(5001, 5000),
        ],
        ids=["nothing", "only a beginning", "SVG", "cut off", "too large"],
    )
    async def test_what_cannot_be_used_is_refused(self, studio: PictureStudio, upload: Callable[[], bytes]) -> None:
        with pytest.raises(UnusablePicture):
            await studio.prepare(upload(), BOX, owner=OWNER)


class TestPillow:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
    @pytest.mark.parametrize("mode", ["RGB", "L"])
    async def test_every_format_becomes_webp(self, kind: str, mode: str) -> None:
        prepared = await PillowStudio().prepare(encoded(40, 30, kind, mode), BOX, owner=OWNER)
        with Image.open(BytesIO(prepared.content)) as image:
            assert (image.format, image.size) == ("WEBP", (40, 30))

    @pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO"])
    async def test_other_formats_are_refused(self, kind: str) -> None:
        with pytest.raises(UnusablePicture):
            await PillowStudio().prepare(encoded(40, 30, kind), BOX, owner=OWNER)

    async def test_25_million_pixels_are_read(self) -> None:
        assert (await PillowStudio().prepare(encoded(5000, 5000, "JPEG"), BOX, owner=OWNER)).picture.size == (300, 300)

    async def test_transparency_stays_and_where_it_was_taken_does_not(self) -> None:
        stream = BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was turned
        exif[0x010E] = "at home"
        Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(stream, "PNG", exif=exif)
        prepared = await PillowStudio().prepare(stream.getvalue(), BOX, owner=OWNER)
        with Image.open(BytesIO(prepared.content)) as image:
            assert (image.size, image.mode) == ((30, 40), "RGBA")
            assert dict(image.getexif()) == {}

    async def test_a_picture_that_takes_too_long_is_refused_and_its_process_ended(self) -> None:
        before = decoders()
        studio = PillowStudio(max_seconds=0.01)
        with pytest.raises(UnusablePicture, match="takes too long"):
            await studio.prepare(encoded(40, 30), BOX, owner=OWNER)
        assert decoders() == before

    async def test_one_who_goes_away_leaves_no_process_behind(self) -> None:
        before = decoders()
        preparing = asyncio.create_task(PillowStudio().prepare(encoded(3000, 3000), BOX, owner=OWNER))
        while decoders() == before:
            await asyncio.sleep(0.005)
        preparing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await preparing
        assert decoders() == before

    async def test_one_producers_pictures_leave_room_for_the_others(self) -> None:
        """A process has two places, of which one producer gets one, even if it sends many pictures at once."""
        studio = PillowStudio()
        finished: list[str] = []

        async def prepare(name: str, owner: UUID) -> None:
            await studio.prepare(encoded(40, 30), BOX, owner=owner)
            finished.append(name)

        eager = uuid4()
        await asyncio.gather(*(prepare("eager", eager) for _ in range(4)), prepare("other", uuid4()))
        assert finished[-1] == "eager", "in one line for all, the other's would be the last"


def decoders() -> set[int]:
    """The decoding processes that this process started and that still run."""
    return {child.pid for child in psutil.Process().children() if "adapters.pillow.decoder" in child.cmdline()}
