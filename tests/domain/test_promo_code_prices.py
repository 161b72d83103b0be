"""What a promo code does to the price of a cart: which tickets it makes cheaper, and which hidden ones it opens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from adapters.stripe.requests import line_items
from domain.capacity import Allocation
from domain.cart import Cart
from domain.errors import InvalidPromoCode, PromoCodeExhausted, TicketNotFound, TicketsUnavailable
from domain.inventory import Inventory
from domain.offering import Offering
from domain.orders import ManualPayment, Order, OrderEvent, OrderStatus
from domain.promotions import TicketPromoCode, UseCount
from domain.refunds import refundable_amount
from domain.stock import Stock
from tests.support.factories import (
    NOW,
    allocation,
    capacity,
    cart,
    customer,
    donation_ticket,
    issue,
    offering,
    promo_code,
    show,
    ticket,
)

EVENING = show()
STALLS = ticket(of=EVENING, price=30_00, name="Stalls")
GALLERY = ticket(of=EVENING, price=10_00, name="Gallery")
MEMBERS = ticket(of=EVENING, price=12_00, name="Members", hidden=True)
GIFT = donation_ticket(of=EVENING, price=5_00)


def code(**fields: Any) -> TicketPromoCode:
    return promo_code(of=EVENING, **{"code": "CODE", "discount": "0", **fields})


def on_sale(promo: TicketPromoCode) -> Offering:
    return offering(STALLS, GALLERY, MEMBERS, GIFT, promo_codes=[promo])


def place(office: Offering, wanted: Cart, **how: Any) -> Order:
    return office.place(wanted, customer(), order_id=uuid4(), issue=issue, now=NOW, **how)


def lines(*wanted: Any, promo: TicketPromoCode) -> list[tuple[int, int, bool]]:
    """Of each line: how many tickets, at which price, and whether with the code."""
    quote = on_sale(promo).quote(cart(*wanted, promo_code="CODE"), now=NOW)
    return [(line.quantity, line.unit_amount, line.uses_promo_code) for line in quote.lines]


def test_an_amount_comes_off_each_ticket_down_to_nothing() -> None:
    assert lines((STALLS, 2), (GALLERY, 1), promo=code(amount_off=15_00)) == [(2, 15_00, True), (1, 0, True)]


def test_a_fixed_price_makes_no_ticket_dearer() -> None:
    assert lines((STALLS, 2), (GALLERY, 1), promo=code(fixed_price=12_00)) == [(2, 12_00, True), (1, 10_00, False)]


def test_a_fixed_price_of_zero_is_a_free_ticket() -> None:
    office = on_sale(code(fixed_price=0, max_per_order=1))
    order = place(office, cart((STALLS, 1), promo_code="CODE"))
    assert (order.status, order.quote.fees) == (OrderStatus.COMPLETED, 0)


def test_other_ticket_types_keep_their_price() -> None:
    promo = code(discount="0.5", ticket_ids=frozenset({GALLERY.id}))
    assert lines((STALLS, 1), (GALLERY, 2), promo=promo) == [(1, 30_00, False), (2, 5_00, True)]


def test_a_limit_splits_the_line_of_which_only_some_are_cheaper() -> None:
    promo = code(amount_off=5_00, max_per_order=3)
    assert lines((GALLERY, 2), (STALLS, 2), promo=promo) == [(1, 5_00, True), (1, 10_00, False), (2, 25_00, True)]


def test_uses_by_tickets_that_are_left_limit_the_next_order() -> None:
    office = on_sale(code(amount_off=5_00, counts=UseCount.TICKETS, max_uses=3))
    first = place(office, cart((STALLS, 2), promo_code="CODE"))
    second = place(office, cart((STALLS, 2), promo_code="CODE"))
    assert [line.discount_amount for line in (*first.lines, *second.lines)] == [10_00, 5_00, 0]
    assert [promo.uses for promo in office.stock.promo_codes.values()] == [3]
    with pytest.raises(PromoCodeExhausted, match="no longer valid"):
        place(office, cart((STALLS, 1), promo_code="CODE"))


def test_stripe_and_refunds_have_the_price_of_each_ticket_to_the_cent() -> None:
    order = place(on_sale(code(amount_off=3_33, max_per_order=1)), cart((STALLS, 3), promo_code="CODE"))
    items = line_items(order)
    assert [(item["quantity"], item["price_data"]["unit_amount"]) for item in items[:2]] == [(1, 26_67), (2, 30_00)]
    assert sum(item["quantity"] * item["price_data"]["unit_amount"] for item in items) == order.quote.total
    sold = order.with_attendees(issue)
    assert [refundable_amount(sold, {each.id}, refund_fees=False) for each in sold.attendees] == [26_67, 30_00, 30_00]


@pytest.mark.parametrize(
    ("promo", "wanted"),
    [
        (code(discount="0"), (STALLS, 1)),
        (code(discount="0.5"), (GIFT, 1, "20")),
        (code(fixed_price=30_00), (STALLS, 1)),
        (code(discount="0.5", ticket_ids=frozenset({GALLERY.id})), (STALLS, 1)),
        (code(opens_ticket_ids=frozenset({MEMBERS.id})), (STALLS, 1)),
        (code(opens_ticket_ids=frozenset({STALLS.id})), (STALLS, 1)),
    ],
)
def test_a_code_that_changes_nothing_is_said_so_and_not_used(promo: TicketPromoCode, wanted: Any) -> None:
    office = on_sale(promo)
    quote = office.quote(cart(wanted, promo_code="CODE"), now=NOW)
    assert (quote.promo_code, quote.idle_promo_code, quote.promo_code_discount) == (None, "CODE", 0)
    order = place(office, cart(wanted, promo_code="CODE"))
    assert (order.promo_code_id, order.quote.promo_code) == (None, None)
    assert office.stock.changed_promo_codes == []


def test_a_code_that_applies_is_not_idle() -> None:
    quote = on_sale(code(discount="0.01")).quote(cart((STALLS, 1), (GIFT, 1, "20"), promo_code="CODE"), now=NOW)
    assert (quote.promo_code, quote.idle_promo_code) == ("CODE", None)


class TestHiddenTicketTypes:
    promo = code(opens_ticket_ids=frozenset({MEMBERS.id}))

    def test_do_not_exist_without_a_code(self) -> None:
        with pytest.raises(TicketNotFound) as refusal:
            on_sale(self.promo).quote(cart((MEMBERS, 1)), now=NOW)
        assert (str(refusal.value), refusal.value.field) == ("No such ticket in this show", "tickets[0].ticket_id")

    def test_do_not_exist_with_a_code_that_opens_others(self) -> None:
        with pytest.raises(TicketNotFound):
            on_sale(code(discount="0.5")).quote(cart((MEMBERS, 1), promo_code="CODE"), now=NOW)

    def test_are_sold_with_the_code_that_opens_them(self) -> None:
        office = on_sale(self.promo)
        order = place(office, cart((MEMBERS, 2), (STALLS, 1), promo_code="code"))
        assert [(line.quantity, line.uses_promo_code) for line in order.lines] == [(2, True), (1, False)]
        assert (order.quote.promo_code, order.quote.promo_code_discount) == ("CODE", 0)
        assert office.stock.promo_codes[self.promo.id].uses == 1

    def test_need_a_code_that_still_holds(self) -> None:
        with pytest.raises(PromoCodeExhausted):
            on_sale(code(opens_ticket_ids=frozenset({MEMBERS.id}), valid_until=NOW)).quote(
                cart((MEMBERS, 1), promo_code="CODE"), now=NOW
            )
        with pytest.raises(InvalidPromoCode):
            on_sale(self.promo).quote(cart((MEMBERS, 1), promo_code="OTHER"), now=NOW)

    @pytest.mark.parametrize("limit", [{"max_per_order": 2}, {"max_uses": 2, "counts": UseCount.TICKETS}])
    def test_are_sold_up_to_the_limit_and_not_split(self, limit: dict[str, Any]) -> None:
        office = on_sale(code(opens_ticket_ids=frozenset({MEMBERS.id}), **limit))
        with pytest.raises(PromoCodeExhausted, match="opens no more than 2 of these tickets") as refusal:
            place(office, cart((MEMBERS, 3), promo_code="CODE"))
        assert refusal.value.field == "promo_code"
        assert place(office, cart((MEMBERS, 2), promo_code="CODE")).holds_tickets

    def test_come_before_others_where_the_code_also_makes_cheaper(self) -> None:
        promo = code(amount_off=1_00, opens_ticket_ids=frozenset({MEMBERS.id}), max_per_order=2)
        assert lines((STALLS, 2), (MEMBERS, 1), promo=promo) == [
            (1, 29_00, True),
            (1, 30_00, False),
            (1, 11_00, True),
        ]

    def test_may_be_donations(self) -> None:
        gift = donation_ticket(of=EVENING, price=5_00, hidden=True)
        promo = code(discount="0.5", opens_ticket_ids=frozenset({gift.id}))
        order = place(offering(gift, promo_codes=[promo]), cart((gift, 1, "20"), promo_code="CODE"))
        assert (order.lines[0].unit_amount, order.promo_code_id) == (20_00, promo.id)

    @pytest.mark.parametrize("payment", ManualPayment)
    def test_are_sold_at_the_counter_without_a_code(self, payment: ManualPayment) -> None:
        assert place(on_sale(self.promo), cart((MEMBERS, 1)), manual_payment=payment).success


class TestUsesByTickets:
    promo = code(amount_off=5_00, counts=UseCount.TICKETS, max_uses=10, ticket_ids=frozenset({STALLS.id}))

    def uses(self, office: Offering) -> int:
        return office.stock.promo_codes[self.promo.id].uses

    def test_come_back_with_the_hold(self) -> None:
        office = on_sale(self.promo)
        order = place(office, cart((STALLS, 3), (GALLERY, 2), promo_code="CODE"))
        assert self.uses(office) == 3
        order.released(OrderEvent.SESSION_EXPIRED, office.stock)
        assert self.uses(office) == 0

    def test_come_back_one_by_one_with_the_places(self) -> None:
        office = on_sale(self.promo)
        order = place(office, cart((STALLS, 3), (GALLERY, 1), promo_code="CODE"), manual_payment=ManualPayment.CASH)
        first, second, third, gallery = (each.id for each in order.attendees)
        order = order.refunded([first, gallery], office.stock, restock=True)
        assert self.uses(office) == 2
        order = order.refunded([second], office.stock, restock=False)
        assert self.uses(office) == 2
        order.refunded([third], office.stock, restock=True)
        assert self.uses(office) == 1


class TestAllocationsThatACodeOpens:
    house = capacity(of=EVENING, size=10, allocated=4)
    press = allocation(of=house, size=4)
    adult = ticket(of=EVENING, price=30_00, name="Adult", capacity_id=house.id)
    family = ticket(of=EVENING, price=80_00, name="Family", capacity_id=house.id, places=3)

    def office(self, *, sold: int = 6, press: Allocation | None = None, **fields: Any) -> Offering:
        """The public sale has sold that many places; without more, all that are not the press's."""
        kept = press or self.press
        house = replace(self.house, sold=sold, allocated=kept.remaining)
        adult = replace(self.adult, inventory=Inventory(None, sold=sold))
        promo = code(allocation_id=self.press.id, **fields)
        stock = Stock([adult, self.family, STALLS], [promo], [house], [kept])
        return replace(on_sale(promo), stock=stock)

    def test_their_places_are_for_those_with_the_code(self) -> None:
        office = self.office()
        with pytest.raises(TicketsUnavailable, match="sold out, 0 left"):
            place(office, cart((self.adult, 1)))
        order = place(office, cart((self.adult, 3), promo_code="CODE"))
        [line] = order.lines
        assert (line.quantity, line.allocation_id, line.uses_promo_code) == (3, self.press.id, True)
        assert (order.quote.promo_code, order.quote.idle_promo_code) == ("CODE", None)
        assert office.stock.allocations[self.press.id].held == 3
        assert office.stock.capacities[self.house.id].allocated == 1
        with pytest.raises(TicketsUnavailable, match="2 × Adult not available: only 1 left") as refusal:
            place(office, cart((STALLS, 1), (self.adult, 2), promo_code="CODE"))
        assert refusal.value.field == "tickets[1].quantity"

    def test_the_rest_comes_from_the_public_sale(self) -> None:
        office = self.office(sold=4)
        order = place(office, cart((self.adult, 5), promo_code="CODE"))
        assert [(line.quantity, line.allocation_id) for line in order.lines] == [(4, self.press.id), (1, None)]
        assert [line.uses_promo_code for line in order.lines] == [True, False]
        assert office.stock.remaining(self.adult.id) == 1
        released = order.released(OrderEvent.SESSION_EXPIRED, office.stock)
        assert released.status is OrderStatus.EXPIRED
        assert office.stock.allocations[self.press.id].remaining == 4
        assert office.stock.remaining(self.adult.id) == 2

    def test_tickets_of_several_places_come_out_whole(self) -> None:
        office = self.office(sold=3)
        order = place(office, cart((self.family, 2), promo_code="CODE"))
        assert [(line.quantity, line.allocation_id) for line in order.lines] == [(1, self.press.id), (1, None)]

    def test_a_discount_reaches_further_than_the_places(self) -> None:
        office = self.office(sold=4, amount_off=5_00)
        order = place(office, cart((self.adult, 6), (STALLS, 1), promo_code="CODE"))
        assert [(line.quantity, line.unit_amount, line.allocation_id) for line in order.lines] == [
            (4, 25_00, self.press.id),
            (2, 25_00, None),
            (1, 25_00, None),
        ]

    def test_the_limit_of_an_order_is_one_of_these_places_too(self) -> None:
        office = self.office(sold=5, max_per_order=2, counts=UseCount.TICKETS)
        order = place(office, cart((self.adult, 3), promo_code="CODE"))
        assert [(line.quantity, line.allocation_id) for line in order.lines] == [(2, self.press.id), (1, None)]
        assert [promo.uses for promo in office.stock.promo_codes.values()] == [2]

    def test_a_code_does_nothing_once_it_is_released(self) -> None:
        office = self.office(press=self.press.released(NOW))
        quote = office.quote(cart((self.adult, 4), promo_code="CODE"), now=NOW)
        assert (quote.promo_code, quote.idle_promo_code) == (None, "CODE")
        assert {line.allocation_id for line in quote.lines} == {None}

    def test_the_counter_names_its_own(self) -> None:
        office = self.office(amount_off=5_00)
        wanted = replace(cart((self.adult, 2), promo_code="CODE"), allocation_id=self.press.id)
        [line] = place(office, wanted, manual_payment=ManualPayment.CASH).lines
        assert (line.unit_amount, line.allocation_id) == (25_00, self.press.id)
