"""Hits of rules: one row per hit, of rules in force and in shadow. Packs that are prepared.

Comes in: the schema at 0001. Goes out: the schema at 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        "rule_hits",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=128), nullable=False),
        sa.Column("rule_version", sa.String(length=32), nullable=False),
        sa.Column("decision_id", sa.String(length=64), nullable=True),
        sa.Column("event_id", sa.String(length=512), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=512), nullable=False),
        sa.Column("actor", sa.String(length=512), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("clause", sa.String(length=128), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("is_overridden", sa.Boolean(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position", "mode", "ordinal", "rule", name=op.f("pk_rule_hits")),
    )
    op.create_index(op.f("ix_rule_hits_event_id"), "rule_hits", ["event_id"], unique=False)
    op.create_index(op.f("ix_rule_hits_rule_at_us"), "rule_hits", ["rule", "at_us"], unique=False)
    op.create_index(op.f("ix_rule_hits_decision_id"), "rule_hits", ["decision_id"], unique=False)
    op.create_table(
        "prepared_packs",
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_prepared_packs")),
    )
