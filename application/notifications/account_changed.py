"""Task: the mail that informs a producer of a change of its account, sent to the previous address.

An attacker who can change the account can change its address, too. So the mail goes to the address that the account had
before the change. The task carries everything that the mail says, so later changes do not affect it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from application.notifications.delivery import SendEmail
from application.ports.emails import AccountChange, AccountChangedFacts
from application.ports.system import Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from application.tasks.run import PermanentTaskError
from domain.access import Actor
from domain.catalog import Producer
from domain.customer import Customer
from domain.email_address import is_same_address
from domain.fees import FeeBearer
from domain.tasks import OutboxTask, TaskKind
from domain.tax import TaxMode

log = logging.getLogger(__name__)

# Keys of the task's details. A changed field has two: its name with the ending BEFORE and with AFTER. An empty value is
# left out.
RECIPIENT: Final = "recipient"
PRODUCER_NAME: Final = "producer_name"
CHANGED_AT: Final = "changed_at"
TOKEN_NAME: Final = "token_name"  # noqa: S105  # no secret
PERSON_NAME: Final = "person_name"
TOKEN_ID: Final = "token_id"  # noqa: S105
BEFORE: Final = "_before"
AFTER: Final = "_after"

#: The fields that the mail lists, the money first. Whether an account can take charges is left out, because Stripe
#: decides it.
_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {"stripe_account_id": "Stripe account", "email": "e-mail address", "fees": "fees", "tax": "tax", "name": "name"}
)
_WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "tax": {
            TaxMode.EXCLUSIVE: "added to the prices",
            TaxMode.INCLUSIVE: "included in the prices",
            TaxMode.OFF: "not charged",
        },
        "fees": {
            FeeBearer.BUYER: "added to the prices",
            FeeBearer.PRODUCER: "included in the prices",
        },
    }
)


def account_changed_mails(
    actor: Actor, before: Producer, after: Producer, *, ids: Ids, now: datetime
) -> list[OutboxTask]:
    """The mail that says what ``actor`` changed. Empty if no field of the mail changed, or there was no address."""
    changes = _changes(before, after)
    if not changes or not before.email:
        return []
    details = {
        RECIPIENT: before.email,
        PRODUCER_NAME: before.name,
        CHANGED_AT: now.astimezone(UTC).isoformat(),
        **({TOKEN_ID: str(actor.token_id), TOKEN_NAME: actor.name} if actor.token_id else {}),
        **({PERSON_NAME: actor.name} if actor.person_id else {}),
        **changes,
    }
    kind = TaskKind.ACCOUNT_CHANGED_MAIL
    return [OutboxTask(id=ids.new(), kind=kind, producer_id=before.id, due_at=now, details=details)]


def _changes(before: Producer, after: Producer) -> dict[str, str]:
    old, new = _facts(before), _facts(after)
    return {
        field + ending: facts[field]
        for field in _FIELDS
        for ending, facts in ((BEFORE, old), (AFTER, new))
        if old[field] != new[field] and facts[field]
    }


def _facts(producer: Producer) -> dict[str, str]:
    return {
        "stripe_account_id": producer.financial.stripe_account_id or "",
        "email": producer.email,
        "tax": producer.tax.value,
        "fees": producer.fees.value,
        "name": producer.name,
    }


class SendAccountChangedEmail:
    """Handler of TaskKind.ACCOUNT_CHANGED_MAIL. Answers go to the operator, where the installation names one."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, send_email: SendEmail, *, operator_email: str) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email
        self._operator_email = operator_email

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail. If the mail server refuses the address for good and the account has another one by now, there
        is no one to warn, and the task is done. If the account still has it, the operator must know: the task fails.

        Raises what SendEmail raises.
        """
        details = task.details
        address = details[RECIPIENT]
        facts = AccountChangedFacts(
            producer_name=details[PRODUCER_NAME],
            changes=tuple(_as_read(field, details) for field in _FIELDS if _was_changed(field, details)),
            changed_at=datetime.fromisoformat(details[CHANGED_AT]),
            token_name=details.get(TOKEN_NAME, ""),
            token_id=details.get(TOKEN_ID, ""),
            operator_email=self._operator_email,
            person_name=details.get(PERSON_NAME, ""),
        )
        try:
            recipient = Customer(facts.producer_name, address)
            await self._send_email(task, recipient, facts, reply_to=self._operator_email)
        except PermanentTaskError:
            async with self._unit_of_work() as uow:
                producer = await uow.producers.get(task.about_producer)
            if producer is None or is_same_address(address, producer.email):
                raise
            log.warning("The old address of producer %s accepts no mail, so no mail of a change was sent", producer.id)


def _was_changed(field: str, details: Mapping[str, str]) -> bool:
    return field + BEFORE in details or field + AFTER in details


def _as_read(field: str, details: Mapping[str, str]) -> AccountChange:
    before, after = details.get(field + BEFORE, ""), details.get(field + AFTER, "")
    if words := _WORDS.get(field):
        return AccountChange(
            what=_FIELDS[field], before=words[before], after=words[after], meaning=_meaning(field, after)
        )
    return AccountChange(
        what=_FIELDS[field], before=before or "none", after=after or "none", meaning=_meaning(field, after)
    )


def _meaning(field: str, after: str) -> str:
    match field:
        case "stripe_account_id" if after:
            return "The money of orders that are placed from now on goes there."
        case "stripe_account_id":
            return "Nothing that costs money can be sold without one."
        case "fees" if after == FeeBearer.PRODUCER:
            return "From now on buyers pay the tickets' prices alone, and the fees come out of your share."
        case "fees":
            return "From now on buyers pay the fees on top of the tickets' prices."
        case "email":
            return "Mails about the account go there from now on."
    return ""
