"""The door's camera in a browser window, and a browser whose camera plays a video."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from tests.browser.conftest import CHROMIUM, FLAGS, PATIENCE_MS

#: Opens a camera in the page, which keeps what it says.
_OPEN = """async (address) => {
  const { Camera } = await import(address);
  const said = { codes: [], several: 0, states: [] };
  const camera = new Camera({
    video: document.body.appendChild(document.createElement("video")),
    onCode: (code) => said.codes.push(code),
    onSeveral: () => (said.several += 1),
    onState: (state, words) => said.states.push([state, words]),
    looksRight: (text) => /^[A-Z2-7]{24}$/.test(text),
  });
  Object.assign(window, { camera, said });
}"""
_FOLDER = """() => document.querySelector("script[src]").src.replace(/main[.]js$/, "camera/")"""


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
        self.page.context.set_default_timeout(PATIENCE_MS)
        await self.page.goto(f"{self._url}/door")
        await self.page.evaluate(_OPEN, await self.folder() + "camera.js")

    async def folder(self) -> str:
        """The address of the camera's files."""
        folder = await self.page.evaluate(_FOLDER)
        assert isinstance(folder, str)
        return folder

    async def start(self) -> str:
        """The state that comes of it."""
        await self.page.evaluate("() => window.camera.start()")
        return (await self.states())[-1][0]

    async def stop(self) -> None:
        await self.page.evaluate("() => window.camera.stop()")

    async def states(self) -> list[tuple[str, str]]:
        """What it said of itself, with the words for people."""
        return [(state, words) for state, words in (await self.said())["states"]]

    async def said(self) -> dict[str, Any]:
        said = await self.page.evaluate("() => window.said")
        assert isinstance(said, dict)
        return said

    async def texts(self) -> list[str]:
        """The codes that it read, in order."""
        return [code["text"] for code in (await self.said())["codes"]]
