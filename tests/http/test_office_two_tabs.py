"""Two people, or two tabs, that edit one thing: the second one sees what stands there now, and decides."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.people import Role
from tests.http.conftest import Hire
from tests.http.test_office_orders import page_of, people, sold
from tests.http.test_office_runs import RUN
from tests.http.test_office_shows import id_in
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import ticket
from tests.support.forms import form_with
from tests.support.staff import Staff

pytestmark = pytest.mark.p2


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    return await box_office.put_on_sale(ticket(name="Stalls", price=25_00, quantity=100), by=office.producer)


async def edit_in_two_tabs(who: Staff, path: str, name: str, first: str, second: str, *, shown: str = "") -> None:
    """Open the page twice, save both, and save the second one again."""
    page = await who.get(path)
    form = form_with(page.html, "_filled_with")
    action = form.action or path
    one, two = form_with(page.html, "_filled_with"), form_with((await who.get(path)).html, "_filled_with")
    saved = await who.post(action, one.with_fields(**{name: first}))
    assert saved.status == 303, (path, saved.text)
    twice = await who.post(action, one.with_fields(**{name: first}))
    assert twice.status == 303, (path, "a form that is sent twice does no harm", twice.text)
    refused = await who.post(action, two.with_fields(**{name: second}))
    assert refused.status == 409, (path, refused.text)
    assert "This was changed after you opened the page." in refused.text, path
    assert f"It is now: {shown or first}" in refused.text, (path, refused.text)
    again = form_with(refused.html, "_filled_with")
    assert again.values[name] == [second], path
    replaced = await who.post(action, again.with_fields())
    assert replaced.status == 303, (path, replaced.text)
    assert form_with((await who.get(path)).html, "_filled_with").values[name] == [second], path


async def test_nothing_is_replaced_unseen(owner: Staff, office: BackOffice, on_sale: OnSale, hire: Hire) -> None:
    show = f"/office/shows/{on_sale.id}"
    order = await sold(office, on_sale, 1)
    seat = people(order)[0]
    order_page = page_of(order)
    house = (await office.post(f"/shows/{on_sale.id}/capacities", {"name": "House", "size": 100})).body["id"]
    press = (
        await office.post(f"/shows/{on_sale.id}/allocations", {"capacity_id": house, "name": "Press", "size": 4})
    ).body["id"]
    code = (await office.post(f"/shows/{on_sale.id}/promo-codes", {"code": "FRIENDS", "discount": "0.20"})).body["id"]
    run = f"/office/productions/{id_in((await owner.post('/office/productions/new', RUN)).location)}"
    colleague = await hire(Role.VIEWER)
    for path, name, first, second in (
        (f"{order_page}/customer", "email", "one@example.org", "two@example.org"),
        (f"{order_page}/attendees/{seat}", "name", "Mary Somerville", "Ada King"),
        (f"{show}/edit", "title", "Hamlet", "Othello"),
        (f"{show}/page", "description", "A tragedy.", "A comedy."),
        (f"{show}/tickets/{on_sale.tickets[0].id}", "price", "26.00", "27.00"),
        (f"{show}/capacities/{house}", "size", "110", "120"),
        (f"{show}/allocations/{press}", "name", "Critics", "Radio"),
        (f"{show}/codes/{code}", "max_uses", "10", "20"),
        (f"{run}/edit", "venue", "The Swan", "The Rose"),
        (f"{run}/edit", "ticket-0-price", "26.00", "27.00"),
        (f"{run}/page", "description", "Of a prince.", "Of a king."),
        ("/office/branding", "sites", "https://one.example", "https://two.example"),
        ("/office/account", "name", "The Globe", "The Swan"),
        ("/office/me", "name", "Kim", "Kimberley"),
        ("/office/me/digest", "hour", "6", "7"),
    ):
        await edit_in_two_tabs(owner, path, name, first, second)
    await edit_in_two_tabs(owner, f"/office/team/{colleague.person.id}", "role", "door", "manager", shown="Door")


async def test_another_persons_change_of_another_field_is_not_undone(owner: Staff, on_sale: OnSale) -> None:
    """A page that was opened before would write the old price back, though only its name was typed."""
    path = f"/office/shows/{on_sale.id}/tickets/{on_sale.tickets[0].id}"
    one, two = [form_with((await owner.get(path)).html, "_filled_with") for _ in range(2)]
    assert (await owner.post(path, one.with_fields(price="30.00"))).status == 303
    refused = await owner.post(path, two.with_fields(name="Parquet"))
    assert (refused.status, "Price: It is now: 30.00" in refused.text) == (409, True), refused.text
    assert "Name: It is now" not in refused.text


async def test_a_run_that_lost_a_row_says_so(owner: Staff) -> None:
    path = f"/office/productions/{id_in((await owner.post('/office/productions/new', RUN)).location)}/edit"
    one, two = [form_with((await owner.get(path)).html, "_filled_with") for _ in range(2)]
    assert (await owner.post(path, one.with_fields(**{"ticket-1-name": "", "key": uuid4().hex}))).status == 303
    refused = await owner.post(path, two.with_fields(title="Macbeth"))
    assert (refused.status, "It is empty now." in refused.text) == (409, True), refused.text
