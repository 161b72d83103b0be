"""docs/operations.md has every setting with its default, and every event that Stripe should send."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from entrypoints.settings import Settings

DOCUMENT = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)
#: Settings whose default depends on others, by the property that computes it.
DERIVED = {
    "QUOTE_RATE_LIMIT": "quotes_rate",
    "LOOKUP_RATE_LIMIT": "lookups_rate",
    "ERROR_RATE_LIMIT": "errors_rate",
    "FREE_MAIL_RATE_LIMIT": "free_mails_rate",
    "SIGN_IN_RATE_LIMIT": "sign_ins_rate",
}


def test_every_setting_is_there_once() -> None:
    documented = [name for name, _ in SETTING.findall(DOCUMENT)]
    assert sorted(documented) == sorted(Settings.__struct_encode_fields__)


def default_of(name: str) -> object:
    settings = Settings()
    if found := re.fullmatch(r"MAX_(HELD_TICKETS|HELD_ORDERS|FREE_TICKETS)_PER_(EMAIL|NETWORK)", name):
        allowance = getattr(settings.policy.claims, f"per_{found[2].lower()}")
        return getattr(allowance, found[1].lower())
    return getattr(settings, DERIVED.get(name, name.lower()))


@pytest.mark.parametrize(("name", "default"), SETTING.findall(DOCUMENT))
def test_defaults_are_what_is_written(name: str, default: str) -> None:
    if name == "SECRET_KEY":
        assert default == "not secret"
    elif default == "none":
        assert default_of(name) in ("", None)
    else:
        assert default == f"`{default_of(name)}`"
