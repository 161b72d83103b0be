"""The collection of tests, whose work the test processes share."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

_TESTS: Final = Path(__file__).parent.parent


class SharedCompiling:
    """The plugin of a test process of several: it begins with other files than the others do.

    Rewriting the assertions of all files takes a processor ten seconds. Each process does a part of it, and finds the
    rest in the cache. The order of the tests must be the same in all, so it is restored before it is made random.
    """

    def __init__(self, number: int, count: int) -> None:
        self._number = number
        self._count = count

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if isinstance(collector, pytest.Dir) and collector.path == _TESTS and report.result:
            report.result = self._from_here(report.result)
        return report

    def _from_here(self, parts: list[Any]) -> list[Any]:
        weights = [len(list(part.path.rglob("test_*.py"))) for part in parts]
        begin = sum(weights) * self._number // self._count
        start = next((at for at in range(len(parts)) if sum(weights[: at + 1]) > begin), 0)
        return [*parts[start:], *parts[:start]]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        items.sort(key=lambda item: item.path)
        return (yield)
