"""Labels of accounts and handles: what stands, and what was ever said.

Comes in: the schema at 0003. Goes out: the schema at 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        "account_labels",
        sa.Column("holder", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("is_added", sa.Boolean(), nullable=False),
        sa.Column("by_whom", sa.String(length=128), nullable=False),
        sa.Column("rule_version", sa.String(length=32), nullable=True),
        sa.Column("decision_id", sa.String(length=64), nullable=True),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("holder", "key", "name", "source", name=op.f("pk_account_labels")),
    )
    op.create_index(op.f("ix_account_labels_name"), "account_labels", ["name"], unique=False)
    op.create_table(
        "label_changes",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("by_whom", sa.String(length=128), nullable=False),
        sa.Column("rule_version", sa.String(length=32), nullable=True),
        sa.Column("decision_id", sa.String(length=64), nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position", "ordinal", "place", name=op.f("pk_label_changes")),
    )
    op.create_index(
        op.f("ix_label_changes_holder_key"), "label_changes", ["holder", "key"], unique=False
    )
