"""The decoder of the door's camera: what npm fetched is given out as it is, and only what a browser needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from entrypoints.door.decoder import PACKAGE, decoder_files
from tests.support.box_office import BoxOffice

ROOM = PACKAGE.parents[1]


@pytest.fixture
async def folder(box_office: BoxOffice) -> str:
    """The address of the camera's files."""
    page = (await box_office.get("/door")).content.decode()
    found = re.search(r'src="([^"]+)/main\.js"', page)
    assert found
    return f"{found[1]}/camera"


def test_a_server_without_it_says_so(tmp_path: Path) -> None:
    assert decoder_files(tmp_path / "nothing") == {"camera/decoder.json": b'{"built": false}'}


def test_a_half_of_it_is_none(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("MIT")
    assert decoder_files(tmp_path) == {"camera/decoder.json": b'{"built": false}'}


def test_its_version_is_exact_and_its_source_is_nowhere_written() -> None:
    [wanted] = json.loads((ROOM / "package.json").read_text())["dependencies"].items()
    assert re.fullmatch(r"\d+\.\d+\.\d+", wanted[1])
    lock = (ROOM / "package-lock.json").read_text()
    packages = json.loads(lock)["packages"]
    assert packages[f"node_modules/{wanted[0]}"]["version"] == wanted[1]
    assert all(package["integrity"] for name, package in packages.items() if name)
    assert "resolved" not in lock


async def test_the_page_learns_whether_there_is_one(box_office: BoxOffice, folder: str) -> None:
    notice = await box_office.get(f"{folder}/decoder.json")
    assert (notice.status, notice.body["built"]) == (200, PACKAGE.is_dir())


async def test_its_worker_may_compile_and_fetch_and_nothing_else(box_office: BoxOffice, folder: str) -> None:
    worker = await box_office.get(f"{folder}/decoder-worker.js")
    policy = worker.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
    assert worker.headers["Content-Type"].startswith("text/javascript")


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="needs the decoder: npm ci --prefix entrypoints/door")
async def test_it_is_given_out_as_browsers_need_it(box_office: BoxOffice, folder: str) -> None:
    files = decoder_files()
    for name in files:
        answer = await box_office.get(folder.removesuffix("/camera") + f"/{name}", headers={"Accept-Encoding": "gzip"})
        assert (answer.status, answer.content) == (200, files[name])
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"
    wasm = await box_office.get(f"{folder}/zxing/zxing_reader.wasm")
    assert wasm.headers["Content-Type"] == "application/wasm"
    assert b"Apache License" in (await box_office.get(f"{folder}/zxing-cpp-licence.txt")).content
