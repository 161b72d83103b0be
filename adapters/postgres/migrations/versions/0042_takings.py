"""Reports read sums. A trigger writes down which orders the sums lack, in the transaction that completes them.

Triggers see the orders of the version before, too, which goes on selling. The sums of each show are made afterwards, by
the workers (``adapters.postgres.takings_keeper``); until then its reports go through its orders, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"

# One row for all orders of a statement: a batch of a hot ticket costs one.
_ADDED = """
    CREATE FUNCTION takings_note_added_orders() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO takings_changes (sold, changed)
        SELECT array_agg(id), array_agg(exchanged_from) FILTER (WHERE exchanged_from IS NOT NULL)
        FROM added WHERE completed_at IS NOT NULL HAVING count(*) > 0;
        RETURN NULL;
    END $$
"""
_COMPLETED = """
    CREATE FUNCTION takings_note_completed_order() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO takings_changes (sold, changed)
        VALUES (ARRAY[NEW.id], CASE WHEN NEW.exchanged_from IS NOT NULL THEN ARRAY[NEW.exchanged_from] END);
        RETURN NULL;
    END $$
"""
_TRIGGERS = (
    (
        "CREATE TRIGGER takings_added AFTER INSERT ON orders REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION takings_note_added_orders()"
    ),
    (
        "CREATE TRIGGER takings_completed AFTER UPDATE OF completed_at ON orders FOR EACH ROW "
        "WHEN (OLD.completed_at IS NULL AND NEW.completed_at IS NOT NULL) "
        "EXECUTE FUNCTION takings_note_completed_order()"
    ),
)
_AMOUNTS = (
    "gross",
    "discounts",
    "donations",
    "fees",
    "fees_included",
    "fees_returned",
    "tax",
    "tax_included",
    "refunds",
    "disputes",
)


def _keys() -> list[sa.Column[object]]:
    return [
        sa.Column("show_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("promo_code", sa.Text(), nullable=False),
    ]


def _counts(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "takings",
        *_keys(),
        *_counts("lines", "orders", "tickets", *_AMOUNTS),
        sa.PrimaryKeyConstraint(
            "show_id", "at", "ticket_id", "payment", "channel", "promo_code", name=op.f("takings_pkey")
        ),
    )
    op.create_table(
        "takings_returned",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        *_keys(),
        *_counts("lines", "fees_returned", "refunds", "disputes"),
        sa.PrimaryKeyConstraint("order_id", "at", "ticket_id", name=op.f("takings_returned_pkey")),
    )
    op.create_table(
        "takings_admitted",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("admitted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("takings_admitted_pkey")),
    )
    op.create_table(
        "takings_shows",
        sa.Column("show_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["show_id"], ["shows.id"], name=op.f("takings_shows_show_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("show_id", name=op.f("takings_shows_pkey")),
    )
    op.create_table(
        "takings_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *(
            sa.Column(name, postgresql.ARRAY(sa.Uuid()), nullable=True)
            for name in ("sold", "changed", "came", "undone")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("takings_changes_pkey")),
    )
    for statement in (_ADDED, _COMPLETED, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER takings_completed ON orders")
    op.execute("DROP TRIGGER takings_added ON orders")
    op.execute("DROP FUNCTION takings_note_completed_order")
    op.execute("DROP FUNCTION takings_note_added_orders")
    for table in ("takings_changes", "takings_shows", "takings_admitted", "takings_returned", "takings"):
        op.drop_table(table)
