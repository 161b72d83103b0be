"""A till at the counter: a person or a device that sells at the office's page.

till = Till(owner, on_sale)
await till.open(cash="100")
page = await till.sell({on_sale.tickets[0]: 2}, payment="cash", given="60")
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from domain.catalog import Ticket
from tests.support.box_office import OnSale
from tests.support.staff import Page, Visitor

_EXPECTED: Final = re.compile(r'name="expected_total" value="([^"]*)"')
_SHIFT: Final = re.compile(r"/office/counter/shifts/([0-9a-f-]{36})")
COUNTER: Final = "/office/counter"


@dataclass(slots=True)
class Till:
    visitor: Visitor
    on_sale: OnSale

    @property
    def path(self) -> str:
        return f"{COUNTER}/{self.on_sale.id}"

    async def open(self, *, seller: str = "Ada", cash: str = "") -> Page:
        """Open a shift."""
        return await self.visitor.post(f"{COUNTER}/shift", seller=seller, opening_cash=cash, next=self.path)

    async def screen(self, query: str = "") -> Page:
        return await self.visitor.get(f"{self.path}{query}")

    def form(self, quantities: Mapping[Ticket, int], **fields: str) -> dict[str, str]:
        """A form of the counter, with a key of its own."""
        counts = {f"q-{ticket.id}": str(count) for ticket, count in quantities.items()}
        return {"key": uuid4().hex, "payment": "cash", "handling": "in", **counts, **fields}

    async def press(self, form: Mapping[str, str], **button: str) -> Page:
        """Press a button of the form."""
        return await self.visitor.post(self.path, {**form, **button})

    async def total(self, form: Mapping[str, str]) -> str:
        """What the form shows as its total, in the currency's main unit; "" if it has none."""
        found = _EXPECTED.search((await self.press(form, act="total")).html)
        return found[1] if found else ""

    async def sell(self, quantities: Mapping[Ticket, int], **fields: str) -> Page:
        """Look at the total, and sell. The answer leads to the screen that says so."""
        form = self.form(quantities, **fields)
        form.setdefault("expected_total", await self.total(form))
        return await self.press(form, act="sell")

    async def sold(self, quantities: Mapping[Ticket, int], **fields: str) -> str:
        """Sell; returns the order's id."""
        answer = await self.sell(quantities, **fields)
        assert answer.status == 303, answer.text
        return answer.location.partition("sold=")[2].partition("&")[0]

    async def shift_id(self) -> str:
        found = _SHIFT.search((await self.screen()).html)
        assert found
        return found[1]

    async def move(self, direction: str, amount: str, reason: str = "Change", **fields: str) -> Page:
        """Write down cash that goes in or out; the answer leads to the page that lists it."""
        form = {"key": uuid4().hex, "direction": direction, "amount": amount, "reason": reason, "seller": "Ada"}
        return await self.visitor.post(f"{COUNTER}/shifts/{await self.shift_id()}/cash", {**form, **fields})

    async def report(self) -> Page:
        """The report of the open shift."""
        return await self.visitor.get(f"{COUNTER}/shifts/{await self.shift_id()}")
