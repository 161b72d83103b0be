"""The statements that a database was sent, and which of them would need more than one shard.

docs/scaling.md has the distribution: all that belongs to a producer lies together, and ids of its objects lead there. A
statement stays on one shard if each part that reads or changes a producer's tables goes by such an id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot import exp

from adapters.postgres.tables import metadata
from demo.embedded import EmbeddedPostgres

#: Small, and rarely written: every shard has a copy of them.
EVERYWHERE: Final = frozenset({"producers", "producer_financials", "pictures", "tax_locations"})
#: About the platform, its people, and what Stripe and browsers name: they lie together on one database.
CENTRAL: Final = frozenset(
    {
        *("persons", "memberships", "digests", "office_sessions", "sign_in_links", "invitations", "passkeys"),
        *("passkey_challenges", "access_tokens", "devices", "pairings", "payment_events", "order_lookups"),
    }
)
PRODUCERS_OWN: Final = frozenset(metadata.tables) - EVERYWHERE - CENTRAL
#: Columns that end in _id and lead to no producer: they are Stripe's, the platform's, or a scanner's own.
LEAD_NOWHERE: Final = frozenset(
    {
        *("session_id", "payment_intent_id", "charge_id", "stripe_account_id", "stripe_refund_id", "object_id"),
        *("person_id", "token_id", "device_id", "location_id", "reversal_id", "credential_id"),
    }
)
#: Their ids are Stripe's.
_NAMED_BY_STRIPE: Final = frozenset({"disputes"})
#: Settings of a server whose statements are to be read.
LOGGING: Final = {"log_statement": "all", "log_parameter_max_length": "0"}
_LOGGED: Final = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)", re.DOTALL)
_LINE: Final = re.compile(rb"^\d{4}-\d\d-\d\d ", re.MULTILINE)
_UNIMPORTANT: Final = re.compile(
    r"\s*(BEGIN|COMMIT|ROLLBACK|SET|SHOW|SAVEPOINT|RELEASE|DEALLOCATE|VACUUM|ANALYZE|LOCK|FETCH|CLOSE)\b", re.IGNORECASE
)
_CURSOR: Final = re.compile(r'\s*DECLARE "?\w+"? .*?CURSOR.*? FOR ', re.IGNORECASE)


@contextmanager
def statements_of(postgres: EmbeddedPostgres) -> Iterator[set[str]]:
    """The different statements that a server with LOGGING is sent in the block; the set is filled at its end."""
    found: set[str] = set()
    start = postgres.log_path.stat().st_size
    yield found
    found |= set(_logged(postgres.log_path, start))


def _logged(log: Path, start: int) -> Iterator[str]:
    with log.open("rb") as opened:
        opened.seek(start)
        content = opened.read()
    starts = [match.start() for match in _LINE.finditer(content)]
    for begin, end in zip(starts, [*starts[1:], len(content)], strict=True):
        statement = _LOGGED.search(content[begin:end].decode())
        if statement and not _UNIMPORTANT.match(statement[1]):
            yield _CURSOR.sub("", statement[1].replace("\n\t", "\n").strip(), count=1)


def across_shards(statement: str) -> str | None:
    """What the statement does across shards, such as "select orders by session_id"; None if one shard does it."""
    tree = sqlglot.parse_one(statement, read="postgres")
    parts = [part for part in _parts(tree) if part[0]]
    if not parts:
        return None
    loose = [(tables, columns) for tables, columns, is_bound in parts if not is_bound]
    if not loose and (_has_rows(tree) or any(map(_is_given, tree.find_all(exp.EQ, exp.In)))):
        return None
    concerned = loose or [(tables, columns) for tables, columns, _ in parts]
    tables = sorted({table for each, _ in concerned for table in each})
    columns = sorted({column for _, each in concerned for column in each})
    return f"{tree.key} {', '.join(tables)} by {', '.join(columns) or 'nothing'}"


def _parts(tree: exp.Expr) -> Iterator[tuple[set[str], set[str], bool]]:
    """Of each part: the producers' tables in it, the columns that limit it, and whether one leads to a producer."""
    for part in tree.find_all(exp.Select, exp.Update, exp.Delete):
        tables = set(_own_tables(part))
        conditions = list(_conditions(part))
        columns = {column.name for condition in conditions for column in _columns(condition)}
        yield tables, columns, any(_leads(condition, tables) for condition in conditions)


def _own_tables(part: exp.Expr) -> Iterator[str]:
    """The producers' tables that this part itself names, not the parts in it."""
    yield from (table.name for table in part.find_all(exp.Table) if table.name in PRODUCERS_OWN and _is_in(table, part))


def _conditions(part: exp.Expr) -> Iterator[exp.Expr]:
    """Comparisons for equality in the part itself."""
    for condition in part.find_all(exp.EQ, exp.In, exp.GTE):
        if isinstance(condition, exp.GTE) and "ctid" not in {column.name for column in _columns(condition)}:
            continue
        is_assignment = isinstance(condition.parent, exp.Update) and condition.arg_key == "expressions"
        if _is_in(condition, part) and not is_assignment:
            yield condition


def _is_in(node: exp.Expr, part: exp.Expr) -> bool:
    """Whether the innermost part that the node is in is this one."""
    return node.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert) is part


def _columns(condition: exp.Expr) -> Iterator[exp.Column]:
    sides = (condition.this, condition.expression)
    bare = (side.this if isinstance(side, exp.Lower) else side for side in sides)
    yield from (side for side in bare if isinstance(side, exp.Column))


def _leads(condition: exp.Expr, tables: set[str]) -> bool:
    return any(_is_key(column, tables) for column in _columns(condition))


def _is_key(column: exp.Column, tables: set[str]) -> bool:
    if column.name == "ctid":  # a place in this database's own files: the pass runs on every shard for itself
        return True
    if column.name == "id":
        return not tables & _NAMED_BY_STRIPE or len(tables) > 1
    return (column.name.endswith("_id") and column.name not in LEAD_NOWHERE) or column.name == "exchanged_from"


def _is_given(condition: exp.Expr) -> bool:
    """Whether the comparison is with a value that came with the statement, and leads to a producer."""
    is_key = any(_is_key(column, set()) for column in _columns(condition))
    return is_key and bool(condition.find(exp.Parameter, exp.Placeholder, exp.Literal, exp.Any))


def _has_rows(tree: exp.Expr) -> bool:
    """Whether the statement joins rows that came with it, as an array or as JSON."""
    functions = (*tree.find_all(exp.Unnest), *(table for table in tree.find_all(exp.Table) if not table.name))
    return any(function.find(exp.Parameter, exp.Placeholder) for function in functions)
