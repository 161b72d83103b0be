"""Faults put in by hand, one at a time, into a copy of the sources: the simulation has to find each of them.

Each is a rule of the real code that is broken, in the way that a tired person would break it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
#: What a run needs of the repository.
COPIED: Final = ("domain", "application", "adapters", "entrypoints", "simulation", "tests")


@dataclass(frozen=True, slots=True)
class Mutant:
    """``before`` stands exactly once in ``file``, and becomes ``after``."""

    name: str
    file: str
    before: str
    after: str

    def put_into(self, root: Path) -> None:
        """Break the rule in a copy of the sources."""
        file = root / self.file
        text = file.read_text(encoding="utf-8")
        if text.count(self.before) != 1:
            raise ValueError(f"{self.name}: {self.file} has {text.count(self.before)} places to break")
        file.write_text(text.replace(self.before, self.after), encoding="utf-8")


MUTANTS: Final = (
    Mutant(
        "An ended hold keeps its use of a promo code",
        "domain/stock.py",
        "        self._count_uses(promo_code_id, lines, TicketPromoCode.give_back)\n",
        "",
    ),
    Mutant(
        "Tickets take no places of their house",
        "domain/stock.py",
        "            self._move_places(ticket.capacity_id, count * ticket.places, move, allocation_id)\n",
        "            pass\n",
    ),
    Mutant(
        "A late payment gets tickets that are gone",
        "application/payments/order_payments.py",
        "order.status in RELEASED and not context.stock.has(order.lines)",
        "False",
    ),
    Mutant(
        "A second payment is forgotten",
        "application/payments/order_payments.py",
        "                context.duplicates.append(_duplicate(order, receipt, context.now))\n",
        "                pass\n",
    ),
    Mutant(
        "A bank that takes a part of a second payment takes all of it",
        "domain/duplicate_payments.py",
        "taken=min(taken, self.amount)",
        "taken=self.amount if taken else 0",
    ),
    Mutant(
        "The producer keeps what a bank took of a second payment",
        "application/payments/duplicate_payments.py",
        "            if duplicate.recovered < duplicate.taken:\n",
        "            if duplicate.recovered < 0:\n",
    ),
    Mutant(
        "A paid exchange leaves the old tickets valid",
        "application/payments/order_payments.py",
        "                context.exchange(new)\n",
        "",
    ),
    Mutant(
        "A repeated checkout places another order",
        "application/checkout/place_orders.py",
        "        if order is None:\n            return None\n        return Placement",
        "        if order is not None:\n            return None\n        return Placement",
    ),
    Mutant(
        "Holds are never swept",
        "application/payments/release_sweep.py",
        "return await self._sweep(_overdue, OrderEvent.SESSION_EXPIRED)",
        "return 0",
    ),
    Mutant(
        "A worker that lost its claim sends the mail all the same",
        "application/notifications/delivery.py",
        '            raise ClaimLost("its claim was over before its mail was sent")\n',
        "            return\n",
    ),
    Mutant(
        "A mail that was perhaps sent is sent again at once",
        "application/tasks/run.py",
        "if task.sending_since is not None and now < task.sending_since + PERHAPS_SENT_PAUSE:",
        "if task.sending_since is not None and now < task.sending_since:",
    ),
    Mutant(
        "A refund that failed counts as given back",
        "application/refunds/refund_status.py",
        "returned = sum(refund.amount for refund in await uow.refunds.of_order(order.id) if refund.is_effective)",
        "returned = sum(refund.amount for refund in await uow.refunds.of_order(order.id))",
    ),
    Mutant(
        "A refund is decided and never asked for",
        "application/refunds/submit_refunds.py",
        "if order is None or refund.status is not RefundStatus.REQUESTED:",
        "if order is None or refund.status is RefundStatus.REQUESTED:",
    ),
    Mutant(
        "A copied ticket admits again",
        "domain/admission.py",
        "            return ScanResult.ALREADY_ADMITTED\n        is_pass_back",
        "            return ScanResult.ADMITTED\n        is_pass_back",
    ),
    Mutant(
        "An undone sale gives no money out of the till",
        "application/counter/sell.py",
        "given_back=given_back,",
        "given_back=0,",
    ),
    Mutant(
        "A count forgets the cash that was moved",
        "domain/shift.py",
        " + self.opening_cash + Moved.of(movements).net",
        " + self.opening_cash",
    ),
    Mutant(
        "A sale in cash brings what it costs, without rounding",
        "domain/shift.py",
        "kept[CounterPayment.CASH] + rounding",
        "kept[CounterPayment.CASH]",
    ),
)


def copied_to(folder: Path) -> Path:
    """A copy of the sources, to be broken."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    return folder


def hunt(mutant: Mutant, *, seeds: int) -> str | None:
    """What the simulation says about a copy with the mutant, or None if it finds nothing in so many seeds."""
    with tempfile.TemporaryDirectory() as folder:
        root = copied_to(Path(folder))
        mutant.put_into(root)
        command = [sys.executable, "-m", "tests.simulation", "--seeds", str(seeds), "--until-failure", "--whole"]
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if ran.returncode == 0:
        return None
    last = [line for line in ran.stdout.splitlines() if line.startswith("seed ")]
    return last[-1] if last else f"it does not run: {ran.stderr[-300:]}"
