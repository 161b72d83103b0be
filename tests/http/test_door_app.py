"""The files of the door's web app, as browsers get them."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest

from tests.support.box_office import Answer, BoxOffice


def directives(answer: Answer) -> dict[str, str]:
    """The answer's Content-Security-Policy, by directive."""
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


async def the_release(box_office: BoxOffice) -> dict[str, object]:
    """What the service worker keeps."""
    script = (await box_office.get("/door/sw.js")).content.decode()
    release: dict[str, object] = json.loads(script.split("\n")[0].removeprefix("const RELEASE = ").removesuffix(";"))
    return release


async def test_the_page_may_use_the_camera_and_ask_its_own_server(box_office: BoxOffice) -> None:
    page = await box_office.get("/door")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Permissions-Policy"].startswith("camera=(self), ")
    assert page.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in page.headers
    policy = directives(page)
    assert policy["default-src"] == "'none'"
    own = ["script-src", "style-src", "img-src", "connect-src", "manifest-src", "worker-src"]
    assert {policy[name] for name in own} == {"'self'"}
    assert "unsafe" not in page.headers["Content-Security-Policy"]


async def test_no_other_page_may_use_the_camera(box_office: BoxOffice) -> None:
    for path in ("/", "/orders", "/office/sign-in"):
        assert "camera=()" in (await box_office.get(path)).headers["Permissions-Policy"]


async def test_the_service_worker_serves_the_page_and_may_fetch(box_office: BoxOffice) -> None:
    worker = await box_office.get("/door/sw.js")
    assert worker.status == 200
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert worker.headers["Service-Worker-Allowed"] == "/door"
    assert worker.headers["Cache-Control"] == "no-cache"
    assert directives(worker)["connect-src"] == "'self'"


async def test_the_service_worker_keeps_everything_that_the_page_needs(box_office: BoxOffice) -> None:
    page = (await box_office.get("/door")).content.decode()
    release = await the_release(box_office)
    files = release["files"]
    assert isinstance(files, list)
    assert set(re.findall(r'(?:href|src)="([^"#]+)"', page)) <= set(files)
    assert f'data-version="{release["version"]}"' in page
    assert len(set(files)) == len(files)
    for path in files:
        answer = await box_office.get(path)
        assert answer.status == 200, path
        assert answer.content, path


async def test_scripts_import_what_is_there(box_office: BoxOffice) -> None:
    files = (await the_release(box_office))["files"]
    assert isinstance(files, list)
    for path in (each for each in files if each.endswith(".js")):
        script = (await box_office.get(path)).content.decode()
        for imported in re.findall(r'^(?:import|export)[^"]*? from "(\.[^"]+)"', script, re.MULTILINE):
            assert str(_resolved(path, imported)) in files, (path, imported)


def _resolved(path: str, imported: str) -> str:
    parts = path.split("/")[:-1]
    for part in imported.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


async def test_files_are_kept_for_good_and_never_mixed_between_versions(box_office: BoxOffice) -> None:
    page = (await box_office.get("/door")).content.decode()
    (path,) = re.findall(r'src="(/door/files/[^"]+/main\.js)"', page)
    kept = await box_office.get(path)
    assert "immutable" in kept.headers["Cache-Control"]
    version = path.split("/")[3]
    assert (await box_office.get(path.replace(version, "000000000000"))).status == 404
    for nowhere in ("nothing.js", "../pages.py", "camera", "%2e%2e/pages.py"):
        assert (await box_office.get(path.replace("main.js", nowhere))).status in (400, 404)


async def test_the_manifest_makes_it_installable(box_office: BoxOffice) -> None:
    answer = await box_office.get("/door/manifest.webmanifest")
    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest = json.loads(answer.content)
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/door", "/door", "standalone")
    sizes = {icon["sizes"]: icon["src"] for icon in manifest["icons"] if icon.get("purpose") != "maskable"}
    assert {"192x192", "512x512"} <= set(sizes)
    for source in sizes.values():
        assert (await box_office.get(urlsplit(source).path)).headers["Content-Type"].startswith("image/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_there_is_nothing_to_change(box_office: BoxOffice, method: str) -> None:
    assert (await box_office.request(method, "/door")).status in (403, 405)
