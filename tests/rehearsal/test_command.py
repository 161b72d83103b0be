"""The options of the command, up to their limits and no further."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from rehearsal.command import rehearse
from rehearsal.terms import Victim

OPTIONS = {option.name: option for option in rehearse.params if isinstance(option, click.Option)}
DOCUMENT = (Path(__file__).parents[2] / "docs/rehearsal.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "least", "too_few", "most", "too_many"),
    [
        ("buyers", 1, 0, 20_000, 20_001),
        ("minutes", 0.5, 0.49, 1440, 1441),
        ("seed", 0, -1, 2**63 - 1, 2**63),
        ("servers", 1, 0, 64, 65),
        ("workers", 1, 0, 64, 65),
        ("stripe_allows", 0.1, 0.09, 10_000, 10_001),
    ],
)
def test_numbers_have_limits(name: str, least: float, too_few: float, most: float, too_many: float) -> None:
    kind = OPTIONS[name].type
    assert [kind.convert(str(each), None, None) for each in (least, most)] == [least, most]
    for beyond in (too_few, too_many):
        with pytest.raises(click.BadParameter, match="not in the range"):
            kind.convert(str(beyond), None, None)


def test_only_what_there_is_can_be_killed() -> None:
    kind = OPTIONS["kill"].type
    assert [kind.convert(each.value, None, None) for each in Victim] == ["server", "worker", "nothing"]
    with pytest.raises(click.BadParameter, match="is not one of"):
        kind.convert("database", None, None)


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - {"data_dir"}))
def test_every_option_is_in_the_document(name: str) -> None:
    assert f"`{OPTIONS[name].opts[0]}`" in DOCUMENT
