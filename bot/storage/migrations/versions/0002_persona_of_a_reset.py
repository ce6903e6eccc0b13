"""A reset remembers the persona that it took back, so that its undo can bring it back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("resets", sa.Column("persona", sa.Text(), nullable=True))
