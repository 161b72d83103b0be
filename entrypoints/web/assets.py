"""Style sheet and scripts, at addresses that change with their content, so browsers can keep them for good."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from domain.errors import NotFound
from entrypoints.web.page_cache import accepts_gzip

IMMUTABLE: Final = "public, max-age=31536000, immutable"
_DIGEST_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """A file in both encodings."""

    path: str
    media_type: str
    plain: bytes
    zipped: bytes

    def to(self, request: Request[Any, Any, Any], *, cache_control: str, **headers: str) -> ASGIResponse:
        """The file in an encoding that the browser accepts."""
        zipped = accepts_gzip(request.scope)
        encoding = {"Content-Encoding": "gzip"} if zipped else {}
        return ASGIResponse(
            body=self.zipped if zipped else self.plain,
            media_type=self.media_type,
            headers={"Cache-Control": cache_control, "Vary": "Accept-Encoding", **encoding, **headers},
        )


class AssetFolder:
    """The files of a folder, each read once, under addresses that begin with ``prefix``."""

    def __init__(self, directory: Path, *, prefix: str) -> None:
        self._directory = directory
        self._prefix = prefix

    @cached_property
    def files(self) -> dict[str, Asset]:
        """The files by name."""
        return {file.name: self._read(file) for file in sorted(self._directory.iterdir())}

    def _read(self, file: Path) -> Asset:
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Asset(
            path=f"{self._prefix}/{digest}/{file.name}",
            media_type=media_type,
            plain=content,
            zipped=gzip.compress(content, mtime=0),
        )

    def path(self, name: str) -> str:
        """The address of a file."""
        return self.files[name].path

    def answer(self, request: Request[Any, Any, Any], digest: str, name: str) -> ASGIResponse:
        """A file. The address names its version; an answer for another version must not be kept. Raises NotFound."""
        found = self.files.get(name)
        if found is None:
            raise NotFound("No such file")
        current = found.path == f"{self._prefix}/{digest}/{name}"
        return found.to(request, cache_control=IMMUTABLE if current else "no-cache")


STOREFRONT: Final = AssetFolder(Path(__file__).parent / "static", prefix="/assets")


@get("/assets/{digest:str}/{name:str}", include_in_schema=False)
async def asset(request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]) -> ASGIResponse:
    """A file of the storefront."""
    return STOREFRONT.answer(request, digest, name)
