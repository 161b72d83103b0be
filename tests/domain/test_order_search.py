"""Typed words find the order that a person means."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer import Customer
from domain.email_address import ascii_address, both_forms
from domain.order_search import folded, search_key, search_terms
from domain.orders import number_of

ID = uuid4()
LETTERS = st.characters(categories=["L"])


def finds(text: str, *, name: str = "Ada", email: str = "a@example.org", phone: str | None = None) -> bool:
    key = search_key(Customer(name, email, phone))
    return all(term.is_in(key, phone, ID) for term in search_terms(text))


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Jürgen Müller", "jurgen"),
        ("Jürgen Müller", "muller jurgen"),
        ("Jürgen Müller", "Mueller"),
        ("Jurgen Mueller", "müller"),
        ("Åsa Öberg", "oberg"),
        ("José Peña", "jose pena"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Zoë", "Zoe\u0308"),
        ("Παπαδόπουλος", "ΠΑΠΑΔΟΠΟΥΛΟΣ"),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "παπαδόπουλος"),
        ("Hans Groß", "GROSS"),
        ("İpek", "ipek"),
        ("Ipek", "İpek"),
        ("Işıl", "ISIL"),
        ("Søren Æbelø", "soeren aebelo"),
        ("O’Brien", "O'Brien"),
        ("O'Brien", "obrien"),
        ("Anne-Marie", "anne marie"),
        ("Anne\u2011Marie", "Anne-Marie"),
        ("Gabriel·la", "gabriel·la"),
        ("Nguyễn Đình", "nguyen dinh"),
        ("أحمد", "احمد"),
        ("김철수", "철수"),
        ("Ёлкина", "елкина"),
        ("Ａｄａ", "ada"),
    ],
)
def test_name_is_found_as_it_is_typed(name: str, typed: str) -> None:
    assert finds(typed, name=name)
    assert not finds(f"{typed} somebody", name=name)


@pytest.mark.parametrize(
    ("phone", "typed"),
    [
        ("+442079460000", "+44 20 7946 0000"),
        ("+442079460000", "0044 20 7946 0000"),
        ("+442079460000", "020 7946 0000"),
        ("+442079460000", "+44 (0)20 7946-0000"),
        ("+491701234567", "0170 1234567"),
        ("+491701234567", "0170/1234567"),
        ("+15551234567", "(555) 123-4567"),
        ("+15551234567", "1-555-123-4567"),
        ("+390669883145", "06 69883145"),
        ("+79161234567", "8 916 123-45-67"),
        ("+36301234567", "06 30 123 4567"),
        ("+15551234567", "5551"),
        ("+15551234567", "4567"),
    ],
)
def test_phone_is_found_as_it_is_written(phone: str, typed: str) -> None:
    assert finds(typed, phone=phone)
    assert finds(f"ada {typed}", phone=phone)
    assert not finds(typed, phone="+33123000000")
    assert not finds(typed)


def test_order_is_found_by_its_number_in_any_case() -> None:
    assert finds(number_of(ID))
    assert finds(f"ada {number_of(ID).lower()}")
    assert not finds(number_of(UUID(int=3)))


@given(st.text(LETTERS, max_size=30), st.text(LETTERS, max_size=30))
def test_whole_name_and_every_part_of_it_is_found(first: str, second: str) -> None:
    name = f"{first} {second}"
    assert finds(name, name=name) or not folded(name).strip()
    assert folded(folded(name)) == folded(name)


@pytest.mark.parametrize("typed", ["", "   "])
def test_nothing_is_no_word(typed: str) -> None:
    assert search_terms(typed) == []


def test_address_has_two_forms() -> None:
    unicode_form, ascii_form = "karl@bücher.example", "karl@xn--bcher-kva.example"
    assert ascii_address(unicode_form) == ascii_form
    assert set(both_forms(unicode_form)) == set(both_forms(ascii_form.upper())) == {unicode_form, ascii_form}
    assert both_forms("ada@example.org") == ("ada@example.org",)
    for no_address in ("", "@", "a@", "a@-.example", "a@xn--.example", "\udcff@x"):
        assert both_forms(no_address)[0] == no_address
