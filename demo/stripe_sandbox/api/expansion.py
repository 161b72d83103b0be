"""Stripe's ``expand``: ids in an answer replaced by the objects they name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from demo.stripe_sandbox.ledger.state import KINDS, AccountLedger
from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.protocol.json_types import JsonObject
from demo.stripe_sandbox.resources import accounts, sessions
from demo.stripe_sandbox.resources.listing import list_object

_DEEPEST = 4

_Tree: TypeAlias = "dict[str, _Tree]"


def expanded(ledger: AccountLedger, answer: JsonObject, paths: Sequence[str]) -> JsonObject:
    """A copy of ``answer`` with the properties at ``paths`` ("payment_intent.latest_charge") expanded.

    Raises StripeRefusal for a property that cannot be expanded, or one deeper than four levels.
    """
    tree: _Tree = {}
    for path in paths:
        names = path.split(".")
        if len(names) > _DEEPEST:
            raise StripeRefusal(f"You cannot expand more than {_DEEPEST} levels of a property.", param="expand")
        node = tree
        for name in names:
            node = node.setdefault(name, {})
    return _Expander(ledger).expand(answer, tree, _Place()) if tree else answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A place of an expansion: ``inside`` an object of some ``kind``, with the whole path ``taken`` to it."""

    kind: str = ""
    inside: str = ""
    taken: str = ""

    def entering(self, value: JsonObject) -> "_Place":
        """The place of a value's properties: an object with a name of its kind begins a new path."""
        kind = value.get("object")
        return replace(self, kind=kind, inside="") if isinstance(kind, str) else self

    def step(self, name: str) -> "_Place":
        return replace(
            self,
            inside=f"{self.inside}.{name}" if self.inside else name,
            taken=f"{self.taken}.{name}" if self.taken else name,
        )


class _Expander:
    def __init__(self, ledger: AccountLedger) -> None:
        self._ledger = ledger
        self._expandable = ledger.state.spec.expandable

    def expand(self, value: Any, tree: _Tree, place: _Place) -> Any:
        if isinstance(value, list):
            return [self.expand(item, tree, place) for item in value]
        if not tree or not isinstance(value, dict):
            return value
        here = place.entering(value)
        copy = dict(value)
        for name, subtree in tree.items():
            inner = here.step(name)
            found = self._property(copy, name, inner, goes_on=bool(subtree))
            copy[name] = self.expand(found, subtree, inner)
        return copy

    def _property(self, owner: JsonObject, name: str, place: _Place, *, goes_on: bool) -> Any:
        """``goes_on`` says that the path leads further in; then the property itself need not expand."""
        if place.kind == "list" and name == "data":
            return owner["data"]
        paths = self._expandable.get(place.kind, frozenset())
        if place.inside in paths:
            return self._lookup(owner, name, place.kind)
        value = owner.get(name)
        if goes_on and (isinstance(value, dict) or any(path.startswith(f"{place.inside}.") for path in paths)):
            return value
        raise StripeRefusal(f"This property cannot be expanded ({place.taken}).", param="expand")

    def _lookup(self, owner: JsonObject, name: str, kind: str) -> Any:
        included = _INCLUDED.get((kind, name))
        if included is not None:
            return included(self._ledger, owner)
        value = owner.get(name)
        return self._object(value) if isinstance(value, str) else value

    def _object(self, object_id: str) -> JsonObject | str:
        """The object of an id; the id itself if the sandbox has no such object."""
        if object_id.startswith("acct_"):
            return accounts.account_of(self._ledger.state, object_id)
        for ledger in self._ledger.state.all_ledgers():
            for kind in KINDS:
                found = ledger.find(kind, object_id)
                if found is not None:
                    return found
        return object_id


def _refunds_of(ledger: AccountLedger, charge: JsonObject) -> JsonObject:
    refunds = [refund for refund in ledger.tables["refund"].newest_first() if refund["charge"] == charge["id"]]
    return list_object(refunds[:10], f"/v1/charges/{charge['id']}/refunds", has_more=len(refunds) > 10)


_INCLUDED: dict[tuple[str, str], Callable[[AccountLedger, JsonObject], JsonObject]] = {
    ("checkout.session", "line_items"): sessions.line_items,
    ("charge", "refunds"): _refunds_of,
}
