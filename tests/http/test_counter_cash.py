"""Cash in and out of a till beside its sales: written down once, counted, and taken back by its opposite."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.consistency import Invariant
from domain.devices import DeviceKind
from domain.people import Role
from domain.shift import MAX_REASON_LENGTH
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice, OnSale
from tests.support.counter import COUNTER, Till
from tests.support.devices import pair
from tests.support.factories import ticket
from tests.support.server import Service
from tests.support.staff import Page, Staff, Visitor

pytestmark = pytest.mark.p2

HOUR = timedelta(hours=1)
_BACK = re.compile(r"(/office/counter/shifts/[0-9a-f-]{36}/cash/[0-9a-f-]{36}/back)")


@pytest.fixture
async def on_sale(office: BackOffice, box_office: BoxOffice) -> OnSale:
    start = datetime.now(UTC).replace(microsecond=0) + HOUR / 2
    times: dict[str, Any] = {"door_time": start - HOUR, "start_time": start, "end_time": start + 2 * HOUR}
    return await box_office.put_on_sale(ticket(name="Adult", price=25_00, quantity=100), by=office.producer, **times)


@pytest.fixture
async def till(owner: Staff, on_sale: OnSale) -> Till:
    made = Till(owner, on_sale)
    assert (await made.open(seller="Ada", cash="100")).status == 303
    return made


async def cash_page(till: Till) -> Page:
    return await till.visitor.get(f"{COUNTER}/shifts/{await till.shift_id()}/cash")


class TestMoving:
    async def test_cash_in_and_out_is_listed_and_expected_in_the_till(self, till: Till) -> None:
        await till.sold({till.on_sale.tickets[0]: 2})
        assert "Nothing was put in or taken out yet" in (await cash_page(till)).text
        came = await till.move("in", "30", "Change from the office")
        assert "The cash in is written down" in (await till.visitor.follow(came.location)).text
        went = await till.move("out", "120.50", "To the bank")
        page = await till.visitor.follow(went.location)
        assert "The cash out is written down" in page.text
        assert "Cash in Change from the office $30.00" in page.text
        assert "In together: $30.00 . Out together: $120.50 ." in page.text
        report = await till.report()
        assert "Cash $59.50 Not counted" in report.text
        assert "$30.00 came in beside the sales. $120.50 went out." in report.text

    async def test_the_count_at_the_end_is_compared_with_it(self, till: Till, service: Service) -> None:
        await till.move("out", "40", "Petty cash")
        path = f"{COUNTER}/shifts/{await till.shift_id()}"
        await till.visitor.post(f"{path}/close", seller="Ben", act="count", cash="60")
        report = (await till.visitor.get(path)).text
        assert "Cash $60.00 $60.00 None" in report
        assert "Petty cash" in report
        assert (await service.container.check_consistency()())[Invariant.SHIFTS].count == 0

    async def test_a_form_that_is_sent_twice_moves_cash_once(self, till: Till) -> None:
        key = uuid4().hex
        answers = await asyncio.gather(*(till.move("in", "30", key=key) for _ in range(5)))
        assert {(answer.status, answer.location) for answer in answers} == {
            (303, f"{COUNTER}/shifts/{await till.shift_id()}/cash?done=cash-in")
        }
        assert (await cash_page(till)).text.count("Cash in Change $30.00") == 1
        other = await till.move("in", "31", key=key)
        assert (other.status, "sent before, with something else" in other.text, key in other.html) == (400, True, False)

    async def test_it_stands_in_the_log_with_the_person(self, till: Till, owner: Staff) -> None:
        await till.move("out", "40", "Petty cash")
        log = (await owner.get("/office/log?action=shift.cash_moved")).text
        assert "put cash into a till, or took some out" in log
        assert "cash out $40.00" in log
        assert "reason Petty cash" in log

    async def test_it_is_a_file_too(self, till: Till) -> None:
        await till.move("out", "40", "Petty cash")
        answer = await till.visitor.get(f"{COUNTER}/shifts/{await till.shift_id()}/cash/csv")
        assert answer.headers["Content-Type"].startswith("text/csv")
        head, row, *_ = answer.content.decode().splitlines()
        assert head == "at,by,direction,amount,reason,movement_id,takes_back,at_local"
        assert ",Ada,out,-40.00,Petty cash," in row


class TestTakingBack:
    async def wrong(self, till: Till) -> str:
        """Write something wrong down; returns the address that takes it back."""
        page = await till.visitor.follow((await till.move("in", "1000")).location)
        found = _BACK.search(page.html)
        assert found
        return found[1]

    async def test_the_opposite_takes_it_back_once(self, till: Till) -> None:
        path = await self.wrong(till)
        answers = await asyncio.gather(*(till.visitor.post(path) for _ in range(3)))
        assert [answer.status for answer in answers] == [303, 303, 303]
        page = await till.visitor.get(answers[0].location)
        assert "It is taken back" in page.text
        assert page.text.count("takes a wrong entry back") == 1
        assert "In together: $0.00 . Out together: $0.00 ." in page.text
        assert not _BACK.search(page.html)
        assert "Cash $100.00 Not counted" in (await till.report()).text

    async def test_what_is_not_there_is_not_taken_back(self, till: Till) -> None:
        path = f"{COUNTER}/shifts/{await till.shift_id()}/cash/{uuid4()}/back"
        assert (await till.visitor.post(path)).status == 404

    async def test_a_closed_shift_stays_as_it_is(self, till: Till) -> None:
        path = await self.wrong(till)
        shift = f"{COUNTER}/shifts/{await till.shift_id()}"
        await till.visitor.post(f"{shift}/close", seller="Ada", act="uncounted")
        for answer in (
            await till.visitor.post(path),
            await till.visitor.post(f"{shift}/cash", direction="in", amount="1", reason="Change", seller="Ada"),
        ):
            assert (answer.status, "This shift was closed" in answer.text) == (409, True)
        page = await till.visitor.get(f"{shift}/cash")
        assert ("Write it down" in page.text, _BACK.search(page.html)) == (False, None)


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"direction": ""}, "Which way: Please choose one of these"),
            ({"amount": ""}, "Amount: Please fill this in"),
            ({"amount": "much"}, "Write the amount"),
            ({"amount": "0"}, "above zero"),
            ({"amount": "-5"}, "Amount:"),
            ({"amount": "99999999999"}, "Amount:"),
            ({"direction": "out", "amount": "100.01"}, "There should not be so much cash in the till"),
            ({"reason": " "}, "Reason: Please fill this in"),
            ({"reason": "x" * (MAX_REASON_LENGTH + 1)}, "at most 200 characters"),
            ({"seller": ""}, "Who writes it down: Please fill this in"),
        ],
    )
    async def test_what_is_wrong_stands_at_its_field(self, till: Till, fields: dict[str, str], words: str) -> None:
        page = await till.move(**{"direction": "in", "amount": "5", **fields})
        assert (page.status, words in page.text) == (400, True), page.text
        assert "Nothing was put in or taken out yet" in page.text

    async def test_who_may_sell_may_and_others_may_not(self, till: Till, hire: Hire, stranger: Staff) -> None:
        path = f"{COUNTER}/shifts/{await till.shift_id()}/cash"
        form = {"direction": "in", "amount": "5", "reason": "Change", "seller": "Ada"}
        for who, status in ((await hire(Role.VIEWER), 403), (await hire(Role.DOOR), 403), (stranger, 404)):
            assert (await who.get(path)).status == status
            assert (await who.get(f"{path}/csv")).status == status
            assert (await who.post(path, form)).status == status
            assert (await who.post(f"{path}/{uuid4()}/back")).status == status
        assert (await (await hire(Role.BOX_OFFICE)).post(path, form)).status == 303
        without_token = await till.visitor.request("POST", path, data=form)
        assert without_token.status == 403

    async def test_a_device_moves_cash_in_its_own_shift_alone(
        self, till: Till, service: Service, office: BackOffice, on_sale: OnSale
    ) -> None:
        paired = await pair(service.container, office.producer, DeviceKind.TILL, name="Foyer")
        device = Till(Visitor(client=service.client, cookies={"till": paired.secret}), on_sale)
        await device.open(seller="Cy")
        assert (await device.move("in", "5", seller="Cy")).status == 303
        elsewhere = f"{COUNTER}/shifts/{await till.shift_id()}/cash"
        assert (await device.visitor.get(elsewhere)).status == 404


async def test_of_two_who_empty_the_till_at_once_one_does(till: Till) -> None:
    answers = await asyncio.gather(*(till.move("out", "100", "To the bank") for _ in range(2)))
    assert sorted(answer.status for answer in answers) == [303, 400]
    assert "Cash $0.00 Not counted" in (await till.report()).text
