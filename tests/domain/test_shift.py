"""Shifts: what was taken, what should be in the till, and what was counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Conflict, InvalidRequest
from domain.money import currency
from domain.orders import ManualPayment
from domain.shift import (
    COUNTED,
    MAX_MOVEMENTS,
    MAX_REASON_LENGTH,
    MAX_SELLERS,
    CashMovement,
    CounterPayment,
    CounterSale,
    Moved,
    Shift,
    ShiftFigures,
    SoldLine,
    TillCount,
    parse_reason,
    parse_seller,
)

NOW = datetime(2026, 11, 28, 18, 30, tzinfo=UTC)
CASH, CARD, OTHER, COMP = CounterPayment


def a_shift(**fields: Any) -> Shift:
    every = {
        "id": uuid4(),
        "producer_id": uuid4(),
        "till_id": uuid4(),
        "till": "Foyer",
        "currency": currency("EUR"),
        "opened_at": NOW,
        "opened_by": "Ada",
        "opening_cash": 100_00,
        "sellers": ("Ada",),
    }
    return Shift(**{**every, **fields})


def a_sale(payment: CounterPayment = CASH, *lines: SoldLine, seller: str = "Ada", **fields: Any) -> CounterSale:
    sold = lines or (SoldLine("Adult", 2, 50_00),)
    return CounterSale(
        order_id=uuid4(),
        shift_id=fields.pop("shift_id", uuid4()),
        show_id=uuid4(),
        at=NOW,
        payment=payment,
        seller=seller,
        amount=sum(line.amount for line in sold),
        lines=sold,
        **fields,
    )


def undone(sale: CounterSale) -> CounterSale:
    return sale.undone(by="Ben", at=NOW, given_back=sale.amount)


class TestSale:
    def test_change_is_what_goes_back_of_the_cash(self) -> None:
        assert a_sale(given=60_00).change == 10_00
        assert a_sale().change is None

    def test_is_undone_once(self) -> None:
        sale = undone(a_sale())
        assert (sale.is_undone, sale.undone_by, sale.given_back) == (True, "Ben", 50_00)
        with pytest.raises(Conflict):
            undone(sale)

    def test_a_card_is_another_payment_for_orders(self) -> None:
        assert [each.of_order for each in CounterPayment] == [
            ManualPayment.CASH,
            ManualPayment.OTHER,
            ManualPayment.OTHER,
            ManualPayment.COMP,
        ]


class TestRounding:
    def test_cash_is_taken_and_given_back_in_coins_that_there_are(self) -> None:
        sale = a_sale(CASH, SoldLine("Adult", 1, 12_33), given=20_00).rounded(5)
        assert (sale.amount, sale.rounding, sale.taken, sale.change) == (12_33, 2, 12_35, 7_65)
        back = sale.undone(by="Ben", at=NOW, given_back=sale.amount, step=5)
        assert (back.given_back, back.handed_back) == (12_33, 12_35)
        part = sale.undone(by="Ben", at=NOW, given_back=6_17, step=5)
        assert (part.given_back, part.handed_back) == (6_17, 6_15)

    @pytest.mark.parametrize("payment", [CARD, OTHER])
    def test_nothing_else_is_rounded(self, payment: CounterPayment) -> None:
        sale = a_sale(payment, SoldLine("Adult", 1, 12_33)).rounded(5)
        assert (sale.taken, sale.undone(by="Ben", at=NOW, given_back=12_33, step=5).handed_back) == (12_33, 12_33)

    def test_the_difference_is_counted_apart_and_lies_in_the_till(self) -> None:
        sales = [a_sale(CASH, SoldLine("Adult", 1, amount)).rounded(5) for amount in (12_33, 12_31, 12_34)]
        sales.append(sales[0].undone(by="Ben", at=NOW, given_back=12_33, step=5))
        figures = ShiftFigures.of(sales)
        assert (figures.total.kept, figures.total.rounding) == (12_33 + 12_31 + 12_34, 2 - 1 + 1)
        assert a_shift(cash_rounding=5).expects(figures)[CASH] == 100_00 + 12_35 + 12_30 + 12_35


class TestFigures:
    def test_are_told_by_payment_person_and_type(self) -> None:
        figures = ShiftFigures.of(
            [
                a_sale(CASH, SoldLine("Adult", 2, 50_00), SoldLine("Child", 1, 10_00)),
                a_sale(CARD, seller="Ben"),
                undone(a_sale(CASH, seller="Ben")),
                a_sale(COMP, SoldLine("Adult", 1, 0)),
            ]
        )
        assert (figures.total.sales, figures.total.tickets, figures.total.kept) == (3, 6, 110_00)
        assert figures.of_payment(CASH).kept == 60_00
        assert figures.of_payment(OTHER).kept == 0
        assert (figures.by_seller["Ben"].kept, figures.by_seller["Ben"].undone) == (50_00, 1)
        assert figures.by_type == {"Adult": (5, 100_00), "Child": (1, 10_00)}
        assert [sale.seller for sale in figures.undone] == ["Ben"]

    @given(
        st.lists(
            st.builds(
                lambda payment, seller, lines, is_undone: (undone if is_undone else lambda sale: sale)(
                    a_sale(payment, *lines, seller=seller)
                ),
                st.sampled_from(CounterPayment),
                st.sampled_from(["Ada", "Ben", "Cy"]),
                st.lists(
                    st.builds(SoldLine, st.sampled_from(["Adult", "Child"]), st.integers(1, 9), st.integers(0, 10**6)),
                    min_size=1,
                    max_size=3,
                ),
                st.booleans(),
            ),
            max_size=30,
        ),
        st.integers(0, 10**6),
    )
    def test_every_way_to_tell_them_adds_up_to_the_same(self, sales: list[CounterSale], opening_cash: int) -> None:
        figures = ShiftFigures.of(sales)
        for told in (figures.by_payment, figures.by_seller):
            sums = list(told.values())
            assert sum(each.taken for each in sums) == figures.total.taken == sum(sale.amount for sale in sales)
            assert sum(each.kept for each in sums) == figures.total.kept
            assert sum(each.tickets for each in sums) == figures.total.tickets
            assert sum(each.undone for each in sums) == figures.total.undone == len(figures.undone)
        assert sum(tickets for tickets, _ in figures.by_type.values()) == figures.total.tickets
        assert sum(money for _, money in figures.by_type.values()) == figures.total.kept
        expected = a_shift(opening_cash=opening_cash).expects(figures)
        not_counted = figures.of_payment(COMP).kept
        assert sum(expected.values()) + not_counted == opening_cash + figures.total.kept


def moved(amount: int, **fields: Any) -> CashMovement:
    every = {"id": uuid4(), "shift_id": uuid4(), "at": NOW, "by": "Ada", "amount": amount, "reason": "Change"}
    return CashMovement(**{**every, **fields})


class TestCashMovements:
    def test_count_in_what_should_be_in_the_till(self) -> None:
        movements = [moved(50_00), moved(-120_00, reason="To the bank")]
        closed = a_shift().closed([a_sale(CASH)], None, by="Ben", at=NOW, movements=movements)
        assert closed.expected == {CASH: 80_00, CARD: 0, OTHER: 0}

    def test_a_wrong_one_is_taken_back_by_its_opposite(self) -> None:
        wrong = moved(1000_00)
        back = wrong.opposite(uuid4(), by="Ben", at=NOW)
        assert (back.amount, back.takes_back, back.by, back.reason) == (-1000_00, wrong.id, "Ben", "Change")
        assert Moved.of([wrong, back, moved(5_00), moved(-2_00)]) == Moved(cash_in=5_00, cash_out=2_00)
        with pytest.raises(Conflict):
            back.opposite(uuid4(), by="Ben", at=NOW)

    @given(st.lists(st.tuples(st.integers(-(10**6), 10**6).filter(bool), st.booleans()), max_size=30))
    def test_what_they_add_is_the_sum_of_all_rows(self, drawn: list[tuple[int, bool]]) -> None:
        every = [moved(amount) for amount, _ in drawn]
        pairs = zip(list(every), drawn, strict=True)
        every += [each.opposite(uuid4(), by="Ben", at=NOW) for each, (_, is_wrong) in pairs if is_wrong]
        assert Moved.of(every).net == sum(each.amount for each in every)

    def test_no_more_goes_out_than_should_be_there(self) -> None:
        shift, sales = a_shift(), [a_sale(CASH), a_sale(CARD)]
        shift.ensure_moves(moved(-150_00), sales, [])
        with pytest.raises(InvalidRequest) as refused:
            shift.ensure_moves(moved(-150_01), sales, [])
        assert refused.value.field == "amount"
        shift.ensure_moves(moved(-150_01), sales, [moved(1)])
        shift.ensure_moves(moved(100_00).opposite(uuid4(), by="Ada", at=NOW), [], [])

    def test_need_an_open_shift_and_are_limited(self) -> None:
        with pytest.raises(Conflict):
            a_shift().closed([], None, by="Ada", at=NOW).ensure_moves(moved(1), [], [])
        full = [moved(1) for _ in range(MAX_MOVEMENTS)]
        with pytest.raises(Conflict):
            a_shift().ensure_moves(moved(1), [], full)
        a_shift().ensure_moves(full[0].opposite(uuid4(), by="Ada", at=NOW), [], full)
        with pytest.raises(InvalidRequest):
            a_shift(currency=currency("ISK"), opening_cash=0).ensure_moves(moved(1_50), [], [])

    @pytest.mark.parametrize(
        "fields",
        [
            {"amount": 0},
            {"amount": 10**12},
            {"amount": -(10**12)},
            {"reason": ""},
            {"reason": "x" * (MAX_REASON_LENGTH + 1)},
            {"reason": "a\x00b"},
        ],
    )
    def test_have_an_amount_and_a_reason(self, fields: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest):
            moved(**{"amount": 1, **fields})

    def test_a_reason_is_one_line(self) -> None:
        assert parse_reason("  To the\n bank ") == "To the bank"


class TestShift:
    def test_knows_what_should_be_there_and_what_is_missing(self) -> None:
        shift, sales = a_shift(), [a_sale(CASH), a_sale(CARD), undone(a_sale(CASH))]
        count = TillCount.by_pieces({50_00: 2, 20_00: 2, 5_00: 1, 1: 0}, {CARD: 50_00, OTHER: 0})
        closed = shift.closed(sales, count, by="Ben", at=NOW, note="A fiver is missing")
        assert closed.expected == {CASH: 150_00, CARD: 50_00, OTHER: 0}
        assert count.pieces == {50_00: 2, 20_00: 2, 5_00: 1}
        assert [closed.difference(each) for each in COUNTED] == [-5_00, 0, 0]
        assert (closed.closed_by, closed.note, closed.is_open) == ("Ben", "A fiver is missing", False)

    def test_is_closed_and_counted_once(self) -> None:
        count = TillCount(amounts={CASH: 0})
        closed = a_shift().closed([], count, by="Ben", at=NOW)
        with pytest.raises(Conflict):
            closed.closed([], count, by="Ben", at=NOW)
        with pytest.raises(Conflict):
            closed.ensure_open()
        with pytest.raises(Conflict):
            closed.with_seller("Cy")

    def test_one_that_was_closed_without_a_count_is_counted_later(self) -> None:
        uncounted = a_shift().closed([], None, by="Ben", at=NOW)
        assert uncounted.difference(CASH) is None
        counted = uncounted.closed([], TillCount(amounts={CASH: 99_00}), by="Cy", at=NOW + timedelta(days=1))
        assert (counted.closed_at, counted.closed_by, counted.difference(CASH)) == (NOW, "Cy", -1_00)
        with pytest.raises(Conflict):
            uncounted.closed([], None, by="Cy", at=NOW)

    def test_is_forgotten_once_its_evening_is_over(self) -> None:
        shift, zone = a_shift(), ZoneInfo("Europe/Vienna")
        assert not shift.is_forgotten(NOW + timedelta(hours=6), zone)
        assert shift.is_forgotten(NOW + timedelta(hours=14), zone)
        closed = shift.closed([], None, by="Ada", at=NOW)
        assert not closed.is_forgotten(NOW + timedelta(days=3), zone)

    def test_has_the_people_who_sell(self) -> None:
        shift = a_shift().with_seller("Ben")
        assert shift.sellers == ("Ada", "Ben")
        assert shift.with_seller("Ben") is shift
        full = replace(shift, sellers=tuple(str(number) for number in range(MAX_SELLERS)))
        with pytest.raises(InvalidRequest):
            full.with_seller("Cy")

    @pytest.mark.parametrize("opening_cash", [-1, 10**12])
    def test_begins_with_an_amount(self, opening_cash: int) -> None:
        with pytest.raises(InvalidRequest):
            a_shift(opening_cash=opening_cash)

    def test_its_note_is_short(self) -> None:
        with pytest.raises(InvalidRequest):
            a_shift().closed([], None, by="Ada", at=NOW, note="x" * 501)


@pytest.mark.parametrize(
    ("amounts", "pieces"),
    [({CASH: -1}, {}), ({COMP: 0}, {}), ({CASH: 10**12}, {}), ({CASH: 0}, {0: 1}), ({CASH: 0}, {100: 10_001})],
)
def test_a_count_has_amounts(amounts: Mapping[CounterPayment, int], pieces: Mapping[int, int]) -> None:
    with pytest.raises(InvalidRequest):
        TillCount(amounts=amounts, pieces=pieces)


@pytest.mark.parametrize(("text", "name"), [("  Ada   Lovelace ", "Ada Lovelace"), ("Till 2", "Till 2")])
def test_a_seller_has_any_short_name(text: str, name: str) -> None:
    assert parse_seller(text) == name


@pytest.mark.parametrize("text", ["", "   ", "x" * 61, "a\x00b"])
def test_a_sellers_name_is_text(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_seller(text)
