"""Numbered migrations of the schema, run by Alembic from inside the package.

Comes in: a connection in a write transaction. Goes out: the schema at its newest version.
Always holds: a migration that was released is never edited.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

__all__ = ["alembic_config", "upgrade"]


def alembic_config(connection: sa.Connection) -> Config:
    """Alembic's configuration for this package's migrations over an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: sa.Connection) -> None:
    """Run every migration that this database has not seen."""
    command.upgrade(alembic_config(connection), "head")
