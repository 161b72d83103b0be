"""The process that decodes one picture: ``python -m adapters.pillow.decoder WIDTH HEIGHT``.

It reads the upload from standard input. It writes a line with the size and then the picture, fitted into WIDTH x HEIGHT
and encoded as WebP, to standard output; or exits with REFUSED and writes a sentence for a person to standard error. A
decoder that is busy with a picture can only be stopped from outside, which is why it has a separate process.
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS: Final = ("PNG", "JPEG", "WEBP")
#: A photo of a good camera. Decoded it takes 4 bytes a pixel, so this limits the memory of an upload.
MAX_PIXELS: Final = 25_000_000
#: Four copies of the largest picture, the interpreter and Pillow.
MAX_MEMORY_BYTES: Final = 1024**3
#: The exit code of a refusal.
REFUSED: Final = 3
#: Lets the requests of buyers run first.
_NICENESS: Final = 10
_QUALITY: Final = 82


class _Refusal(Exception):
    """``str(refusal)`` is a sentence for a person."""


def main() -> None:
    """Read, decode, fit, encode, write."""
    _limit_memory()
    os.nice(_NICENESS)
    width, height = (int(argument) for argument in sys.argv[1:])
    try:
        picture = _decoded(sys.stdin.buffer.read(), (width, height))
    except _Refusal as refusal:
        sys.stderr.write(str(refusal))
        sys.exit(REFUSED)
    encoded = BytesIO()
    picture.save(encoded, "WEBP", quality=_QUALITY)
    sys.stdout.buffer.write(b"%d %d\n" % picture.size + encoded.getvalue())


def _limit_memory() -> None:
    if sys.platform == "linux":  # elsewhere the address space says nothing about memory
        import resource  # noqa: PLC0415  # there is none on every platform

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def _decoded(upload: bytes, box: tuple[int, int]) -> Image.Image:
    try:
        with Image.open(BytesIO(upload), formats=FORMATS) as image:
            # The header alone shows this, so a small file that would unfold into gigabytes is refused undecoded.
            if image.width * image.height > MAX_PIXELS:
                raise _Refusal(f"A picture has {MAX_PIXELS // 10**6} million pixels at most")
            return _fitted(image, box)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise _Refusal("A picture must be PNG, JPEG or WebP") from None
    # Pillow does not document what its decoders raise for broken files; these are the base classes.
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError):
        raise _Refusal("The picture is broken") from None


def _fitted(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    image.draft("RGB", box)  # decodes JPEGs no larger than needed
    upright = ImageOps.exif_transpose(image)
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    plain.thumbnail(box, Image.Resampling.LANCZOS)
    plain.info.clear()  # removes the colour profile and the place of the photo
    return plain


if __name__ == "__main__":
    main()
