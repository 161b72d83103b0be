"""Guest lists as spreadsheets write them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from application.checkout.place_orders import CheckoutRequest
from domain.errors import DomainError, InvalidRequest
from domain.orders import ManualPayment
from domain.policy import CheckoutPolicy
from entrypoints.http.producer.guest_list import GuestLine, GuestList, column_of, read_lines
from tests.support.factories import ticket

STALLS, CIRCLE = ticket(name="Stalls"), ticket(name="Circle")
SHOW = uuid4()
LIST = GuestList(SHOW, (STALLS, CIRCLE), ManualPayment.COMP, CheckoutPolicy())


def cells(content: str | bytes) -> list[tuple[int, dict[str, str]]]:
    encoded = content.encode() if isinstance(content, str) else content
    return [(line.number, dict(line.cells)) for line in read_lines(encoded)]


ZOE = [(2, {"name": "Zoë", "ticket": "Stalls"})]


@pytest.mark.parametrize(
    "file",
    [
        "name,ticket\nZoë,Stalls\n".encode(),
        "\ufeffName;TICKET\r\nZoë;Stalls\r\n".encode(),
        "name\tticket\nZoë\tStalls".encode("utf-16"),
        'name , ticket\n"Zoë" ,Stalls\n'.replace('" ,', '",').encode(),
        "name,ticket\rZoë,Stalls\r".encode(),
    ],
)
def test_spreadsheets_of_all_makes_are_read(file: bytes) -> None:
    assert cells(file) == ZOE


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert cells('name,email\n\n"Zoë\nØst",z@example.org\n,\nAda,\n') == [
        (3, {"name": "Zoë\nØst", "email": "z@example.org"}),
        (6, {"name": "Ada", "email": ""}),
    ]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "Line 1 must name the columns"),
        (b"nmae,ticket\nZoe,Stalls", "Line 1, column 1: there is no column 'nmae'"),
        (b"name,Name\nZoe,Ada", "Line 1, column 2: name is there twice"),
        (b"name\nAda\nZo\xeb\n", "Line 3 is not UTF-8"),
        (b'name,ticket\nAda,Stalls\n"Zoe"x,Stalls\n', "Line 3 is not CSV"),
        (b"name\n" + b"x" * 200_000, "Line 2 is not CSV"),
    ],
)
def test_file_that_cannot_be_read_is_refused_with_its_line(file: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        read_lines(file)


def request_of(**typed: str) -> CheckoutRequest | DomainError:
    return LIST.request(GuestLine(2, typed), None)


def test_line_is_an_order_of_one_gift_unless_it_says_more() -> None:
    plain = request_of(ticket="stalls")
    assert isinstance(plain, CheckoutRequest)
    assert (plain.customer.name, plain.customer.email, plain.manual_payment) == ("", "", ManualPayment.COMP)
    assert [(line.ticket_id, line.quantity) for line in plain.cart.lines] == [(STALLS.id, 1)]
    full = request_of(name="Zoë", email="z@example.org", ticket=str(CIRCLE.id), quantity="3", payment="CASH")
    assert isinstance(full, CheckoutRequest)
    assert (full.customer.name, full.customer.email, full.manual_payment) == ("Zoë", "z@example.org", "cash")
    assert [(line.ticket_id, line.quantity) for line in full.cart.lines] == [(CIRCLE.id, 3)]


@pytest.mark.parametrize(
    ("typed", "column"),
    [
        ({"name": "4711"}, "name"),
        ({"email": "nonsense"}, "email"),
        ({"phone": "0170"}, "phone"),
        ({"ticket": ""}, "ticket"),
        ({"ticket": "Balcony"}, "ticket"),
        ({"quantity": "two"}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "251"}, "quantity"),
        ({"payment": "card"}, "payment"),
    ],
)
def test_what_is_wrong_with_a_line_is_told_with_its_column(typed: dict[str, str], column: str) -> None:
    wrong = request_of(**({"ticket": "Stalls"} | typed))
    assert isinstance(wrong, DomainError)
    assert column_of(wrong) == column


def test_name_that_two_ticket_types_have_is_none() -> None:
    twins = GuestList(SHOW, (STALLS, ticket(name="Stalls")), ManualPayment.COMP, CheckoutPolicy())
    wrong = twins.request(GuestLine(2, {"ticket": "Stalls"}), None)
    assert isinstance(wrong, DomainError)
    assert "by its id" in str(wrong)


def test_cells_beyond_the_columns_are_no_guest() -> None:
    (line,) = read_lines(b"name,ticket\nAda,Stalls,2\n")
    wrong = LIST.request(line, None)
    assert isinstance(wrong, DomainError)
    assert column_of(wrong) is None
