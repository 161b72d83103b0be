"""The yardstick: pgbench, which comes with PostgreSQL, on the same server with the same durability.

Three ways to write orders of one hot ticket, with foreign keys: (a) one transaction an order in five round trips, as
most software does it; (b) the best that one order a transaction can do, the same as one statement; (c) 32 orders a
transaction.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from demo.embedded import EmbeddedPostgres

ORDERS_IN_A_TRANSACTION = 32

_SCHEMA = """
CREATE TABLE yard_tickets (id int PRIMARY KEY, quantity int NOT NULL, sold int NOT NULL DEFAULT 0,
                           CHECK (sold >= 0 AND sold <= quantity)) WITH (fillfactor = 50);
CREATE TABLE yard_orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL,
                          total int NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE yard_lines (order_id bigint NOT NULL REFERENCES yard_orders, line int NOT NULL,
                         ticket_id int NOT NULL REFERENCES yard_tickets, quantity int NOT NULL, price int NOT NULL,
                         PRIMARY KEY (order_id, line));
INSERT INTO yard_tickets (id, quantity) VALUES (1, 2000000000);
"""

_FIVE_ROUND_TRIPS = """
BEGIN;
UPDATE yard_tickets SET sold = sold + 1 WHERE id = 1 AND sold < quantity;
INSERT INTO yard_orders (email, total) VALUES ('ada@example.org', 5484) RETURNING id \\gset
INSERT INTO yard_lines VALUES (:id, 0, 1, 1, 2500);
COMMIT;
"""

_IN_ONE_STATEMENT = """
WITH ticket AS (UPDATE yard_tickets SET sold = sold + {count} WHERE id = 1 AND sold + {count} <= quantity RETURNING id),
     placed AS (INSERT INTO yard_orders (email, total)
                SELECT 'ada@example.org', 5484 FROM ticket, generate_series(1, {count}) RETURNING id)
INSERT INTO yard_lines SELECT placed.id, 0, ticket.id, 1, 2500 FROM placed, ticket;
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How orders are written, by how many clients, and how many at a time."""

    script: str
    clients: int
    orders: int = 1


WAYS = {
    "a": Way(_FIVE_ROUND_TRIPS, clients=32),
    "b": Way(_IN_ONE_STATEMENT.format(count=1), clients=8),
    "c": Way(_IN_ONE_STATEMENT.format(count=ORDERS_IN_A_TRANSACTION), clients=8, orders=ORDERS_IN_A_TRANSACTION),
}


class Yardstick:
    """A separate database beside the service's."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._pgbench = postgres.pgbench
        self._url = postgres.create_database("yardstick")
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(_SCHEMA)

    def orders_per_second(self, way: str, *, seconds: int) -> float:
        """Let pgbench write orders for ``seconds``. Raises subprocess.CalledProcessError."""
        chosen = WAYS[way]
        with tempfile.TemporaryDirectory() as directory:
            script = Path(directory) / "orders.sql"
            script.write_text(chosen.script)
            command = [str(self._pgbench), "--no-vacuum", "--protocol=prepared", f"--file={script}"]
            command += [f"--client={chosen.clients}", "--jobs=2", f"--time={seconds}", self._url]
            finished = subprocess.run(command, capture_output=True, text=True, check=True)
        found = re.search(r"^tps = ([0-9.]+)", finished.stdout, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"pgbench did not say how fast it was: {finished.stdout}")
        return float(found[1]) * chosen.orders
