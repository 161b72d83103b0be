"""How much of a duplicate payment banks took, and how much of that came out of the producer's transfer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"

_TABLE = "duplicate_payments"


def upgrade() -> None:
    op.alter_column(_TABLE, "charged_back", server_default=sa.false())
    op.add_column(_TABLE, sa.Column("taken", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column(_TABLE, sa.Column("recovered", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column(_TABLE, sa.Column("contested", sa.Boolean(), nullable=False, server_default=sa.false()))
    # How much a bank took was not stored. The review of disputes at Stripe puts right what follows from this.
    op.execute(
        "UPDATE duplicate_payments SET taken = amount, status = 'succeeded', failure_reason = NULL WHERE charged_back"
    )
    op.create_check_constraint("taken", _TABLE, "taken BETWEEN 0 AND amount")
    op.create_check_constraint("recovered", _TABLE, "recovered BETWEEN 0 AND amount")


def downgrade() -> None:
    op.drop_constraint(op.f("duplicate_payments_recovered_check"), _TABLE)
    op.drop_constraint(op.f("duplicate_payments_taken_check"), _TABLE)
    op.drop_column(_TABLE, "contested")
    op.drop_column(_TABLE, "recovered")
    op.drop_column(_TABLE, "taken")
    op.alter_column(_TABLE, "charged_back", server_default=None)
