"""Deliveries that could not be made as they were: why, so that the sender is told instead."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('outbox', sa.Column('instead', sa.String(length=60), nullable=True))
    op.add_column('outbox', sa.Column('instead_detail', sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('outbox') as batch:
        batch.drop_column('instead_detail')
        batch.drop_column('instead')
