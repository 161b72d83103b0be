"""Cash that is rounded at the counter, where the smallest coins are gone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.consistency import Invariant
from domain.people import Role
from tests.http.conftest import Hire
from tests.support.back_office import BackOffice
from tests.support.box_office import BoxOffice
from tests.support.counter import COUNTER, Till
from tests.support.factories import ticket
from tests.support.server import Service
from tests.support.staff import Staff

pytestmark = pytest.mark.p2

HOUR = timedelta(hours=1)
ROUNDING = "/account/cash-rounding"


@pytest.fixture
async def till(owner: Staff, office: BackOffice, box_office: BoxOffice) -> Till:
    """A till whose shift rounds to 5 cents, at a show with a ticket of 12.33."""
    await office.put(ROUNDING, {"cash_rounding": "0.05"})
    start = datetime.now(UTC).replace(microsecond=0) + HOUR / 2
    times: dict[str, Any] = {"door_time": start - HOUR, "start_time": start, "end_time": start + 2 * HOUR}
    on_sale = await box_office.put_on_sale(ticket(name="Adult", price=12_33), by=office.producer, **times)
    made = Till(owner, on_sale)
    assert (await made.open(cash="100")).status == 303
    return made


class TestSelling:
    async def test_cash_is_rounded_and_the_order_stays_as_priced(self, till: Till, box_office: BoxOffice) -> None:
        (adult,) = till.on_sale.tickets
        page = await till.press(till.form({adult: 1}, given="20"), act="total")
        assert "Total $12.33 In cash $12.35 Change $7.65" in page.text
        assert "Exactly $12.35" in page.text
        order_id = await till.sold({adult: 1}, given="20")
        assert (
            "$12.33 in cash, rounded to $12.35 . They are in. Change $7.65"
            in (await till.screen(f"?sold={order_id}")).text
        )
        async with box_office.unit_of_work() as uow:
            order = await uow.orders.get(UUID(order_id))
        assert order is not None
        assert order.amount_paid == 12_33

    async def test_less_than_the_rounded_sum_is_refused(self, till: Till) -> None:
        (adult,) = till.on_sale.tickets
        short = await till.sell({adult: 1}, given="12.34")
        assert (short.status, "This is less than the total" in short.text) == (400, True)
        assert (await till.sell({adult: 2}, given="24.65")).status == 303  # of 24.66

    async def test_a_card_pays_the_exact_total(self, till: Till) -> None:
        page = await till.press(till.form({till.on_sale.tickets[0]: 1}, payment="card"), act="total")
        assert ("Total $12.33" in page.text, "In cash" in page.text) == (True, False)

    async def test_the_script_is_told_the_rounded_sum(self, till: Till) -> None:
        form = till.form({till.on_sale.tickets[0]: 1})
        answer = await till.visitor.post(f"{till.path}/total", form)
        assert answer.body == {"total": "$12.33", "expected": "12.33", "in_cash": "$12.35", "error": ""}
        assert 'data-step="5"' in (await till.screen()).html


class TestShift:
    async def test_the_difference_is_counted_apart(self, till: Till, service: Service) -> None:
        (adult,) = till.on_sale.tickets
        await till.sold({adult: 1})
        await till.sold({adult: 1}, payment="card")
        undone = await till.sold({adult: 1})
        assert "Give $12.35 in cash back." in (await till.visitor.get(f"{till.path}/undo/{undone}")).text
        await till.visitor.post(f"{till.path}/undo/{undone}")
        assert "Give $12.35 in cash back." in (await till.screen(f"?undone={undone}")).text
        path = f"{COUNTER}/shifts/{await till.shift_id()}"
        report = (await till.report()).text
        assert "Cash $112.35 Not counted" in report
        assert "Cash is rounded to $0.05: that brought $0.02." in report
        rows = list(csv.DictReader(io.StringIO((await till.visitor.get(f"{path}/csv")).content.decode())))
        assert [(row["payment"], row["amount"], row["rounding"], row["back_rounding"]) for row in rows] == [
            ("cash", "12.33", "0.02", "0.00"),
            ("card", "12.33", "0.00", "0.00"),
            ("cash", "12.33", "0.02", "0.02"),
        ]
        await till.visitor.post(f"{path}/close", seller="Ben", act="count", cash="112.35", card="12.33")
        assert "Cash $112.35 $112.35 None" in (await till.visitor.get(path)).text
        assert (await service.container.check_consistency()())[Invariant.SHIFTS].count == 0

    async def test_an_open_shift_keeps_what_it_opened_with(self, till: Till, office: BackOffice) -> None:
        (adult,) = till.on_sale.tickets
        await office.put(ROUNDING, {"cash_rounding": None})
        assert "In cash $12.35" in (await till.press(till.form({adult: 1}), act="total")).text
        await till.visitor.post(f"{COUNTER}/shifts/{await till.shift_id()}/close", seller="Ada", act="uncounted")
        await till.open()
        assert "In cash" not in (await till.press(till.form({adult: 1}), act="total")).text

    async def test_an_order_slip_says_what_was_taken(self, till: Till, office: BackOffice) -> None:
        order_id = await till.sold({till.on_sale.tickets[0]: 1})
        path = f"/orders/{order_id}/slips?medium=receipt_80&with_order_slip=true"
        rounded = await office.get(path)
        assert rounded.status == 200
        by_card = await till.sold({till.on_sale.tickets[0]: 1}, payment="card")
        exact = await office.get(path.replace(order_id, by_card))
        assert len(rounded.content) > len(exact.content)  # one line more


class TestSetting:
    async def test_is_read_changed_and_logged(self, office: BackOffice) -> None:
        assert (await office.get(ROUNDING)).body == {"currency": "USD", "cash_rounding": None, "steps": ["0.05"]}
        changed = await office.put(ROUNDING, {"cash_rounding": "0.05"})
        assert (changed.status, changed.body["cash_rounding"]) == (200, "0.05")
        assert (await office.get(ROUNDING)).body["cash_rounding"] == "0.05"
        (entry,) = await office.audit_log(f"&subject_id={office.producer.id}&action=account.changed")
        assert (entry["before"], entry["after"]) == ({"cash_rounding": 0}, {"cash_rounding": 5})

    @pytest.mark.parametrize("step", ["0.10", "0.051", "-0.05", "1000000000000", "NaN", "x", 5])
    async def test_a_step_that_the_currency_has_not_is_refused(self, office: BackOffice, step: object) -> None:
        (await office.put(ROUNDING, {"cash_rounding": step})).refused(400, "invalid_request")

    async def test_is_chosen_on_the_account_page(self, owner: Staff, office: BackOffice) -> None:
        assert "To $0.05" in (await owner.get("/office/account")).text
        done = await owner.post("/office/account/cash", cash_rounding="5")
        assert done.location == "/office/account?done=account-changed"
        assert (await office.get(ROUNDING)).body["cash_rounding"] == "0.05"
        assert '<option value="5" selected>' in (await owner.get("/office/account")).html
        refused = await owner.post("/office/account/cash", cash_rounding="7")
        assert (refused.status, "Please choose one of these" in refused.text) == (400, True)
        await owner.post("/office/account/cash", cash_rounding="0")
        assert (await office.get(ROUNDING)).body["cash_rounding"] is None

    async def test_only_an_owner_changes_it(self, hire: Hire, owner: Staff, office: BackOffice) -> None:
        for role in (Role.MANAGER, Role.BOX_OFFICE, Role.VIEWER):
            assert (await (await hire(role)).post("/office/account/cash", cash_rounding="5")).status == 403
        assert (await owner.request("POST", "/office/account/cash", data={"cash_rounding": "5"})).status == 403
        assert (await office.get(ROUNDING)).body["cash_rounding"] is None
