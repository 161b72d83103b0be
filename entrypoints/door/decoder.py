"""The decoder of QR codes, for browsers that have none: ``zxing-wasm`` from npm, as ``package-lock.json`` names it.

``npm ci --prefix entrypoints/door`` fetches it. It stays in ``node_modules``, and a wheel that is built afterwards has
it in the same place. Without it the page says that the camera is not built in, and its other ways to read a code work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent / "node_modules" / "zxing-wasm"
#: What a browser needs of the package: the address in the app, and the file. The first imports the second as
#: ``../share.js``. ``pyproject.toml`` takes the same files into the wheel.
_FILES: Final = {
    "camera/zxing/reader/index.js": "dist/es/reader/index.js",
    "camera/zxing/share.js": "dist/es/share.js",
    "camera/zxing/zxing_reader.wasm": "dist/reader/zxing_reader.wasm",
    "camera/zxing/licence.txt": "LICENSE",
}
#: Tells the page whether there is a decoder: asking for a file that is not there looks the same as a lost network.
_NOTICE: Final = "camera/decoder.json"


def decoder_files(package: Path = PACKAGE) -> Mapping[str, bytes]:
    """What the app gives out beside its own files, by name."""
    paths = {name: package / file for name, file in _FILES.items()}
    if not all(path.is_file() for path in paths.values()):
        return {_NOTICE: json.dumps({"built": False}).encode()}
    version = json.loads((package / "package.json").read_bytes())["version"]
    notice = json.dumps({"built": True, "version": version}).encode()
    return {_NOTICE: notice, **{name: path.read_bytes() for name, path in paths.items()}}
