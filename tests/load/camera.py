"""``uv run python -m tests.load.camera``: what the door's decoder reads of pictures that get worse and worse.

A browser makes it of ready pictures, with the worker that also reads the camera's. Every row has several tickets, each
held a little differently, because one picture may be lucky. It prints a table, and how long reading takes.
"""

from __future__ import annotations

import asyncio
import base64
import io
import random
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from litestar import Litestar
from PIL import Image
from playwright.async_api import Page, async_playwright

from entrypoints.door import pages
from entrypoints.server.server import create_server
from entrypoints.server.sockets import bind
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.server import free_port
from tests.support.ticket_pictures import (
    Change,
    around_the_code,
    beside,
    blurred,
    changed,
    creased,
    darker,
    held,
    inverted,
    mirrored,
    moved,
    noisy,
    print_tickets,
    shaded,
    shining,
    tilted,
    turned,
)

TICKETS: Final = 12
_HEIGHT: Final = 300
#: A code of 25 modules, with its paper.
_MODULE: Final = _HEIGHT / 1.24 / 25
_START: Final = """async (address) => {
  const worker = new Worker(address, { type: "module" });
  const next = () => new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
  const ready = await next();
  if (!ready.ready) throw new Error(ready.error);
  window.read = async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const answer = next();
    const began = performance.now();
    worker.postMessage({ id: 1, bitmap }, [bitmap]);
    return { ...(await answer), took: performance.now() - began };
  };
  const { choose } = await import(address.replace("decoder-worker", "choosing"));
  window.meant = async (text) => {
    const { codes, size, took, stretched } = await window.read(text);
    return { ...choose(codes, size), took, stretched };
  };
}"""

#: A ticket of the pictures: its code, its page, and what a hand does to it.
Scene = Callable[["Ticket"], Image.Image]


@dataclass(frozen=True, slots=True)
class Ticket:
    code: str
    page: Image.Image
    part: Image.Image
    angle: float
    place: tuple[float, float]

    def close(self, *changes: Change, height: int = _HEIGHT) -> Image.Image:
        """Held before the camera, a little askew, and then changed."""
        return changed(held(self.part, height=height, at=self.place), turned(self.angle), *changes)


def each(change: Callable[[float], Change], levels: Sequence[float]) -> Mapping[str, Scene]:
    """A scene for each level of what a change does."""

    def scene(level: float) -> Scene:
        return lambda ticket: ticket.close(change(level))

    return {f"{level:g}": scene(level) for level in levels}


def _of_light(level: float) -> Change:
    return darker(level / 255)


def _dark_and_noisy(level: float) -> Change:
    return lambda scene: changed(scene, darker(level / 255), noisy(8))


def _folded(folds: float) -> Scene:
    def scene(ticket: Ticket) -> Image.Image:
        return ticket.close(creased(folds=sorted(random.uniform(0.3, 0.7) for _ in range(int(folds)))))  # noqa: S311

    return scene


def _sized(level: float) -> Scene:
    return lambda ticket: ticket.close(height=round(level * 25 * 1.24))


def _page_in(width: int) -> Scene:
    size = (width, width * 3 // 4)
    return lambda ticket: held(ticket.page, height=round(size[1] * 0.97), size=size)


#: What happens to a ticket, from bad to worse, and the unit.
KINDS: Final[Mapping[str, Mapping[str, Scene]]] = {
    "the whole A4 page, in a picture as wide as (pixels)": {
        str(width): _page_in(width) for width in (1280, 640, 320, 240, 200, 160)
    },
    "a module of the code is so large (pixels)": {f"{size:g}": _sized(size) for size in (8, 4, 3, 2, 1.5, 1.2, 1)},
    "turned by (degrees)": each(turned, (15, 45, 90, 135, 180, 270)),
    "tilted by (degrees)": each(tilted, (30, 45, 55, 60, 65, 70, 75)),
    "out of focus: sigma (modules)": each(lambda level: blurred(level * _MODULE), (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)),
    "moved by (modules)": each(lambda level: moved(round(level * _MODULE)), (0.5, 1, 1.25, 1.5, 1.75, 2)),
    "dark: white is (of 255)": each(_of_light, (128, 64, 32, 24, 16, 12, 8, 6)),
    "dark and noisy (deviation 8): white is (of 255)": each(_dark_and_noisy, (128, 64, 48, 40, 32, 24, 16)),
    "noise in the light: deviation": each(noisy, (16, 32, 48, 64, 80, 96)),
    "a lamp's reflection in its middle: radius (modules)": each(
        lambda level: shining(round(level * _MODULE)), (2, 3, 4, 5, 6)
    ),
    "half in a shadow that leaves (% of the light)": each(lambda level: shaded(level / 100), (50, 35, 25, 20, 15, 10)),
    "folded so often across the code": {str(folds): _folded(folds) for folds in (1, 2, 3, 4)},
    "mirrored; white on black": {
        "mirrored": lambda ticket: ticket.close(mirrored),
        "white on black": lambda ticket: ticket.close(inverted),
    },
}


@asynccontextmanager
async def reading() -> AsyncIterator[Page]:
    """A page with the door's worker."""
    port = free_port()
    server = create_server(Litestar([pages.router], openapi_config=None))
    serving = asyncio.create_task(server.serve(sockets=[bind("127.0.0.1", port)]))
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{port}/door")
            script = await page.evaluate("() => document.querySelector('script[src]').src")
            await page.evaluate(_START, script.replace("main.js", "camera/decoder-worker.js"))
            yield page
            await browser.close()
    finally:
        server.should_exit = True
        await serving


async def ask(page: Page, scene: Image.Image) -> dict[str, Any]:
    """What the door makes of the picture."""
    file = io.BytesIO()
    scene.save(file, "png", compress_level=1)
    answer = await page.evaluate("(text) => window.meant(text)", base64.b64encode(file.getvalue()).decode())
    assert isinstance(answer, dict)
    return answer


async def tickets() -> list[Ticket]:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    codes = ["".join(random.choices(alphabet, k=24)) for _ in range(TICKETS)]  # noqa: S311  # no secret
    printed = await print_tickets(codes)
    return [
        Ticket(
            code,
            page,
            around_the_code(page),
            random.uniform(-6, 6),  # noqa: S311
            (random.uniform(0.45, 0.55), random.uniform(0.45, 0.55)),  # noqa: S311
        )
        for code, page in zip(codes, printed, strict=True)
    ]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def print_readings(page: Page, deck: Sequence[Ticket]) -> None:
    """How many of the tickets are read, and none as another one."""
    say("| a ticket | read, of 100 |\n|---|---|")
    found, missed = [], []
    for kind, levels in KINDS.items():
        cells = []
        for name, scene in levels.items():
            answers = [(ticket, await ask(page, scene(ticket))) for ticket in deck]
            right = [answer["text"] == ticket.code for ticket, answer in answers]
            assert all(answer["text"] in {None, ticket.code} for ticket, answer in answers), (kind, name)
            found += [answer["took"] for (_, answer), is_right in zip(answers, right, strict=True) if is_right]
            missed += [answer["took"] for (_, answer), is_right in zip(answers, right, strict=True) if not is_right]
            cells.append(f"{name}: {round(100 * sum(right) / len(deck))}")
        say(f"| {kind} | {'; '.join(cells)} |")
    say(f"\nReading takes {median(found):.0f} ms where a code is found, {median(missed):.0f} ms where none is.\n")


async def print_choices(page: Page, deck: Sequence[Ticket]) -> None:
    """What two tickets in view come to."""
    say("| two tickets, one larger by (%, in width) | read, of 100: the larger one; neither; the other |\n|---|---|")
    for larger in (0, 10, 20, 30, 40, 50, 75, 100):
        counts = [0, 0, 0]
        for index, near in enumerate(deck):
            far = deck[index - 1]
            sides = [
                held(near.part, height=round(150 * (1 + larger / 100)), size=(340, 480)),
                held(far.part, height=150, size=(300, 480)),
            ]
            answer = await ask(page, beside(*(sides if index % 2 else sides[::-1])))
            counts[0 if answer["text"] == near.code else 1 if answer["text"] is None else 2] += 1
        say(f"| {larger} | {'; '.join(str(round(100 * count / len(deck))) for count in counts)} |")


async def main() -> None:
    random.seed(17)
    deck = await tickets()
    async with reading() as page:
        await print_readings(page, deck)
        await print_choices(page, deck)


if __name__ == "__main__":
    asyncio.run(main())
