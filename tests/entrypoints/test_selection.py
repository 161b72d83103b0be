"""The fields of forms and addresses become a cart, or an error at the field that is to blame."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from domain.errors import DomainError, InvalidAmount, InvalidQuantity, NoTickets, TicketNotFound
from domain.policy import CheckoutPolicy
from entrypoints.web.checkout_form import CheckoutForm
from entrypoints.web.selection import Selection

SHOW, STALLS, CIRCLE = uuid4(), uuid4(), uuid4()
POLICY = CheckoutPolicy()


def selection(**fields: str) -> Selection:
    names = {"stalls": f"q-{STALLS}", "circle": f"q-{CIRCLE}", "donation": f"d-{CIRCLE}", "promo": "promo"}
    return Selection.of({names[name]: value for name, value in fields.items()})


def test_cart_has_what_was_chosen() -> None:
    cart = selection(stalls="2", circle=" 1 ", donation="15,5", promo="test20").to_cart(SHOW, POLICY)
    assert [(line.ticket_id, line.quantity, line.donation_amount) for line in cart.lines] == [
        (STALLS, 2, Decimal(0)),
        (CIRCLE, 1, Decimal("15.5")),
    ]
    assert cart.promo_code == "TEST20"


@pytest.mark.parametrize("typed", ["", "0", " "])
def test_nothing_chosen_is_no_ticket(typed: str) -> None:
    with pytest.raises(NoTickets):
        selection(stalls=typed, donation="nonsense").to_cart(SHOW, POLICY)


@pytest.mark.parametrize("typed", ["x", "1.5", "-1", "1e3", "9" * 10, "²"])
def test_quantity_that_is_none_is_told_at_its_field(typed: str) -> None:
    wrong = selection(stalls="1", circle=typed)
    with pytest.raises(InvalidQuantity) as refusal:
        wrong.to_cart(SHOW, POLICY)
    assert wrong.field_of(refusal.value) == f"q-{CIRCLE}"


@pytest.mark.parametrize("typed", ["x", "1.000,50", "-5", "1e3", "9" * 13, "NaN", "."])
def test_amount_that_is_none_is_told_at_its_field(typed: str) -> None:
    wrong = selection(circle="1", donation=typed)
    with pytest.raises(InvalidAmount) as refusal:
        wrong.to_cart(SHOW, POLICY)
    assert wrong.field_of(refusal.value) == f"d-{CIRCLE}"


def test_ticket_that_is_none_is_refused() -> None:
    with pytest.raises(TicketNotFound):
        Selection.of({"q-nonsense": "1"}).to_cart(SHOW, POLICY)


def test_names_are_those_of_chosen_tickets() -> None:
    typed = Selection.of({f"q-{STALLS}": "2", f"n-{STALLS}-1": "Grace", f"n-{STALLS}-2": "1 beyond", "q-x": "1"})
    assert typed.wrong_names() == {}
    (line,) = Selection.of({f"q-{STALLS}": "2", f"n-{STALLS}-1": "Grace"}).to_cart(SHOW, POLICY).lines
    assert line.names == ("", "Grace")


def test_every_wrong_name_is_told_at_its_field() -> None:
    names = {f"n-{STALLS}-0": "4711", f"n-{STALLS}-1": "Grace", f"n-{CIRCLE}-0": "x@y"}
    form = CheckoutForm.of({f"q-{STALLS}": "2", f"q-{CIRCLE}": "1", "name": "Ada", "email": "ada@example.org", **names})
    assert form.request(SHOW, POLICY) is None
    assert set(form.errors) == {f"n-{STALLS}-0", f"n-{CIRCLE}-0"}
    assert form.is_about_names
    assert not form.is_about_tickets


def test_query_leads_back_to_the_same_selection() -> None:
    chosen = selection(stalls="2", circle="0", donation="15", promo="A&B")
    assert chosen.query() == f"q-{STALLS}=2&promo=A%26B"
    assert Selection().query() == ""


def test_form_tells_everything_that_is_wrong_at_once() -> None:
    form = CheckoutForm.of({"name": "1", "email": "x", "phone": "1", f"q-{STALLS}": "99"})
    assert form.request(SHOW, POLICY) is None
    assert set(form.errors) == {"name", "email", "phone", ""}
    assert form.is_about_tickets


def test_form_without_a_total_agrees_to_none() -> None:
    form = CheckoutForm.of({"name": "Ada", "email": "ada@example.org", f"q-{STALLS}": "1"})
    wanted = form.request(SHOW, POLICY)
    assert wanted is not None
    assert wanted.expected_total == -1
    assert not form.is_about_tickets


def test_error_about_nothing_in_the_form_is_about_the_whole() -> None:
    assert selection(stalls="1").field_of(DomainError("x", field="tickets")) is None
