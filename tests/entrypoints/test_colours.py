"""Any colour that a producer picks is made readable (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entrypoints.web import colours
from entrypoints.web.colours import DARK_SURFACES, LEAST_CONTRAST, LIGHT_SURFACES, contrast, style_sheet

any_colour = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#5b2bd9", "#5b2bd9", 1)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@given(any_colour)
@example("#ffffff")
@example("#000000")
@example("#757575")
def test_text_in_any_colour_can_be_read(colour: str) -> None:
    sheet = style_sheet(colour)
    light, dark = re.findall(r"--accent:(#[0-9a-f]{6})", sheet)
    (on_brand,) = re.findall(r"--on-brand:(#[0-9a-f]{6})", sheet)
    assert contrast(on_brand, colour) >= LEAST_CONTRAST
    assert min(contrast(light, surface) for surface in LIGHT_SURFACES) >= LEAST_CONTRAST
    assert min(contrast(dark, surface) for surface in DARK_SURFACES) >= LEAST_CONTRAST


def test_colour_that_can_be_read_is_left_as_it_is() -> None:
    assert "--accent:#5b2bd9" in style_sheet("#5b2bd9")


def test_surfaces_are_those_of_the_style_sheet() -> None:
    css = (Path(colours.__file__).parent / "static" / "storefront.css").read_text()
    for name, pair in (("paper", 0), ("card", 1)):
        assert re.findall(rf"--{name}: (#[0-9a-f]{{6}})", css) == [LIGHT_SURFACES[pair], DARK_SURFACES[pair]]
