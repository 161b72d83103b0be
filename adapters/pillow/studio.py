"""PictureStudio by Pillow: decodes what was uploaded and encodes it anew as WebP."""

from __future__ import annotations

import asyncio
import hashlib
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from application.ports.pictures import Box, PreparedPicture, UnusablePicture
from domain.branding import Picture

FORMATS: Final = ("PNG", "JPEG", "WEBP")
#: A photo of a good camera. Decoded it takes 4 bytes a pixel, so this is what bounds the memory of an upload.
MAX_PIXELS: Final = 25_000_000
#: Pictures that are prepared at a time in one process.
MAX_AT_ONCE: Final = 2
_QUALITY: Final = 82
_DIGEST_CHARACTERS: Final = 32


class PillowStudio:
    """Works in threads: Pillow is CPU-bound, and lets go of the interpreter while it decodes and encodes."""

    def __init__(self) -> None:
        self._at_once = asyncio.Semaphore(MAX_AT_ONCE)

    async def prepare(self, upload: bytes, box: Box) -> PreparedPicture:
        async with self._at_once:
            return await asyncio.to_thread(_prepare, upload, box)


def _prepare(upload: bytes, box: Box) -> PreparedPicture:
    try:
        with Image.open(BytesIO(upload), formats=FORMATS) as image:
            # Known from the header alone, so a small file that would unfold into gigabytes is refused undecoded.
            if image.width * image.height > MAX_PIXELS:
                raise UnusablePicture(f"A picture has {MAX_PIXELS // 10**6} million pixels at most")
            fitted = _fitted(image, box)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise UnusablePicture("A picture must be PNG, JPEG or WebP") from None
    # What Pillow's decoders raise for broken files is not written down anywhere; these are their bases.
    except (OSError, ValueError, SyntaxError, EOFError):
        raise UnusablePicture("The picture is broken") from None
    encoded = BytesIO()
    fitted.save(encoded, "WEBP", quality=_QUALITY)
    content = encoded.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:_DIGEST_CHARACTERS]
    return PreparedPicture(Picture.of(digest, width=fitted.width, height=fitted.height), content)


def _fitted(image: Image.Image, box: Box) -> Image.Image:
    image.draft("RGB", (box.width, box.height))  # JPEGs are decoded no larger than they are needed
    upright = ImageOps.exif_transpose(image)
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    plain.thumbnail((box.width, box.height), Image.Resampling.LANCZOS)
    plain.info.clear()  # no profile, no place where it was taken
    return plain
