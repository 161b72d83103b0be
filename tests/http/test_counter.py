"""The counter's pages: three acts a sale, without a name, in a shift."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.capacity import Allocation, Capacity
from domain.consistency import Invariant
from domain.devices import DeviceKind
from domain.orders import ManualPayment, Order, OrderStatus
from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.counter import COUNTER, Till
from tests.support.devices import pair
from tests.support.factories import donation_ticket, promo_code, ticket
from tests.support.server import Service
from tests.support.staff import Staff, Visitor, staff

pytestmark = pytest.mark.p2

HOUR = timedelta(hours=1)


async def tonight(box_office: BoxOffice, office: BackOffice, *tickets: object, **fields: object) -> OnSale:
    start = datetime.now(UTC).replace(microsecond=0) + HOUR / 2
    times = {"door_time": start - HOUR, "start_time": start, "end_time": start + 2 * HOUR}
    return await box_office.put_on_sale(*tickets, by=office.producer, **{**times, **fields})  # type: ignore[arg-type]


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    adult, child = ticket(name="Adult", price=25_00, quantity=100), ticket(name="Child", price=10_00, quantity=1)
    return await tonight(box_office, office, adult, child)


@pytest.fixture
async def till(owner: Staff, on_sale: OnSale) -> Till:
    """The owner's till, with an open shift."""
    made = Till(owner, on_sale)
    assert (await made.open(seller="Ada", cash="100")).status == 303
    return made


async def stored(box_office: BoxOffice, order_id: str) -> Order:
    async with box_office.unit_of_work() as uow:
        order = await uow.orders.get(UUID(order_id))
    assert order is not None
    return order


class TestChoosing:
    async def test_tonights_show_is_opened_at_once(self, owner: Staff, on_sale: OnSale) -> None:
        answer = await owner.get(COUNTER)
        assert (answer.status, answer.location) == (303, f"{COUNTER}/{on_sale.id}")
        page = await owner.get(f"{COUNTER}?choose=yes")
        assert f'href="{COUNTER}/{on_sale.id}"' in page.html

    async def test_of_several_shows_one_is_chosen(
        self, owner: Staff, box_office: BoxOffice, office: BackOffice, on_sale: OnSale
    ) -> None:
        other = await tonight(box_office, office, title="Macbeth")
        off = await tonight(box_office, office, title="Lear", cancelled=True)
        later = await box_office.put_on_sale(by=office.producer, title="Hamlet")
        page = await owner.get(COUNTER)
        assert page.status == 200
        assert all(f"{COUNTER}/{each.id}" in page.html for each in (on_sale, other, later))
        assert str(off.id) not in page.html

    async def test_without_a_show_it_says_so(self, owner: Staff) -> None:
        assert "There is no show" in (await owner.get(COUNTER)).text


class TestWhoMaySell:
    async def test_the_box_office_may_and_the_door_may_not(self, hire: Hire, on_sale: OnSale) -> None:
        assert (await (await hire(Role.BOX_OFFICE)).get(f"{COUNTER}/{on_sale.id}")).status == 200
        for role in (Role.DOOR, Role.VIEWER):
            someone = await hire(role)
            assert (await someone.get(f"{COUNTER}/{on_sale.id}")).status == 403
            assert (await someone.post(f"{COUNTER}/{on_sale.id}", act="sell")).status == 403

    async def test_who_is_not_signed_in_is_led_to_the_sign_in(self, visitor: Visitor, on_sale: OnSale) -> None:
        answer = await visitor.get(f"{COUNTER}/{on_sale.id}")
        assert (answer.status, answer.location.partition("?")[0]) == (303, "/office/sign-in")

    async def test_another_producers_show_does_not_exist(self, stranger: Staff, till: Till) -> None:
        order_id = await till.sold({till.on_sale.tickets[0]: 1})
        shift_id = await till.shift_id()
        for path in (
            f"{COUNTER}/{till.on_sale.id}",
            f"{COUNTER}/{till.on_sale.id}/live",
            f"{COUNTER}/{till.on_sale.id}/undo/{order_id}",
            f"{COUNTER}/{till.on_sale.id}/tickets/{order_id}",
            f"{COUNTER}/shifts/{shift_id}",
            f"{COUNTER}/shifts/{shift_id}/csv",
            f"{COUNTER}/shifts/{shift_id}/close",
        ):
            assert (await stranger.get(path)).status == 404, path
        for path in (
            f"{COUNTER}/{till.on_sale.id}",
            f"{COUNTER}/{till.on_sale.id}/total",
            f"{COUNTER}/{till.on_sale.id}/undo/{order_id}",
            f"{COUNTER}/shifts/{shift_id}/close",
        ):
            assert (await stranger.post(path, act="sell")).status == 404, path

    async def test_a_form_without_its_token_does_nothing(self, till: Till) -> None:
        form = till.form({till.on_sale.tickets[0]: 1}, expected_total="25.00", act="sell")
        answer = await till.visitor.request("POST", till.path, data=form)
        assert answer.status == 403
        assert "Nothing is sold in this shift yet" in (await till.screen()).text


class TestSelling:
    async def test_three_acts_sell_without_a_name_and_let_in(self, till: Till, box_office: BoxOffice) -> None:
        adult, child = till.on_sale.tickets
        order_id = await till.sold({adult: 2, child: 1}, given="100")
        page = await till.screen(f"?sold={order_id}")
        assert "Sold: 1 Child, 2 Adult, $60.00 in cash. They are in. Change $40.00" in page.text
        order = await stored(box_office, order_id)
        assert (order.customer.name, order.manual_payment, order.amount_paid) == ("", ManualPayment.CASH, 60_00)
        assert re.search(r"<dt>In</dt><dd>3</dd>.*<dt>Still coming</dt><dd>0</dd>", page.html, re.DOTALL)

    async def test_the_total_and_the_change_are_shown_before(self, till: Till) -> None:
        page = await till.press(till.form({till.on_sale.tickets[0]: 2}, given="60"), act="total")
        assert 'name="expected_total" value="50.00"' in page.html
        assert "2 tickets" in page.text
        assert "Change $10.00" in page.text
        assert "Exactly $50.00" in page.text

    async def test_nothing_is_sold_before_its_total_was_seen(self, till: Till) -> None:
        page = await till.press(till.form({till.on_sale.tickets[0]: 2}), act="sell")
        assert (page.status, "look at the total" in page.text) == (400, True)
        assert 'name="expected_total" value="50.00"' in page.html
        wrong = await till.press(till.form({till.on_sale.tickets[0]: 2}, expected_total="49.00"), act="sell")
        assert "The total is $50.00 now" in wrong.text

    async def test_every_button_works_without_a_script(self, till: Till) -> None:
        adult, _ = till.on_sale.tickets
        form = till.form({})
        page = await till.press(form, add=str(adult.id))
        assert f'name="q-{adult.id}" type="number" min="0" max="250" inputmode="numeric"' in page.html
        assert 'value="25.00"' in page.html
        two = await till.press({**form, f"q-{adult.id}": "1"}, add=str(adult.id))
        assert 'name="expected_total" value="50.00"' in two.html
        none = await till.press({**form, f"q-{adult.id}": "1"}, less=str(adult.id))
        assert 'name="expected_total" value=""' in none.html
        paid = await till.press({**form, f"q-{adult.id}": "1"}, quick="3000")
        assert "Change $5.00" in paid.text

    @pytest.mark.parametrize(
        ("payment", "words", "manual_payment"),
        [
            ("card", "$25.00 by card", "other"),
            ("other", "$25.00 paid another way", "other"),
            ("comp", "$0.00 complimentary", "comp"),
        ],
    )
    async def test_cards_and_gifts_are_told_apart(
        self, till: Till, box_office: BoxOffice, payment: str, words: str, manual_payment: str
    ) -> None:
        order_id = await till.sold({till.on_sale.tickets[0]: 1}, payment=payment)
        assert words in (await till.screen(f"?sold={order_id}")).text
        assert (await stored(box_office, order_id)).manual_payment == manual_payment

    async def test_tickets_are_printed_where_that_was_chosen_and_it_is_remembered(self, till: Till) -> None:
        answer = await till.sell({till.on_sale.tickets[0]: 2}, handling="print")
        page = await till.visitor.follow(answer.location)
        assert page.html.count('<article class="slip">') == 2
        assert "They are in" not in page.text
        assert 'name="handling" value="print" checked' in (await till.screen()).html
        again = await till.visitor.get(f"{till.path}/tickets/{answer.location.partition('sold=')[2][:36]}")
        assert (again.status, again.html.count("<svg")) == (200, 2)

    async def test_who_buys_for_another_day_is_not_let_in(
        self, till: Till, office: BackOffice, box_office: BoxOffice
    ) -> None:
        later = Till(till.visitor, await box_office.put_on_sale(by=office.producer))
        assert 'name="handling" value="in" checked' in (await till.screen()).html
        assert 'name="handling" value="print" checked' in (await later.screen()).html
        answer = await later.sell({later.on_sale.tickets[0]: 1}, handling="print")
        assert 'class="slip"' in (await later.visitor.follow(answer.location)).html
        assert 'name="handling" value="in" checked' in (await till.screen()).html  # tonight it stays as it was

    async def test_a_paired_printer_prints_once(self, till: Till, service: Service, office: BackOffice) -> None:
        printer = (await pair(service.container, office.producer, DeviceKind.PRINTER, name="Foyer slips")).device
        assert "Foyer slips" in (await till.screen()).text
        form = till.form({till.on_sale.tickets[0]: 1}, handling="both", printer=str(printer.id), expected_total="25.00")
        first, second = [await till.press(form, act="sell") for _ in range(2)]
        assert first.location == second.location
        assert "The printer has the tickets" in (await till.visitor.get(first.location)).text
        path = f"{till.path}/tickets/{first.location.partition('sold=')[2][:36]}"
        assert "Print at Foyer slips" in (await till.visitor.get(path)).text
        again = {"printer": str(printer.id), "key": uuid4().hex}
        for _ in range(2):
            assert (await till.visitor.post(path, again)).location == f"{path}?printing=yes"
        async with service.container.database()(read_only=True) as uow:
            assert len(await uow.print_jobs.of_printer(printer.id, limit=9)) == 2
        gone = await till.visitor.post(path, printer=str(uuid4()), key=uuid4().hex)
        assert gone.location == path

    async def test_more_than_is_left_is_refused_with_what_is_left(self, till: Till) -> None:
        page = await till.press(till.form({till.on_sale.tickets[1]: 2}, expected_total="20.00"), act="sell")
        assert page.status == 400
        assert "1 left" in page.text
        assert f'id="q-{till.on_sale.tickets[1].id}"' in page.html

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"payment": ""}, "Please choose one of these"),
            ({"given": "20"}, "This is less than the total"),
            ({"given": "abc"}, "Write the amount"),
            ({"promo_code": "NOPE"}, "Invalid promo code"),
            ({"allocation_id": str(uuid4())}, "No such allocation"),
        ],
    )
    async def test_what_is_wrong_stands_at_its_field(self, till: Till, fields: dict[str, str], words: str) -> None:
        form = till.form({till.on_sale.tickets[0]: 1}, expected_total="25.00", **fields)
        page = await till.press(form, act="sell")
        assert (page.status, words in page.text) == (400, True), page.text
        assert "Nothing is sold in this shift yet" in page.text

    async def test_a_promo_code_makes_it_cheaper(self, owner: Staff, office: BackOffice, box_office: BoxOffice) -> None:
        on_sale = await tonight(box_office, office, ticket(price=25_00), promo_codes=[promo_code(code="TEST20")])
        till = Till(owner, on_sale)
        await till.open()
        form = till.form({on_sale.tickets[0]: 1}, promo_code="test20")
        assert await till.total(form) == "20.00"
        answer = await owner.post(f"{till.path}/total", form)
        assert answer.body == {"total": "$20.00", "expected": "20.00", "in_cash": "", "error": ""}
        assert (await till.sell({on_sale.tickets[0]: 1}, promo_code="test20")).status == 303
        refused = await owner.post(f"{till.path}/total", {**form, "promo_code": "NOPE"})
        assert refused.body == {"total": "", "expected": "", "in_cash": "", "error": "Invalid promo code."}

    async def test_a_gift_is_typed(self, owner: Staff, office: BackOffice, box_office: BoxOffice) -> None:
        on_sale = await tonight(box_office, office, donation_ticket(price=5_00))
        till = Till(owner, on_sale)
        await till.open()
        gift = {f"d-{on_sale.tickets[0].id}": "7.50"}
        assert await till.total(till.form({on_sale.tickets[0]: 2}, **gift)) == "15.00"
        assert (await till.sell({on_sale.tickets[0]: 2}, **gift)).status == 303
        small = await till.press(till.form({on_sale.tickets[0]: 1}, **{f"d-{on_sale.tickets[0].id}": "1"}), act="total")
        assert "at least" in small.text

    async def test_it_sells_out_of_an_allocation(self, owner: Staff, office: BackOffice, box_office: BoxOffice) -> None:
        on_sale = await tonight(box_office, office, ticket(price=25_00))
        house = Capacity(id=uuid4(), show_id=on_sale.id, name="House", size=3, allocated=2)
        press = Allocation(id=uuid4(), capacity_id=house.id, name="Press", size=2)
        async with box_office.unit_of_work() as uow:
            await uow.capacities.add(house)
            await uow.allocations.add(press)
            await uow.commit()
        await office.patch(f"/tickets/{on_sale.tickets[0].id}", capacity_id=str(house.id), quantity=None)
        till = Till(owner, on_sale)
        await till.open()
        assert "Press (2 places left)" in (await till.screen()).text
        assert (await till.sell({on_sale.tickets[0]: 2}, allocation_id=str(press.id))).status == 303
        (kept,) = (await office.get(f"/shows/{on_sale.id}/allocations")).body["items"]
        assert (kept["sold"], kept["remaining"]) == (2, 0)

    async def test_figures_renew_themselves(self, till: Till) -> None:
        first = await till.visitor.get(f"{till.path}/live")
        assert (first.status, "1 left" in first.text) == (200, True)
        etag = {"If-None-Match": first.headers["ETag"]}
        assert (await till.visitor.get(f"{till.path}/live", headers=etag)).status == 304


class TestOnce:
    async def test_a_form_that_is_sent_twice_sells_once(self, till: Till, office: BackOffice) -> None:
        form = till.form({till.on_sale.tickets[0]: 2}, expected_total="50.00", act="sell")
        answers = await asyncio.gather(*(till.visitor.post(till.path, form) for _ in range(6)))
        assert {answer.status for answer in answers} == {303}
        assert len({answer.location for answer in answers}) == 1
        assert len((await office.get(f"/shows/{till.on_sale.id}/orders")).body["items"]) == 1
        assert "1 " in (await till.report()).text

    async def test_a_form_that_has_sold_something_else_says_so(self, till: Till, office: BackOffice) -> None:
        form = till.form({till.on_sale.tickets[0]: 2}, expected_total="50.00")
        assert (await till.press(form, act="sell")).status == 303
        other = {**form, f"q-{till.on_sale.tickets[0].id}": "1", "expected_total": "25.00"}
        page = await till.press(other, act="sell")
        assert (page.status, "has sold something else already" in page.text) == (400, True)
        assert form["key"] not in page.html
        assert len((await office.get(f"/shows/{till.on_sale.id}/orders")).body["items"]) == 1

    async def test_of_many_tills_one_gets_the_last_seat(
        self, service: Service, office: BackOffice, on_sale: OnSale
    ) -> None:
        child = on_sale.tickets[1]
        tills = [Till(await staff(service, office.producer, Role.BOX_OFFICE), on_sale) for _ in range(5)]
        for each in tills:
            await each.open()
        forms = [each.form({child: 1}, expected_total="10.00") for each in tills]
        answers = await asyncio.gather(*(each.press(form, act="sell") for each, form in zip(tills, forms, strict=True)))
        assert sorted(answer.status for answer in answers) == [303, 400, 400, 400, 400]
        for answer in answers:
            if answer.status == 400:
                assert "None left" in answer.text
        sold = [answer.status == 303 for answer in answers]
        reports = [await each.report() for each in tills]
        assert ["$10.00" in report.text for report in reports] == sold


class TestUndoing:
    async def test_the_money_goes_back_and_the_places_are_on_sale_again(
        self, till: Till, box_office: BoxOffice
    ) -> None:
        order_id = await till.sold({till.on_sale.tickets[1]: 1})
        asked = await till.visitor.get(f"{till.path}/undo/{order_id}")
        assert "Give $10.00 in cash back." in asked.text
        for _ in range(2):
            answer = await till.visitor.post(f"{till.path}/undo/{order_id}")
            assert (answer.status, answer.location) == (303, f"{till.path}?undone={order_id}")
        page = await till.screen(f"?undone={order_id}")
        assert "Undone: 1 Child. The places are on sale again." in page.text
        assert "1 left" in page.text
        assert re.search(r"<dt>In</dt><dd>0</dd>", page.html)
        order = await stored(box_office, order_id)
        assert (order.status, order.refunded_amount) == (OrderStatus.REFUNDED, 10_00)
        report = await till.report()
        assert re.search(r"Cash \$100\.00 Not counted", report.text)

    @pytest.mark.parametrize(
        ("payment", "words"),
        [("card", "Give $25.00 back at the card terminal."), ("comp", "No money goes back.")],
    )
    async def test_it_says_where_the_money_goes(self, till: Till, payment: str, words: str) -> None:
        order_id = await till.sold({till.on_sale.tickets[0]: 1}, payment=payment)
        assert words in (await till.visitor.get(f"{till.path}/undo/{order_id}")).text
        answer = await till.visitor.post(f"{till.path}/undo/{order_id}")
        assert words in (await till.visitor.follow(answer.location)).text

    async def test_only_the_till_that_sold_it_undoes_it(self, till: Till, hire: Hire) -> None:
        order_id = await till.sold({till.on_sale.tickets[0]: 1})
        other = Till(await hire(Role.MANAGER), till.on_sale)
        await other.open()
        assert (await other.visitor.get(f"{till.path}/undo/{order_id}")).status == 404
        assert (await other.visitor.post(f"{till.path}/undo/{order_id}")).status == 404

    async def test_what_the_office_refunded_is_told_apart(
        self, till: Till, office: BackOffice, box_office: BoxOffice
    ) -> None:
        order_id = await till.sold({till.on_sale.tickets[0]: 2})
        first, _ = (await stored(box_office, order_id)).attendees
        await office.post(f"/orders/{order_id}/refund", {"attendee_ids": [str(first.id)]})
        assert "$25.00 of these sales went back in the office" in (await till.report()).text
        await till.visitor.post(f"{till.path}/undo/{order_id}")
        assert "Give $25.00 in cash back." in (await till.screen(f"?undone={order_id}")).text


class TestShift:
    async def test_without_one_nothing_is_sold(self, owner: Staff, on_sale: OnSale) -> None:
        till = Till(owner, on_sale)
        page = await till.screen()
        assert "Open a shift" in page.text
        assert 'value="Kim Park"' in page.html
        refused = await till.press(till.form({on_sale.tickets[0]: 1}, expected_total="25.00"), act="sell")
        assert (refused.status, "Open a shift first" in refused.text) == (400, True)

    async def test_is_opened_once(self, till: Till) -> None:
        first = await till.shift_id()
        assert (await till.open(cash="7")).status == 303
        assert await till.shift_id() == first

    @pytest.mark.parametrize(("seller", "cash"), [("", "1"), ("x" * 61, "1"), ("Ada", "much")])
    async def test_needs_a_name_and_an_amount(self, owner: Staff, on_sale: OnSale, seller: str, cash: str) -> None:
        page = await Till(owner, on_sale).open(seller=seller, cash=cash)
        assert (page.status, "Open a shift" in page.text) == (400, True)

    async def test_who_sells_is_changed_by_one_press(self, till: Till) -> None:
        await till.visitor.post(f"{COUNTER}/seller", seller=" Ben  Beck ", next=till.path)
        assert 'value="Ben Beck" aria-pressed="true"' in (await till.screen()).html
        await till.sold({till.on_sale.tickets[0]: 1})
        await till.visitor.post(f"{COUNTER}/seller", seller="Ada", next=till.path)
        await till.sold({till.on_sale.tickets[0]: 2}, payment="card")
        report = (await till.report()).text
        assert "Ben Beck 1 1 0 $25.00 $0.00 $25.00" in report
        assert "Ada 1 2 0 $50.00 $0.00 $50.00" in report
        nameless = await till.visitor.post(f"{COUNTER}/seller", seller=" ", next="https://elsewhere.example/")
        assert (nameless.status, nameless.location) == (303, COUNTER)

    async def test_is_closed_with_a_count_and_keeps_the_difference(self, till: Till) -> None:
        await till.sold({till.on_sale.tickets[0]: 2})
        await till.sold({till.on_sale.tickets[0]: 1}, payment="card")
        path = f"{COUNTER}/shifts/{await till.shift_id()}"
        form = await till.visitor.get(f"{path}/close")
        assert (form.status, "$150.00" in form.text) == (200, False)
        counted = {"seller": "Ben", "n-10000": "1", "n-2000": "2", "n-500": "1", "card": "25", "note": "Rain"}
        sum_so_far = await till.visitor.post(f"{path}/close", {**counted, "act": "sum"})
        assert (sum_so_far.status, "Notes and coins together: $145.00" in sum_so_far.text) == (200, True)
        assert 'id="n-2000" type="number"' in sum_so_far.html
        answer = await till.visitor.post(f"{path}/close", {**counted, "act": "count"})
        assert (answer.status, answer.location) == (303, f"{path}?done=shift-closed")
        report = await till.visitor.get(path)
        assert "Cash $150.00 $145.00 $5.00 missing" in report.text
        assert "Card $25.00 $25.00 None" in report.text
        assert "Note Rain" in report.text
        assert "1 × $100.00, 2 × $20.00, 1 × $5.00" in report.text
        assert "$5.00 missing" in (await till.visitor.get(f"{COUNTER}/shifts")).text
        assert "Open a shift" in (await till.screen()).text
        twice = await till.visitor.post(f"{path}/close", {**counted, "act": "count"})
        assert (twice.status, "was closed before" in twice.text) == (409, True)

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "Please count the cash"),
            ({"cash": "10", "n-100": "3"}, "Notes and coins make $3.00"),
            ({"n-100": "x"}, "whole number"),
            ({"cash": "10", "seller": ""}, "Please fill this in"),
        ],
    )
    async def test_a_count_that_is_not_clear_is_asked_again(
        self, till: Till, fields: dict[str, str], words: str
    ) -> None:
        path = f"{COUNTER}/shifts/{await till.shift_id()}/close"
        page = await till.visitor.post(path, {"seller": "Ada", "act": "count", **fields})
        assert (page.status, words in page.text) == (400, True), page.text
        assert "Last sales" in (await till.screen()).text

    async def test_is_closed_without_a_count_and_counted_later(self, till: Till) -> None:
        path = f"{COUNTER}/shifts/{await till.shift_id()}"
        assert (await till.visitor.post(f"{path}/close", seller="Ada", act="uncounted")).status == 303
        assert "not counted" in (await till.visitor.get(path)).text
        assert (await till.visitor.post(f"{path}/close", seller="Ben", act="count", cash="101")).status == 303
        assert "Cash $100.00 $101.00 $1.00 too much" in (await till.visitor.get(path)).text

    async def test_one_that_was_forgotten_is_closed_by_the_next(
        self, till: Till, service: Service, box_office: BoxOffice
    ) -> None:
        shift_id = await till.shift_id()
        async with box_office.unit_of_work() as uow:
            (shift,) = await uow.shifts.page(till.on_sale.show.producer_id, after=None, limit=1)
            await uow.shifts.save(replace(shift, opened_at=shift.opened_at - timedelta(days=2)))
            await uow.commit()
        page = await till.screen()
        assert "is still open. It is closed without a count" in page.text
        refused = await till.press(till.form({till.on_sale.tickets[0]: 1}, expected_total="25.00"), act="sell")
        assert (refused.status, "nothing was sold" in refused.text.lower()) == (400, True)
        assert (await till.open()).status == 303
        assert await till.shift_id() != shift_id
        assert "not counted" in (await till.visitor.get(f"{COUNTER}/shifts/{shift_id}")).text
        assert (await service.container.check_consistency()())[Invariant.SHIFTS].count == 0

    async def test_report_is_a_file_too(self, till: Till) -> None:
        order_id = await till.sold({till.on_sale.tickets[0]: 2})
        await till.visitor.post(f"{till.path}/undo/{order_id}")
        answer = await till.visitor.get(f"{COUNTER}/shifts/{await till.shift_id()}/csv")
        assert answer.headers["Content-Type"].startswith("text/csv")
        head, row, *_ = answer.content.decode().splitlines()
        assert head.startswith("sold_at,order,seller,payment,tickets,what,amount,undone_at,undone_by,given_back")
        assert ",Ada,cash,2,2 Adult,50.00," in row
        assert ",Ada,50.00," in row


class TestDevice:
    async def device(self, service: Service, office: BackOffice, on_sale: OnSale, *shows: OnSale) -> Till:
        paired = await pair(
            service.container, office.producer, DeviceKind.TILL, name="Foyer", shows=[show.id for show in shows]
        )
        return Till(Visitor(client=service.client, cookies={"till": paired.secret}), on_sale)

    async def test_a_paired_till_sells_for_the_person_at_it(
        self, service: Service, office: BackOffice, owner: Staff, on_sale: OnSale
    ) -> None:
        till = await self.device(service, office, on_sale)
        page = await till.screen()
        assert ("Foyer" in page.text, 'value="Kim Park"' in page.html, "/office/orders" in page.html) == (
            True,
            False,
            False,
        )
        assert (await till.open(seller="Cy")).status == 303
        assert (await till.sell({on_sale.tickets[0]: 1})).status == 303
        report = await till.report()
        assert "Till Foyer" in report.text
        assert "Cy 1 1 0 $25.00" in report.text
        seen = await owner.get(f"{COUNTER}/shifts/{await till.shift_id()}")
        assert (seen.status, "Foyer" in seen.text) == (200, True)

    async def test_a_till_sees_its_own_shifts_alone(
        self, service: Service, office: BackOffice, till: Till, on_sale: OnSale
    ) -> None:
        other = await self.device(service, office, on_sale)
        assert "There was no shift yet" in (await other.visitor.get(f"{COUNTER}/shifts")).text
        for page in ("", "/csv", "/close"):
            path = f"{COUNTER}/shifts/{await till.shift_id()}{page}"
            assert (await other.visitor.get(path)).status == 404

    async def test_a_till_that_is_limited_to_shows_sells_no_other(
        self, service: Service, office: BackOffice, box_office: BoxOffice, on_sale: OnSale
    ) -> None:
        other = await tonight(box_office, office, title="Macbeth")
        till = await self.device(service, office, other, on_sale)
        assert (await till.visitor.get(COUNTER)).location == f"{COUNTER}/{on_sale.id}"
        assert (await till.screen()).status == 404
        await till.open()
        refused = await till.press(till.form({other.tickets[0]: 1}, expected_total="25.00"), act="sell")
        assert refused.status == 404
