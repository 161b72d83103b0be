"""The look of a producer's pages, changed over the producer API."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from PIL import Image

from application.catalog.branding import MAX_UPLOAD_BYTES
from tests.support.back_office import BackOffice
from tests.support.box_office import Answer, BoxOffice, Json


def png(width: int = 64, height: int = 32) -> bytes:
    """A picture in a unique colour: equal pictures are stored once, and served as long as any producer has them."""
    stream = BytesIO()
    Image.new("RGB", (width, height), f"#{uuid4().hex[:6]}").save(stream, "PNG")
    return stream.getvalue()


async def upload(office: BackOffice, path: str, content: bytes) -> Answer:
    return await office.request("PUT", path, data=BytesIO(content), headers={"Content-Type": "image/png"})


async def served(box_office: BoxOffice, url: str) -> Answer:
    return await box_office.get(urlsplit(url).path)


async def test_colour_and_widget_origins(office: BackOffice, box_office: BoxOffice) -> None:
    nothing: Json = {"colour": None, "widget_origins": [], "logo_url": None}
    assert (await office.get("/branding")).body == nothing
    changed = await office.put("/branding", {"colour": "#E8A33D", "widget_origins": ["https://Theatre.example/"]})
    expected = {"colour": "#e8a33d", "widget_origins": ["https://theatre.example"], "logo_url": None}
    assert (changed.status, changed.body) == (200, expected)
    assert (await office.get("/branding")).body == expected

    on_sale = await box_office.put_on_sale(by=office.producer)
    assert b"/brand/e8a33d.css" in (await box_office.get(f"/shows/{on_sale.id}")).content
    policy = (await box_office.get(f"/shows/{on_sale.id}/widget")).headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://theatre.example")
    assert (await office.audit_log())[0]["action"] == "account.changed"

    assert (await office.put("/branding", {"colour": None, "widget_origins": []})).body == nothing


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"colour": "red", "widget_origins": []}, "colour"),
        ({"colour": None, "widget_origins": ["*"]}, "widget_origins[0]"),
        ({"colour": None}, "widget_origins"),
        ({"colour": None, "widget_origins": [], "color": "#000000"}, "color"),
    ],
)
async def test_wrong_branding_is_refused(office: BackOffice, body: object, field: str) -> None:
    answer = await office.put("/branding", body)
    answer.refused(400, "invalid_request")
    assert answer.body["field"] == field


async def test_logo_is_served_until_it_is_taken_away(office: BackOffice, box_office: BoxOffice) -> None:
    url = (await upload(office, "/logo", png(960, 320))).body["logo_url"]
    logo = await served(box_office, url)
    assert (logo.status, logo.headers["Content-Type"]) == (200, "image/webp")
    assert logo.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    with Image.open(BytesIO(logo.content)) as image:
        assert image.size == (480, 160)
    on_sale = await box_office.put_on_sale(by=office.producer)
    assert urlsplit(url).path.encode() in (await box_office.get(f"/shows/{on_sale.id}")).content

    other = (await upload(office, "/logo", png())).body["logo_url"]
    assert other != url
    assert (await served(box_office, url)).status == 404
    assert (await office.delete("/logo")).body["logo_url"] is None
    assert (await served(box_office, other)).status == 404


async def test_image_of_a_show(office: BackOffice, other_office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    path = f"/shows/{on_sale.id}/image"
    url = (await upload(office, path, png())).body["image_url"]
    assert (await served(box_office, url)).status == 200
    assert urlsplit(url).path.encode() in (await box_office.get(f"/shows/{on_sale.id}")).content
    (await upload(other_office, path, png())).refused(404, "not_found")
    (await other_office.delete(path)).refused(404, "not_found")
    assert (await office.delete(path)).body == {"image_url": None}
    assert (await served(box_office, url)).status == 404


async def test_picture_of_two_shows_stays_while_one_has_it(office: BackOffice, box_office: BoxOffice) -> None:
    shows = [await box_office.put_on_sale(by=office.producer) for _ in range(2)]
    same = png()
    urls = {(await upload(office, f"/shows/{show.id}/image", same)).body["image_url"] for show in shows}
    (url,) = urls
    await office.delete(f"/shows/{shows[0].id}/image")
    assert (await served(box_office, url)).status == 200


async def test_cancelled_show_keeps_the_image_that_it_has(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    assert (await upload(office, f"/shows/{on_sale.id}/image", png())).status == 200
    assert (await office.patch(f"/shows/{on_sale.id}", cancelled=True)).status == 200
    (await upload(office, f"/shows/{on_sale.id}/image", png())).refused(409, "conflict")
    (await office.delete(f"/shows/{on_sale.id}/image")).refused(409, "conflict")


async def test_what_is_no_picture_is_refused(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    for content in (b"", b"<svg onload=alert(1)>", png()[:50]):
        for path in ("/logo", f"/shows/{on_sale.id}/image"):
            (await upload(office, path, content)).refused(400, "invalid_request")


async def test_picture_has_5_mib_at_most(office: BackOffice, box_office: BoxOffice) -> None:
    on_sale = await box_office.put_on_sale(by=office.producer)
    padded = png() + b"\x00" * MAX_UPLOAD_BYTES
    for path in ("/logo", f"/shows/{on_sale.id}/image"):
        fits = await upload(office, path, padded[:MAX_UPLOAD_BYTES])
        assert fits.status == 200
        too_large = await office.request("PUT", path, data=BytesIO(padded[: MAX_UPLOAD_BYTES + 1]), expect100=True)
        too_large.refused(413, "too_large")
