"""The events API."""

from demo.stripe_sandbox.ledger.event_log import RecordedEvent
from demo.stripe_sandbox.ledger.state import AccountLedger
from demo.stripe_sandbox.protocol.errors import exclusive_params, no_such
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.resources.call import Call
from demo.stripe_sandbox.resources.listing import created_matches, page_of


def list_events(ledger: AccountLedger, call: Call) -> JsonObject:
    """Events of the calling account; ``type`` may end in ``.*``."""
    params = call.params
    if "type" in params and "types" in params:
        raise exclusive_params("type", "types")
    types = params.get("types", [params["type"]] if "type" in params else None)

    def matches(event: RecordedEvent) -> bool:
        return (
            event.account == ledger.account
            and (types is None or any(_is_of_type(event.event_type, wanted) for wanted in types))
            and params.get("delivery_success", event.delivered) == event.delivered
            and created_matches(event.created, params.get("created"))
        )

    return page_of(ledger.state.events.table, params, call.path, matches, RecordedEvent.to_json)


def retrieve_event(ledger: AccountLedger, call: Call) -> JsonObject:
    event = ledger.state.events.table.get(call.target)
    if event is None or event.account != ledger.account:
        raise no_such("event", call.target)
    return event.to_json()


def _is_of_type(event_type: str, wanted: str) -> bool:
    return event_type.startswith(wanted[:-1]) if wanted.endswith("*") else event_type == wanted
