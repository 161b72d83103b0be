"""Typed words find the order that a person means."""

from __future__ import annotations

import base64
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.customer import Customer
from domain.email_address import ascii_address, both_forms
from domain.order_search import (
    MisspeltWord,
    as_meant,
    code_term,
    folded,
    misspelt,
    number_parts,
    search_key,
    search_terms,
)
from domain.orders import number_of
from domain.ticket_code import groups_of

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
@example("A", "\u0640")
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


def means(typed: str, *words: str) -> set[str]:
    """The words that the typed one may mean, as a store and then the domain choose them."""
    (term,) = search_terms(typed)
    near = misspelt(term)
    candidates = {each: {word for word in words if each.may_mean(word)} for each in near}
    (meant,) = as_meant([term], candidates)
    return set(meant.spellings) - set(term.spellings)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Schmit", "schmidt"),
        ("Meier", "maier"),
        ("Meier", "mayer"),
        ("Kristof", "christof"),
        ("Tchaikowsky", "tchaikovsky"),
        ("Lovelcae", "lovelace"),
        ("Jon", "john"),
        ("Anna", "hanna"),
        ("ada@gmial.com", "ada@gmail.com"),
    ],
)
def test_a_misspelt_name_is_found(typed: str, name: str) -> None:
    is_long_enough = len(typed) >= 4
    assert means(typed, name, "quite", "different") == ({name} if is_long_enough else set())


@pytest.mark.parametrize(
    ("typed", "other"),
    [("Meier", "bauer"), ("Anna", "otto"), ("Schmidt", "schneider"), ("lovelace", "lovelace@example.org")],
)
def test_another_name_is_not_taken_for_it(typed: str, other: str) -> None:
    assert means(typed, other) == set()


def test_the_nearest_names_leave_out_those_that_are_further_away() -> None:
    assert means("Tschaikowsky", "tschaikowski", "tschaikovski", "tschaikoffski") == {"tschaikowski", "tschaikovski"}


@given(st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=5, max_size=12), st.data())
def test_one_wrong_letter_never_hides_a_name(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(name) - 1), label="place")
    letter = data.draw(st.sampled_from("abcxyz"), label="letter")
    how = data.draw(st.sampled_from(["missing", "added", "other", "swapped"]), label="how")
    typed = {
        "missing": name[:place] + name[place + 1 :],
        "added": name[:place] + letter + name[place:],
        "other": name[:place] + letter + name[place + 1 :],
        "swapped": name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :],
    }[how]
    near = MisspeltWord(typed, 1)
    if near.may_mean(name):
        assert name in near.meanings([name])
    else:
        assert how == "swapped", "only a letter in the place of the first one hides it"


@pytest.mark.parametrize("typed", ["K7QX", "k7qx", "2345"])
def test_the_last_four_of_a_code_are_found(typed: str) -> None:
    (term,) = search_terms(typed)
    assert term.is_in("ada", None, ID, ["A" * 20 + typed.upper()])
    assert not term.is_in("ada", None, ID, ["A" * 24])
    assert not term.of_names.is_in("ada", "+492345", ID, ["A" * 20 + typed.upper()])


def test_four_letters_are_a_name_first() -> None:
    (term,) = search_terms("anna")
    assert term.code_tail is None
    code = code_term(" anna ")
    assert code
    assert code.is_in("", None, ID, ["B" * 20 + "ANNA"])
    assert code_term("annab") is None
    assert code_term("ann1") is None


def test_a_whole_code_is_one_word() -> None:
    code = "ABCDEFGHIJKLMNOPQRSTUV23"
    for typed in (code, code.lower(), " ".join(groups_of(code))):
        (term,) = search_terms(typed)
        assert term.is_in("", None, ID, [code])


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ("abcde", True),
        ("CDEFG", True),
        ("defgh", True),
        ("abcdefg", True),
        ("bcdefgh", True),
        ("abcefgh", True),  # a letter is missing
        ("abcxefgh", True),  # a letter is wrong
        ("abxxefgh", False),
        ("abcd", False),
        ("acefg", False),
        ("abcde1", False),
    ],
)
def test_a_part_of_a_number_finds_its_order(typed: str, is_found: bool) -> None:
    order_id = UUID(bytes=bytes(11) + base64.b32decode("ABCDEFGH"))
    assert any(part.is_in(order_id) for part in number_parts(typed)) is is_found
    [term] = as_meant(search_terms(typed), {})
    assert term.is_in("", None, order_id) is is_found
