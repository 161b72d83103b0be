"""One API call as an operation sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from demo.stripe_sandbox.ledger.state import AccountLedger
from demo.stripe_sandbox.protocol.json_types import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """``params`` have the schema's types; ``target`` is the id in the path, if the path has one."""

    params: JsonObject
    target: str = ""
    path: str = ""
    request_id: str | None = None
    idempotency_key: str | None = None


Operation: TypeAlias = Callable[[AccountLedger, Call], JsonObject]
