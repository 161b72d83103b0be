"""Stripe's published description of the operations the sandbox speaks, read from spec.json.

The data are an extract of Stripe's OpenAPI document (MIT licence, Copyright (c) Stripe, Inc.): the schemas of
request parameters, and which properties of an object ``expand`` can turn into objects.
"""

from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeAlias

import msgspec

Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """``operations`` maps "POST /v1/refunds" to its parameters' schema; ``expandable`` an object's name to paths."""

    api_version: str
    operations: dict[str, Schema]
    expandable: dict[str, frozenset[str]]


def load_spec() -> Spec:
    """Read and resolve the packaged description."""
    packaged = resources.files(__package__).joinpath("spec.json").read_bytes()
    document = msgspec.json.decode(packaged)
    definitions = document["definitions"]
    return Spec(
        api_version=document["about"]["api_version"],
        operations={name: _resolved(schema, definitions) for name, schema in document["operations"].items()},
        expandable={kind: frozenset(paths) for kind, paths in document["expandable"].items()},
    )


def _resolved(node: Any, definitions: dict[str, Schema]) -> Any:
    """The schema with each ``$ref`` replaced by what it names."""
    if isinstance(node, list):
        return [_resolved(inner, definitions) for inner in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        return _resolved(definitions[reference], definitions)
    return {name: _resolved(inner, definitions) for name, inner in node.items()}
