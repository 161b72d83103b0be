"""The files of the door's web app: one set with one version, which a browser keeps whole or not at all."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from litestar import Request
from litestar.response.base import ASGIResponse

from domain.errors import NotFound
from entrypoints.door.decoder import decoder_files
from entrypoints.web.assets import IMMUTABLE, Asset

_DIGEST_CHARACTERS: Final = 12
#: A worker has the policy of its script's answer, not of the page that starts it. It fetches what it works with, and
#: may compile WebAssembly. The page may not compile.
WORKER_POLICY: Final = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
#: How the name of a worker's script ends.
_WORKER: Final = "worker.js"


class FileSet:
    """The files of a folder and of the folders in it, each read once, under addresses that begin with ``prefix`` and
    the set's version. So scripts import each other by relative addresses.

    ``others`` are files from elsewhere, by their names in the set.
    """

    def __init__(
        self, directory: Path, *, prefix: str, page: Path, others: Callable[[], Mapping[str, bytes]] = dict
    ) -> None:
        self._directory = directory
        self._prefix = prefix
        self._page = page
        self._others = others

    @cached_property
    def _contents(self) -> Mapping[str, bytes]:
        paths = (path for path in self._directory.rglob("*") if path.is_file())
        own = {path.relative_to(self._directory).as_posix(): path.read_bytes() for path in paths}
        return {**own, **self._others()}

    async def prepare(self) -> None:
        """Read and zip the files, once a process. It takes a tenth of a second, and no checkout waits for it."""
        if "_assets" not in self.__dict__:
            await asyncio.to_thread(self.paths)

    @cached_property
    def version(self) -> str:
        """Changes with every byte of every file, and of the ``page`` that they belong to."""
        digest = hashlib.sha256(self._page.read_bytes())
        for name, content in sorted(self._contents.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:_DIGEST_CHARACTERS]

    @cached_property
    def _assets(self) -> dict[str, Asset]:
        return {name: self._asset(name, content) for name, content in sorted(self._contents.items())}

    def _asset(self, name: str, content: bytes) -> Asset:
        return Asset(
            path=f"{self._prefix}/{self.version}/{name}",
            media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
            plain=content,
            zipped=gzip.compress(content, mtime=0),
        )

    def content(self, name: str) -> bytes:
        """A file as it is."""
        return self._contents[name]

    def path(self, name: str) -> str:
        """The address of a file."""
        return self._assets[name].path

    def paths(self) -> Iterable[str]:
        """The addresses of all files."""
        return [asset.path for asset in self._assets.values()]

    def answer(self, request: Request[Any, Any, Any], version: str, name: str) -> ASGIResponse:
        """A file. Its address names the version of the set: another version is not there. Raises NotFound.

        A page of one version must never get a file of another one.
        """
        found = self._assets.get(name)
        if found is None or version != self.version:
            raise NotFound("No such file")
        policy = {"Content-Security-Policy": WORKER_POLICY} if name.endswith(_WORKER) else {}
        return found.to(request, cache_control=IMMUTABLE, **policy)


_HERE: Final = Path(__file__).parent
#: Below the page's address: a service worker gives nothing to a worker whose script lies outside its scope.
DOOR_FILES: Final = FileSet(
    _HERE / "static", prefix="/door/files", page=_HERE / "templates" / "door.html", others=decoder_files
)
