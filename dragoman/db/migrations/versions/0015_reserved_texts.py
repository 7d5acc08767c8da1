"""Texts that a job is asking an engine for just now, so that its team asks for none of them twice."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'reserved_texts',
        sa.Column('key', sa.String(64), primary_key=True),
        sa.Column('row_id', sa.String(32), nullable=False),
        sa.Column('epoch', sa.Integer(), nullable=False),
    )
    op.create_index('ix_reserved_texts_row_id', 'reserved_texts', ['row_id'])


def downgrade() -> None:
    op.drop_table('reserved_texts')
