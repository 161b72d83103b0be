"""The events API."""

from adapters.stripe.sandbox.books import Books
from adapters.stripe.sandbox.call import Call
from adapters.stripe.sandbox.errors import exclusive_params, no_such
from adapters.stripe.sandbox.events import RecordedEvent
from adapters.stripe.sandbox.jsontypes import JsonObject
from adapters.stripe.sandbox.listing import created_matches, page_of


def list_events(books: Books, call: Call) -> JsonObject:
    """Events of the calling account; `type` may end in `.*`."""
    params = call.params
    if "type" in params and "types" in params:
        raise exclusive_params("type", "types")
    types = params.get("types", [params["type"]] if "type" in params else None)

    def matches(event: RecordedEvent) -> bool:
        return (
            event.account == books.account
            and (types is None or any(_is_of_type(event.event_type, wanted) for wanted in types))
            and params.get("delivery_success", event.delivered) == event.delivered
            and created_matches(event.created, params.get("created"))
        )

    return page_of(books.state.events.table, params, call.path, matches, RecordedEvent.to_json)


def retrieve_event(books: Books, call: Call) -> JsonObject:
    event = books.state.events.table.get(call.target)
    if event is None or event.account != books.account:
        raise no_such("event", call.target)
    return event.to_json()


def _is_of_type(event_type: str, wanted: str) -> bool:
    return event_type.startswith(wanted[:-1]) if wanted.endswith("*") else event_type == wanted
