"""Stripe's nested form encoding: ``line_items[0][price_data][currency]=usd``."""

from urllib.parse import parse_qsl

from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.protocol.json_types import JsonObject

_MAXIMUM_FIELDS = 5_000


def decode_form(encoded: str) -> JsonObject:
    """Text of a form or query as nested dicts; arrays are dicts of "0", "1" … until a schema says otherwise.

    Raises StripeRefusal if a key is both a value and a parent of others.
    """
    root: JsonObject = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True, max_num_fields=_MAXIMUM_FIELDS):
        _insert(root, name, value)
    return root


def _insert(root: JsonObject, name: str, value: str) -> None:
    *parents, leaf = _path(name)
    node = root
    for key in parents:
        node = node.setdefault(key or str(len(node)), {})
        if not isinstance(node, dict):
            raise StripeRefusal(f"Invalid object: {name}", param=name)
    if isinstance(node.get(leaf), dict):
        raise StripeRefusal(f"Invalid object: {name}", param=name)
    node[leaf or str(len(node))] = value


def _path(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket:
        return [head]
    return [head, *rest.removesuffix("]").split("][")]
