"""${message}.

Comes in: the schema at ${down_revision or "nothing"}. Goes out: the schema at ${up_revision}.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Move forward."""
    ${upgrades if upgrades else "pass"}
