"""The door's camera in a browser window, and a browser whose camera plays a video."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from entrypoints.door.decoder import PACKAGE
from tests.browser.conftest import CHROMIUM, FLAGS

#: Opens a camera in the page, which keeps what it says.
_OPEN = """async (address) => {
  const { Camera } = await import(address);
  const said = { codes: [], several: 0, states: [] };
  const video = document.body.appendChild(document.createElement("video"));
  const camera = new Camera({
    video,
    onCode: (code) => said.codes.push(code),
    onSeveral: () => (said.several += 1),
    onState: (state, words) => said.states.push([state, words]),
    looksRight: (text) => /^[A-Z2-7]{24}$/.test(text),
  });
  Object.assign(window, { camera, video, said });
}"""
_FOLDER = """() => document.querySelector("script[src]").src.replace(/main[.]js$/, "camera/")"""


#: In a clone it is there after `npm ci --prefix entrypoints/door`.
needs_decoder = pytest.mark.skipif(not PACKAGE.is_dir(), reason="needs the decoder: npm ci --prefix entrypoints/door")


@asynccontextmanager
async def browser_with(browser: Browser, video: Path) -> AsyncIterator[Browser]:
    """Another browser, whose only camera plays the video again and again."""
    device = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"]
    other = await browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *device])
    yield other
    await other.close()


class CameraWindow:
    """A window at the door's page, with a camera of the test."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url

    async def open(self) -> None:
        await self.page.goto(f"{self._url}/door")
        self.folder = await self.page.evaluate(_FOLDER)
        await self.page.evaluate(_OPEN, f"{self.folder}camera.js")

    async def start(self) -> tuple[str, str]:
        """The state that comes of it, with the words for people."""
        await self.do("camera.start()")
        return await self.state()

    async def stop(self) -> None:
        await self.do("camera.stop()")

    async def do(self, work: str) -> Any:
        """What a line of JavaScript comes to, with ``camera``, ``video`` and ``said``."""
        return await self.page.evaluate(f"() => {{ const {{ camera, video, said }} = window; return {work}; }}")

    async def state(self) -> tuple[str, str]:
        """What the camera said last of itself."""
        state, words = await self.do("said.states.at(-1)")
        return state, words

    async def states(self) -> list[str]:
        """What it was, one after the other."""
        return [state for state, _ in await self.do("said.states")]

    async def texts(self) -> list[str]:
        """The codes that it read, in order."""
        return [code["text"] for code in await self.do("said.codes")]

    async def until(self, condition: str) -> None:
        """Wait until a line of JavaScript is true."""
        await self.page.wait_for_function(f"() => {{ const {{ camera, video, said }} = window; return {condition}; }}")
