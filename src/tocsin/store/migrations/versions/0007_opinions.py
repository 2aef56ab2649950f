"""Opinions of outside models, and what they move.

Comes in: the schema at 0006. Goes out: the schema at 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Move forward."""
    op.add_column("cases", sa.Column("moved", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("cases", sa.Column("opinion", sa.BigInteger(), nullable=True))
    op.create_table(
        "opinions",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("decision_id", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=512), nullable=False),
        sa.Column("clause", sa.String(length=128), nullable=False),
        sa.Column("words", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("style", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("by_whom", sa.String(length=128), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_opinions")),
    )
    op.create_index(op.f("ix_opinions_case_id"), "opinions", ["case_id"], unique=False)
    op.create_index(op.f("ix_opinions_event_id"), "opinions", ["event_id"], unique=False)
