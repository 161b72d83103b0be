"""Everything the sandbox remembers: a ledger for each account, and what the accounts share."""

import heapq
from collections import deque
from collections.abc import Collection, Mapping

from demo.stripe_sandbox.ledger.clock import SandboxClock
from demo.stripe_sandbox.ledger.event_log import EventLog
from demo.stripe_sandbox.ledger.table import Table
from demo.stripe_sandbox.objects.cart import Cart
from demo.stripe_sandbox.options import SandboxOptions
from demo.stripe_sandbox.protocol.errors import no_such
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.spec import Spec

KINDS = (
    "checkout.session",
    "payment_intent",
    "charge",
    "transfer",
    "refund",
    "balance_transaction",
    "application_fee",
    "dispute",
    "tax.location",
)


class AccountLedger:
    """One account's objects: the platform's own (``account`` None) or a connected account's."""

    def __init__(self, account: str | None, state: "SandboxState") -> None:
        capacity = state.options.retained_objects
        self.account = account
        self.state = state
        self.tables: Mapping[str, Table[JsonObject]] = {kind: Table(capacity) for kind in KINDS}
        self.carts: Table[Cart] = Table(capacity)

    def add(self, entry: JsonObject) -> JsonObject:
        """Remember a new object, and give it back."""
        self.tables[entry["object"]].add(entry["id"], entry)
        return entry

    def find(self, kind: str, object_id: str | None) -> JsonObject | None:
        return None if object_id is None else self.tables[kind].get(object_id)

    def get(self, kind: str, object_id: str, param: str | None = None) -> JsonObject:
        """Raises StripeRefusal (resource_missing) where there is no such object."""
        found = self.find(kind, object_id)
        if found is None:
            raise no_such(kind, object_id, param)
        return found

    def publish(self, event_type: str, subject: JsonObject, previous: JsonObject | None = None) -> None:
        """Record the event that ``subject`` changed, and send it to the webhook endpoint."""
        self.state.events.record(event_type, subject, created=self.now(), account=self.account, previous=previous)

    def now(self) -> int:
        """Seconds since the epoch by the sandbox's clock."""
        return self.state.clock.now()

    @property
    def livemode(self) -> bool:
        return self.state.options.livemode


class SandboxState:
    """The ledgers of all accounts, the connected accounts themselves, the clock and the events."""

    def __init__(self, options: SandboxOptions, spec: Spec) -> None:
        self.options = options
        self.spec = spec
        self.clock = SandboxClock(options.clock)
        self.events = EventLog(
            api_version=spec.api_version, livemode=options.livemode, capacity=options.retained_events
        )
        self.base_url = ""
        self.clear()

    def clear(self) -> None:
        """Forget every object and event, and set the clock right again."""
        self.clock.reset()
        self.events.clear()
        self.accounts: Table[JsonObject] = Table(self.options.retained_objects)
        self.accounts_that_left: set[str] = set()
        self.tax_settings: Table[JsonObject] = Table(self.options.retained_objects)
        self.account_links: Table[JsonObject] = Table(self.options.retained_objects)
        self.refund_outcomes: deque[str] = deque()
        self._ledgers: dict[str | None, AccountLedger] = {}
        self._session_deadlines: list[tuple[int, str, AccountLedger]] = []

    def ledger(self, account: str | None = None) -> AccountLedger:
        """The ledger of a connected account, or the platform's own."""
        found = self._ledgers.get(account)
        if found is None:
            found = self._ledgers[account] = AccountLedger(account, self)
        return found

    def all_ledgers(self) -> Collection[AccountLedger]:
        return self._ledgers.values()

    def ledger_with(self, kind: str, object_id: str) -> AccountLedger:
        """The ledger that has an object. Raises StripeRefusal if none has it."""
        for ledger in self._ledgers.values():
            if object_id in ledger.tables[kind]:
                return ledger
        raise no_such(kind, object_id)

    def remember_deadline(self, expires_at: int, session_id: str, ledger: AccountLedger) -> None:
        heapq.heappush(self._session_deadlines, (expires_at, session_id, ledger))

    def overdue_sessions(self) -> list[tuple[AccountLedger, str]]:
        """Take the sessions whose time is up, soonest first; each is given out once."""
        overdue = []
        while self._session_deadlines and self._session_deadlines[0][0] <= self.clock.now():
            _, session_id, ledger = heapq.heappop(self._session_deadlines)
            overdue.append((ledger, session_id))
        return overdue
