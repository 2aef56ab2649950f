"""Back-tests and their differences.

Comes in: the schema at 0005. Goes out: the schema at 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        "backtests",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("base_version", sa.String(length=64), nullable=False),
        sa.Column("by_whom", sa.String(length=128), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_at_us", sa.BigInteger(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=True),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("events_done", sa.BigInteger(), nullable=False),
        sa.Column("took_us", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=True),
        sa.Column("pack", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtests")),
    )
    op.create_index(op.f("ix_backtests_at_us"), "backtests", ["at_us"], unique=False)
    op.create_table(
        "backtest_changes",
        sa.Column("backtest_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=512), nullable=False),
        sa.Column("actor", sa.String(length=512), nullable=True),
        sa.Column("event_id", sa.String(length=512), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("rules_before", sa.Text(), nullable=False),
        sa.Column("rules_after", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("mark", sa.String(length=8), nullable=True),
        sa.Column("marked_by", sa.String(length=128), nullable=True),
        sa.Column("marked_at_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("backtest_id", "number", name=op.f("pk_backtest_changes")),
    )
    op.create_index(
        op.f("ix_backtest_changes_backtest_id_kind"),
        "backtest_changes",
        ["backtest_id", "kind"],
        unique=False,
    )
    op.create_index(
        op.f("ix_backtest_changes_backtest_id_actor"),
        "backtest_changes",
        ["backtest_id", "actor"],
        unique=False,
    )
