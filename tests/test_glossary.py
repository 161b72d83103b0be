"""docs/glossary.md is true: the classes and modules that it names exist, and none has a name that was given up."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (`.*?) \| (`.*?) \|$", re.MULTILINE)
_NAME = re.compile(r"`(\w+)`")
ROWS = [(_NAME.findall(say), _NAME.findall(gave_up)) for say, gave_up in _ROW.findall(GLOSSARY)]
WORDS = sorted({name for say, _ in ROWS for name in say})
GIVEN_UP = sorted({name for _, gave_up in ROWS for name in gave_up})


@cache
def names() -> frozenset[str]:
    """The names of all our classes and modules, including the tests'."""
    found = set()
    for folder in ("domain", "application", "adapters", "entrypoints", "simulation", "rehearsal", "demo", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            found.add(path.stem if path.stem != "__init__" else path.parent.name)
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    return frozenset(found)


def test_there_are_words_on_both_sides() -> None:
    assert all(say and gave_up for say, gave_up in ROWS)
    assert len(ROWS) > 20


@pytest.mark.parametrize("name", WORDS)
def test_words_that_we_say_are_classes_or_modules(name: str) -> None:
    assert name in names()


@pytest.mark.parametrize("name", GIVEN_UP)
def test_words_that_we_gave_up_name_nothing(name: str) -> None:
    assert name not in names()
