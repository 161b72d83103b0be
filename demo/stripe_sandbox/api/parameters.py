"""Checks a request's parameters against Stripe's own schema and turns their text into values.

Every refusal is worded as Stripe's: code that reads ``code`` and ``param`` sees what it will see in production.
Enumerations are closed and unknown parameters refused, as at Stripe.
"""

import re
from typing import Any

from demo.stripe_sandbox.protocol.errors import (
    StripeRefusal,
    invalid_integer,
    missing_param,
    unknown_param,
)
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.protocol.spec import Schema

_INTEGER = re.compile(r"-?\d{1,18}")
_DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,12})?")
_CURRENCY = re.compile(r"[a-z]{3}")
_BOOLEANS = {"true": True, "false": False}
_METADATA_KEYS = 50
_METADATA_KEY_LENGTH = 40
_METADATA_VALUE_LENGTH = 500


def checked(params: JsonObject, schema: Schema) -> JsonObject:
    """``params`` (nested dicts of text) with the schema's types.

    Raises StripeRefusal naming the first parameter that is unknown, missing, of the wrong type, not among
    the allowed values, or too long.
    """
    return _object(params, schema, "")


def _value(value: Any, schema: Schema, path: str) -> Any:
    if "anyOf" in schema:
        return _any_of(value, schema["anyOf"], path)
    match schema["type"]:
        case "object":
            return _object(value, schema, path)
        case "array":
            return _array(value, schema, path)
        case kind:
            if not isinstance(value, str):
                raise StripeRefusal(f"Invalid {kind}: {path}", param=path)
            return _scalar(value, kind, schema, path)


def _scalar(value: str, kind: str, schema: Schema, path: str) -> Any:
    match kind:
        case "integer":
            if not _INTEGER.fullmatch(value):
                raise invalid_integer(path, value)
            return int(value)
        case "boolean":
            if value not in _BOOLEANS:
                raise StripeRefusal(f"Invalid boolean: {value}", param=path)
            return _BOOLEANS[value]
        case _:
            return _string(value, schema, path)


def _string(value: str, schema: Schema, path: str) -> str:
    allowed = schema.get("enum")
    if allowed is not None:
        if value not in allowed:
            raise StripeRefusal(f"Invalid {path}: must be one of {', '.join(allowed)}", param=path)
        return value
    if not value:
        message = (
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter."
        )
        raise StripeRefusal(message, code="parameter_invalid_empty", param=path)
    longest = schema.get("maxLength")
    if longest is not None and len(value) > longest:
        raise StripeRefusal(f"Invalid string: {value[:20]}...; must be at most {longest} characters", param=path)
    return _formatted(value, schema.get("format"), path)


def _formatted(value: str, wanted: str | None, path: str) -> str:
    if wanted == "currency":
        value = value.lower()
        if not _CURRENCY.fullmatch(value):
            raise StripeRefusal(f"Invalid currency: {value}", param=path)
    if wanted == "decimal" and not _DECIMAL.fullmatch(value):
        raise StripeRefusal(f"Invalid decimal: {value}", param=path)
    return value


def _any_of(value: Any, choices: list[Schema], path: str) -> Any:
    """The choice that fits the value's shape; a closed enumeration first, because "" may unset a value."""
    for choice in choices:
        if isinstance(value, str) and value in choice.get("enum", ()):
            return value
    is_container = isinstance(value, dict)
    for choice in choices:
        if "enum" not in choice and is_container == (choice["type"] in {"object", "array"}):
            return _value(value, choice, path)
    return _value(value, choices[-1], path)


def _array(value: Any, schema: Schema, path: str) -> list[Any]:
    if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
        raise StripeRefusal("Invalid array", param=path)
    items = schema["items"]
    return [_value(value[key], items, f"{path}[{key}]") for key in sorted(value, key=int)]


def _object(value: Any, schema: Schema, path: str) -> JsonObject:
    if not isinstance(value, dict):
        raise StripeRefusal("Invalid object", param=path)
    properties = schema.get("properties")
    if properties is None:
        return _open_object(value, schema, path)
    result = {}
    for name, inner in value.items():
        inner_path = f"{path}[{name}]" if path else name
        if name not in properties:
            raise unknown_param(inner_path)
        result[name] = _value(inner, properties[name], inner_path)
    for name in schema.get("required", ()):
        if name not in value:
            raise missing_param(f"{path}[{name}]" if path else name)
    return result


def _open_object(value: JsonObject, schema: Schema, path: str) -> JsonObject:
    """An object whose keys the caller chooses: metadata, or hashes keyed by a name of Stripe's."""
    values = schema.get("additionalProperties")
    if values is None:
        return value
    if path.endswith(("metadata", "metadata]")):
        return _metadata(value, path)
    return {name: _value(inner, values, f"{path}[{name}]") for name, inner in value.items()}


def _metadata(value: JsonObject, path: str) -> JsonObject:
    if len(value) > _METADATA_KEYS:
        raise StripeRefusal(f"Metadata can have at most {_METADATA_KEYS} keys; you passed {len(value)}.", param=path)
    for name, text in value.items():
        inner_path = f"{path}[{name}]"
        if not isinstance(text, str):
            raise StripeRefusal("Metadata values must be strings.", param=inner_path)
        if len(name) > _METADATA_KEY_LENGTH:
            message = f"Metadata keys can have up to {_METADATA_KEY_LENGTH} characters, but you passed '{name}'."
            raise StripeRefusal(message, param=inner_path)
        if len(text) > _METADATA_VALUE_LENGTH:
            message = (
                f"Metadata values can have up to {_METADATA_VALUE_LENGTH} characters, but you passed in "
                f"a value that is {len(text)} characters."
            )
            raise StripeRefusal(message, param=inner_path)
    return value
