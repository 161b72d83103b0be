"""What the demo theatre's logo and posters look like: drawn here, to need no pictures by others."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

#: The demo theatre's colour: a lantern's amber, which is unreadable as text on white.
COLOUR: Final = "#e8a33d"
#: The second theatre's: the sea below a harbour wall.
PLAYHOUSE_COLOUR: Final = "#14566b"
_WIDTH, _HEIGHT = 1200, 675

Colour = tuple[int, int, int]


def logo() -> bytes:
    """A lantern on a plate of the theatre's colour, for light and dark pages."""
    image = Image.new("RGBA", (480, 480), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, 479, 479), 110, fill=COLOUR)
    dark = (44, 30, 12)
    draw.arc((180, 50, 300, 170), 180, 360, fill=dark, width=20)
    draw.polygon([(130, 170), (350, 170), (310, 110), (170, 110)], fill=dark)
    draw.rounded_rectangle((140, 185, 340, 370), 24, outline=dark, width=22)
    draw.polygon([(240, 215), (285, 300), (240, 350), (195, 300)], fill=dark)
    draw.rounded_rectangle((120, 385, 360, 425), 16, fill=dark)
    return _png(image.resize((160, 160), Image.Resampling.LANCZOS))


def playhouse_logo() -> bytes:
    """A lighthouse on a plate of the playhouse's colour."""
    image = Image.new("RGBA", (480, 480), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, 479, 479), 110, fill=PLAYHOUSE_COLOUR)
    light, beam = (240, 246, 248), (96, 148, 166)
    draw.polygon([(240, 132), (470, 60), (470, 200)], fill=beam)
    draw.polygon([(240, 132), (10, 60), (10, 200)], fill=beam)
    draw.polygon([(200, 170), (280, 170), (310, 420), (170, 420)], fill=light)
    draw.rectangle((206, 96, 274, 160), outline=light, width=16)
    draw.polygon([(192, 96), (288, 96), (240, 48)], fill=light)
    for top, half in ((235, 48), (330, 60)):
        draw.rectangle((240 - half, top, 240 + half, top + 34), fill=PLAYHOUSE_COLOUR)
    return _png(image.resize((160, 160), Image.Resampling.LANCZOS))


def midsummer() -> bytes:
    """A wood by night, with a moon and fireflies."""
    image = _sky((16, 24, 64), (92, 64, 130))
    _glow(image, (860, 190), 260, (255, 240, 200), 90)
    draw = ImageDraw.Draw(image)
    draw.ellipse((770, 100, 950, 280), fill=(255, 244, 214))
    for base, wave, colour in ((430, 60, (36, 34, 82)), (500, 45, (24, 25, 60)), (580, 30, (13, 15, 36))):
        _hill(draw, base, wave, colour)
    dice = random.Random(4)  # noqa: S311  # where fireflies are is no secret
    for _ in range(26):
        _glow(image, (dice.randint(40, 1160), dice.randint(360, 640)), dice.randint(9, 22), (255, 226, 120), 200)
    return _png(image)


def jazz() -> bytes:
    """Piano keys under warm lamps."""
    image = _sky((58, 14, 30), (196, 84, 38))
    for x in (220, 600, 980):
        _glow(image, (x, 60), 300, (255, 205, 120), 110)
    draw = ImageDraw.Draw(image)
    for index in range(16):
        left = index * 76 - 8
        draw.rectangle((left, 400, left + 72, 700), fill=(250, 243, 228))
        if index % 7 in (0, 1, 3, 4, 5):
            draw.rectangle((left + 50, 400, left + 98, 565), fill=(32, 14, 20))
    draw.rectangle((0, 384, _WIDTH, 402), fill=(32, 14, 20))
    return _png(image)


def rehearsal() -> bytes:
    """An empty stage with one chair in the light."""
    image = _sky((20, 40, 48), (30, 74, 82))
    light = Image.new("L", image.size, 0)
    ImageDraw.Draw(light).polygon([(560, 0), (640, 0), (900, 580), (300, 580)], fill=120)
    image.paste(Image.new("RGB", image.size, (255, 246, 214)), mask=light.filter(ImageFilter.GaussianBlur(14)))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 560, _WIDTH, _HEIGHT), fill=(58, 40, 30))
    draw.ellipse((300, 548, 900, 640), fill=(196, 160, 112))
    chair = (38, 26, 20)
    draw.rectangle((545, 345, 558, 590), fill=chair)
    draw.rectangle((545, 345, 655, 375), fill=chair)
    draw.rectangle((642, 345, 655, 590), fill=chair)
    draw.rectangle((535, 465, 665, 485), fill=chair)
    for x in (0, 1060):
        for fold in range(5):
            shade = (120 - fold % 2 * 28, 24, 34)
            draw.rectangle((x + fold * 28, 0, x + fold * 28 + 28, 575), fill=shade)
    return _png(image)


def orchard() -> bytes:
    """Cherry trees in flower, at the end of the day."""
    image = _sky((252, 196, 170), (250, 232, 220))
    draw = ImageDraw.Draw(image)
    draw.ellipse((140, 330, 360, 550), fill=(255, 150, 110))
    _hill(draw, 540, 24, (120, 148, 104))
    dice = random.Random(7)  # noqa: S311  # where blossoms are is no secret
    for x, size in ((330, 0.8), (640, 1.15), (980, 0.95)):
        _tree(draw, x, 580, -math.pi / 2, 120 * size, dice)
    return _png(image)


def tempest() -> bytes:
    """A ship in a storm, under lightning."""
    image = _sky((18, 26, 38), (74, 98, 112))
    _glow(image, (900, 130), 330, (190, 214, 232), 120)
    draw = ImageDraw.Draw(image)
    bolt = [(930, 0), (862, 150), (912, 150), (838, 330), (966, 118), (914, 118), (978, 0)]
    draw.polygon(bolt, fill=(252, 250, 226))
    _hill(draw, 470, 34, (40, 72, 84))
    hull, sail = (24, 18, 18), (214, 204, 184)
    draw.polygon([(300, 420), (640, 395), (590, 505), (360, 515)], fill=hull)
    for x, top, half in ((400, 160, 62), (510, 120, 74)):
        draw.line((x, 425, x + 22, top), fill=hull, width=12)
        draw.polygon([(x - half, 380), (x + half, 370), (x + half - 8, top + 40), (x - half + 34, top + 46)], fill=sail)
    for base, wave, colour in ((530, 46, (28, 56, 70)), (590, 34, (18, 40, 54)), (640, 22, (12, 28, 40))):
        _hill(draw, base, wave, colour)
    dice = random.Random(11)  # noqa: S311  # where the rain falls is no secret
    for _ in range(240):
        x, y = dice.randint(0, _WIDTH), dice.randint(0, _HEIGHT)
        draw.line((x, y, x - 9, y + 26), fill=(150, 172, 186), width=1)
    return _png(image)


def _tree(draw: ImageDraw.ImageDraw, x: float, y: float, angle: float, length: float, dice: random.Random) -> None:
    if length < 16:
        for _ in range(5):
            spread = 15
            left, top = x + dice.uniform(-spread, spread), y + dice.uniform(-spread, spread)
            pink = dice.choice([(255, 182, 200), (255, 214, 224), (244, 150, 176)])
            draw.ellipse((left, top, left + 14, top + 14), fill=pink)
        return
    end_x, end_y = x + math.cos(angle) * length, y + math.sin(angle) * length
    draw.line((x, y, end_x, end_y), fill=(92, 60, 54), width=max(2, round(length / 7)))
    for turn in (-0.55, 0.05, 0.6):
        _tree(draw, end_x, end_y, angle + turn + dice.uniform(-0.15, 0.15), length * dice.uniform(0.6, 0.74), dice)


def _sky(top: Colour, bottom: Colour) -> Image.Image:
    column = Image.new("RGB", (1, _HEIGHT))
    for y in range(_HEIGHT):
        share = y / _HEIGHT
        pairs = zip(top, bottom, strict=True)
        column.putpixel((0, y), _rgb(round(one + (other - one) * share) for one, other in pairs))
    return column.resize((_WIDTH, _HEIGHT))


def _hill(draw: ImageDraw.ImageDraw, base: int, wave: int, colour: Colour) -> None:
    ridge = [
        (x, base + math.sin(x / 170 + base) * wave + math.sin(x / 61) * wave / 5) for x in range(0, _WIDTH + 10, 10)
    ]
    draw.polygon([(0, _HEIGHT), *ridge, (_WIDTH, _HEIGHT)], fill=colour)


def _glow(image: Image.Image, centre: tuple[int, int], radius: int, colour: Colour, strength: int) -> None:
    """Draw light that fades towards ``radius`` pixels; ``strength`` of 255 hides what is behind its middle."""
    light = Image.radial_gradient("L").resize((2 * radius, 2 * radius)).point(_fading(strength))
    plate = Image.new("RGB", light.size, colour)
    image.paste(plate, (centre[0] - radius, centre[1] - radius), mask=light)


def _fading(strength: int) -> Callable[[int], float]:
    return lambda distance: max(0.0, 1 - distance / 180) ** 2 * strength


def _rgb(channels: Iterable[int]) -> Colour:
    red, green, blue = channels
    return red, green, blue


def _png(image: Image.Image) -> bytes:
    encoded = BytesIO()
    image.save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()
