"""Order numbers that a spreadsheet does not change."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest
from typing_extensions import override

from adapters.memory.system import MemoryIds
from application.checkout.ticket_issuer import new_order_id
from domain.orders import number_of, reads_as_quantity


def id_with(number: str) -> UUID:
    """An id whose order has the number."""
    return UUID(bytes=bytes(11) + base64.b32decode(number))


@pytest.mark.parametrize(
    "number",
    ["22222E22", "2E345672", "22222222", "234567E2", "E2345672", "2MAR2345", "SEPT2345", "222222KR", "EUR22222"],
)
def test_what_a_spreadsheet_may_take_for_a_quantity(number: str) -> None:
    assert reads_as_quantity(number)


@pytest.mark.parametrize("number", ["FZ6KWPCN", "ABCDEFGH", "A2B34567", "2E3E4567", "SEPTEM23"])
def test_what_it_takes_for_text(number: str) -> None:
    assert not reads_as_quantity(number)


class TheseIds(MemoryIds):
    """First these ids, then others."""

    def __init__(self, *first: UUID) -> None:
        super().__init__()
        self._first = list(first)

    @override
    def new(self) -> UUID:
        return self._first.pop(0) if self._first else super().new()


def test_new_orders_have_numbers_that_are_text() -> None:
    ids = TheseIds(id_with("22222E22"), id_with("2E345672"), id_with("FZ6KWPCN"))
    assert number_of(new_order_id(ids)) == "FZ6KWPCN"


def test_orders_that_there_are_keep_their_numbers() -> None:
    assert number_of(id_with("2E345672")) == "2E345672"
