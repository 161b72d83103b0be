"""JSON in the sandbox."""

from typing import Any, TypeAlias

import msgspec

JsonObject: TypeAlias = dict[str, Any]

encode = msgspec.json.Encoder().encode


def snapshot(value: JsonObject) -> JsonObject:
    """A deep copy, which later changes of ``value`` do not reach."""
    copy: JsonObject = msgspec.json.decode(encode(value))
    return copy
