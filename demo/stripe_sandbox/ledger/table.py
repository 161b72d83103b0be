"""Rows in the order they came, found by id; beyond a limit the oldest is forgotten."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Row = TypeVar("Row")


class Table(Generic[Row]):
    """An append-only, bounded collection of one kind of row."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._rows: dict[int, tuple[str, Row]] = {}
        self._positions: dict[str, int] = {}
        self._first_position = 0
        self._next_position = 0

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._positions

    def add(self, row_id: str, row: Row) -> None:
        """Append a row; when the table is full the oldest makes room."""
        if len(self._rows) >= self._capacity:
            oldest_id, _ = self._rows.pop(self._first_position)
            del self._positions[oldest_id]
            self._first_position += 1
        self._rows[self._next_position] = (row_id, row)
        self._positions[row_id] = self._next_position
        self._next_position += 1

    def get(self, row_id: str) -> Row | None:
        position = self._positions.get(row_id)
        return None if position is None else self._rows[position][1]

    def newest_first(self, *, older_than: str | None = None) -> Iterator[Row]:
        """Rows from the newest, or from just before ``older_than`` (an id that is in the table)."""
        start = self._next_position if older_than is None else self._positions[older_than]
        return self._walk(range(start - 1, self._first_position - 1, -1))

    def oldest_first(self, *, newer_than: str) -> Iterator[Row]:
        """Rows added after ``newer_than`` (an id that is in the table), in the order they came."""
        return self._walk(range(self._positions[newer_than] + 1, self._next_position))

    def _walk(self, positions: range) -> Iterator[Row]:
        for position in positions:
            yield self._rows[position][1]
