"""Stripe's update of metadata: keys are merged, an empty value unsets a key, an empty hash unsets all."""

from demo.stripe_sandbox.protocol.json_types import JsonObject


def merged_metadata(old: JsonObject, params: JsonObject) -> JsonObject:
    """The metadata of an object after an update with ``params`` (which may not mention metadata)."""
    changes = params.get("metadata")
    if changes is None:
        return old
    if changes == "":
        return {}
    return {name: value for name, value in (old | changes).items() if value != ""}
