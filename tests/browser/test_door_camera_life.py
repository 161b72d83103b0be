"""The life of the door's camera: starting and stopping, what goes wrong with it, and a picture of 320 x 240."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import pytest
from playwright.async_api import Browser, Route

from tests.browser.camera import CameraWindow, browser_with, needs_decoder
from tests.browser.conftest import PATIENCE_MS
from tests.support.server import Service
from tests.support.ticket_pictures import (
    around_the_code,
    changed,
    creased,
    darker,
    held,
    print_tickets,
    tilted,
    write_video,
)

pytestmark = needs_decoder

CODES = [f"ABCDEFGH2345IJKLMNOP67{ending}" for ending in ("AA", "BB", "CC", "DD")]
SMALL = (320, 240)

#: A camera's track from now on can do these things, and keeps what was asked of it.
_WITH_LIGHT = """() => {
  MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
  MediaStreamTrack.prototype.applyConstraints = async (asked) => void (window.asked = asked);
}"""
#: There are two cameras, and what is asked of them is kept.
_TWO_CAMERAS = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.asked = [];
  navigator.mediaDevices.getUserMedia = (asked) => (window.asked.push(asked.video), open(asked));
  const cameras = ["first", "second"].map((deviceId) => ({ deviceId, kind: "videoinput" }));
  navigator.mediaDevices.enumerateDevices = async () => cameras;
}"""
#: Opened streams are kept, to see whether they were closed.
_WATCHED = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.streams = [];
  navigator.mediaDevices.getUserMedia = async (asked) => {
    const stream = await open(asked);
    window.streams.push(stream);
    return stream;
  };
}"""
_LIVE = "window.streams.filter((stream) => stream.active).length"
#: The browser brings a detector.
_OWN_DETECTOR = """window.BarcodeDetector = class {
  static getSupportedFormats = async () => ["aztec", "qr_code"];
  detect = async () => {
    const cornerPoints = [{ x: 0, y: 0 }, { x: 9, y: 0 }, { x: 9, y: 9 }, { x: 0, y: 9 }];
    return [{ rawValue: "OWN", cornerPoints }];
  };
}"""
#: It has one that does not work.
_BROKEN_DETECTOR = """window.BarcodeDetector = class {
  static getSupportedFormats = async () => ["qr_code"];
  detect = async () => { throw new DOMException("Barcode detection service unavailable.", "NotSupportedError"); };
}"""
_SHOWN_OR_HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
async def with_camera(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """A browser whose camera sees four tickets, one after the other, in a small picture."""
    pages = await print_tickets(CODES)
    whole = held(pages[0], height=236, size=SMALL)
    close = [held(around_the_code(page), height=170, size=SMALL) for page in pages[1:]]
    changes = (tilted(45), creased(folds=(0.45,)), darker(0.08))
    scenes = [whole, *(changed(scene, change) for scene, change in zip(close, changes, strict=True))]
    video = tmp_path_factory.mktemp("camera") / "small.y4m"
    write_video(video, scenes, pictures_each=4)
    async with browser_with(browser, video) as other:
        yield other


@pytest.fixture
async def window(with_camera: Browser, service: Service) -> AsyncIterator[CameraWindow]:
    """A window where the camera is allowed."""
    context = await with_camera.new_context(permissions=["camera"], service_workers="block")
    context.set_default_timeout(PATIENCE_MS)
    yield CameraWindow(await context.new_page(), service.url)
    await context.close()


async def test_a_small_picture_is_enough_and_what_comes_back_is_read_again(window: CameraWindow) -> None:
    await window.open()
    assert await window.start() == ("on", "")
    assert await window.do("[video.videoWidth, video.videoHeight]") == list(SMALL)
    await window.until("new Set(said.codes.map((code) => code.text)).size === 4 && said.codes.length >= 6")
    texts = await window.texts()
    assert set(texts) == set(CODES)
    assert all(one != following for one, following in pairwise(texts))
    assert await window.do("said.codes.every((code) => code.seenAt < code.decodedAt)")
    assert await window.do("said.several") == 0


async def test_a_camera_that_was_stopped_is_off(window: CameraWindow) -> None:
    await window.open()
    await window.page.evaluate(_WATCHED)
    await window.start()
    assert await window.do(_LIVE) == 1
    await window.stop()
    assert await window.state() == ("off", "")
    assert await window.do(_LIVE) == 0
    assert await window.do("video.srcObject") is None

    await window.do("(camera.start(), camera.stop())")  # before the browser has opened it
    await window.do("Promise.all([camera.start(), camera.start()])")
    assert await window.do("window.streams.length") == 4
    assert await window.do(_LIVE) == 1
    assert await window.state() == ("on", "")


async def test_a_hidden_tab_has_no_camera(window: CameraWindow) -> None:
    await window.open()
    await window.page.evaluate(_WATCHED)
    await window.start()
    await window.page.evaluate(_SHOWN_OR_HIDDEN, True)
    assert await window.state() == ("off", "")
    assert await window.do(_LIVE) == 0
    await window.page.evaluate(_SHOWN_OR_HIDDEN, False)
    await window.until("said.states.at(-1)[0] === 'on'")

    await window.stop()  # and one that was stopped stays off
    await window.page.evaluate(_SHOWN_OR_HIDDEN, True)
    await window.page.evaluate(_SHOWN_OR_HIDDEN, False)
    assert await window.states() == ["starting", "on", "off", "starting", "on", "off"]


async def test_a_camera_that_is_unplugged_starts_again_when_it_is_back(window: CameraWindow) -> None:
    await window.open()
    await window.start()
    await window.do("video.srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    state, words = await window.state()
    assert (state, "unplugged" in words) == ("failed", True)
    await window.do("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    await window.until("said.states.at(-1)[0] === 'on'")


async def test_a_camera_that_the_phone_pauses_goes_on(window: CameraWindow) -> None:
    await window.open()
    await window.start()
    await window.do("video.srcObject.getTracks()[0].dispatchEvent(new Event('mute'))")
    state, words = await window.state()
    assert (state, "paused" in words) == ("starting", True)
    await window.do("video.srcObject.getTracks()[0].dispatchEvent(new Event('unmute'))")
    assert await window.state() == ("on", "")


async def test_its_light_can_be_switched_where_it_has_one(window: CameraWindow) -> None:
    await window.open()
    await window.start()
    assert await window.do("camera.canLight") is False
    assert await window.do("camera.torch(true)") is False
    await window.page.evaluate(_WITH_LIGHT)
    assert await window.do("camera.canLight") is True
    assert await window.do("camera.torch(true)") is True
    assert await window.do("window.asked") == {"advanced": [{"torch": True}]}
    assert await window.do("camera.torch(false)") is False


async def test_the_next_camera_is_remembered(window: CameraWindow) -> None:
    await window.open()
    await window.do("camera.useNext()")
    assert await window.states() == []  # there is only one
    await window.page.evaluate(_TWO_CAMERAS)
    await window.start()
    await window.do("camera.useNext()")
    assert await window.state() == ("on", "")
    away, chosen = await window.do("window.asked")
    assert (away["facingMode"], chosen["deviceId"]) == ("environment", {"ideal": "first"})
    assert (away["width"], away["height"]) == ({"ideal": 1280}, {"ideal": 720})
    await window.open()
    await window.page.evaluate(_TWO_CAMERAS)
    await window.start()
    assert [asked["deviceId"] for asked in await window.do("window.asked")] == [{"ideal": "first"}]


@pytest.mark.parametrize(
    ("error", "state", "say"),
    [
        ("NotAllowedError", "refused", "Allow it in the browser's settings"),
        ("NotFoundError", "none", "Plug one in"),
        ("NotReadableError", "failed", "Close what else uses it"),
        ("AbortError", "failed", "Close what else uses it"),
    ],
)
async def test_what_keeps_it_from_starting_is_said(window: CameraWindow, error: str, state: str, say: str) -> None:
    await window.open()
    failing = "(name) => (navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name); })"
    await window.page.evaluate(failing, error)
    came, words = await window.start()
    assert (came, say in words) == (state, True)


async def test_a_refused_camera_says_so(with_camera: Browser, service: Service) -> None:
    context = await with_camera.new_context(service_workers="block")
    window = CameraWindow(await context.new_page(), service.url)
    await window.open()
    state, words = await window.start()
    assert (state, "Allow it" in words) == ("refused", True)
    await context.close()


async def test_an_address_without_tls_says_so(window: CameraWindow) -> None:
    await window.page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    await window.open()
    state, words = await window.start()
    assert (state, "https" in words) == ("failed", True)
    await window.do("camera.useNext()")


async def test_a_browser_that_brings_a_detector_needs_no_decoder(window: CameraWindow) -> None:
    await window.page.add_init_script(_OWN_DETECTOR)
    await window.page.route("**/camera/decoder*", lambda route: route.abort())
    await window.open()
    assert await window.start() == ("on", "")
    await window.until("said.codes.length")
    assert await window.texts() == ["OWN"]


async def test_a_detector_that_does_not_work_gives_way_to_the_decoder(window: CameraWindow) -> None:
    await window.page.add_init_script(_BROKEN_DETECTOR)
    await window.open()
    await window.start()
    await window.until("said.codes.length")
    assert (await window.texts())[0] in CODES


@pytest.mark.parametrize(
    ("file", "answer", "state", "say"),
    [
        ("decoder.json", lambda route: route.fulfill(json={"built": False}), "not_built", "no decoder"),
        ("decoder.json", lambda route: route.abort(), "failed", "Go where there is a network"),
        ("decoder-worker.js", lambda route: route.abort(), "failed", "Go where there is a network"),
        ("zxing/zxing_reader.wasm", lambda route: route.abort(), "failed", "Go where there is a network"),
    ],
)
async def test_a_missing_decoder_says_so(
    window: CameraWindow, file: str, answer: Callable[[Route], object], state: str, say: str
) -> None:
    await window.page.context.route(f"**/camera/{file}", answer)
    await window.open()
    await window.page.evaluate(_WATCHED)
    came, words = await window.start()
    assert (came, say in words) == (state, True)
    assert await window.do(_LIVE) == 0

    await window.page.context.unroute(f"**/camera/{file}")
    assert await window.start() == ("on", "")


async def test_it_starts_without_a_network(with_camera: Browser, service: Service) -> None:
    context = await with_camera.new_context(permissions=["camera"])
    context.set_default_timeout(PATIENCE_MS)
    window = CameraWindow(await context.new_page(), service.url)
    await window.open()
    await window.do("navigator.serviceWorker.ready.then(() => true)")
    browser = await context.new_cdp_session(window.page)
    await browser.send("Network.clearBrowserCache")
    await context.set_offline(True)
    await window.open()
    assert await window.start() == ("on", "")
    await window.until("said.codes.length")
    await context.close()
