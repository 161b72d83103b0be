"""Every action of the office in a browser by keyboard alone, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Request, expect

from demo.stripe_sandbox import StripeSandbox
from entrypoints.settings import Settings
from tests.browser.buyer import Buyer
from tests.browser.conftest import PATIENCE_MS, Buyers
from tests.browser.keyboard import Keyboard, Step
from tests.browser.office_stages import STAGES, Stage
from tests.browser.office_walks import GROUPS, PASSKEYS, Walk
from tests.browser.test_office_people import device
from tests.support.box_office import BoxOffice
from tests.support.office_addresses import addresses
from tests.support.server import Service

pytestmark = pytest.mark.p2


@pytest.fixture(scope="session")
async def window_without_scripts(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1000, "height": 800}, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def plain(window_without_scripts: Page, service: Service) -> AsyncIterator[Buyer]:
    """A window whose browser runs no scripts."""
    yield Buyer(window_without_scripts, service.url)
    await window_without_scripts.context.clear_cookies()


@pytest.fixture
async def stage(service: Service, box_office: BoxOffice, tmp_path: Path) -> Stage:
    return await Stage.of(service, box_office, tmp_path)


async def take(walk: Walk, window: Buyer, stage: Stage) -> None:
    """Take the walk in this window, and see that its form went where it should, and what the page says then."""
    page, sent = window.page, []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(urlsplit(request.url).path)

    await page.context.clear_cookies()
    if walk.who:
        cookie = {"name": "office", "value": stage.sessions[walk.who], "url": f"{window.url}/"}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]
    page.on("request", note)
    try:
        with Keyboard(page) as keys:
            await window.open(walk.at.format_map(stage.names))
            *steps, last = (_named(step, stage) for step in walk.steps)
            await keys.do(*steps)
            if walk.downloads:
                async with page.expect_download():
                    await keys.do(last, waits=False)
            else:
                await keys.do(last)
        await _sees(page, walk)
    finally:
        page.remove_listener("request", note)
    for route in filter(None, (walk.also, walk.post)):
        assert any(re.fullmatch(_pattern(route), path) for path in sent), (route, sent)


async def _sees(page: Page, walk: Walk) -> None:
    """Wait for the words. Where they do not come, the failure names the walk, and says what is there instead."""
    try:
        await expect(page.locator("body")).to_contain_text(walk.sees)
    except AssertionError as error:
        there = " ".join((await page.locator("main").inner_text()).split())
        raise AssertionError(f"{walk.post} from {walk.at}: no “{walk.sees}” in “{there[:600]}”") from error


def _named(step: Step, stage: Stage) -> Step:
    return step.format_map(stage.names) if isinstance(step, str) else (step[0], step[1].format_map(stage.names))


def _pattern(route: str) -> str:
    return re.sub(r"{[^}]*}", "[^/]+", route)


@pytest.mark.parametrize("group", GROUPS)
async def test_with_scripts(buyer: Buyer, stage: Stage, group: str) -> None:
    await STAGES[group](stage)
    for walk in GROUPS[group]:
        if walk.with_scripts is not False:
            await take(walk, buyer, stage)


@pytest.mark.parametrize("group", GROUPS)
async def test_without_scripts(plain: Buyer, stage: Stage, group: str) -> None:
    await STAGES[group](stage)
    for walk in GROUPS[group]:
        if walk.with_scripts is not True:
            await take(walk, plain, stage)


async def test_passkeys(buyers: Buyers, at_localhost: Service, sandbox: StripeSandbox, tmp_path: Path) -> None:
    box_office = BoxOffice(at_localhost.client, at_localhost.container.database(), sandbox)
    stage = await Stage.of(at_localhost, box_office, tmp_path)
    window = await buyers(url=at_localhost.container.settings().public_url)
    await device(window.page)
    for walk in PASSKEYS:
        await take(walk, window, stage)


def test_every_form_of_the_office_has_a_walk(settings: Settings) -> None:
    walks = [walk for group in (*GROUPS.values(), PASSKEYS) for walk in group]
    walked = {walk.post for walk in walks} | {walk.also for walk in walks if walk.also}
    assert {each.path for each in addresses(settings) if each.method == "POST"} | {"/pair"} == walked
