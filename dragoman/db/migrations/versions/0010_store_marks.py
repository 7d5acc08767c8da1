"""Which store belongs to this database: its identity, and the generation of the marker that it wrote there last."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'store_marks',
        sa.Column('id', sa.String(length=10), nullable=False),
        sa.Column('database', sa.String(length=32), nullable=False),
        sa.Column('generation', sa.Integer(), nullable=False),
        sa.Column('token', sa.String(length=32), nullable=False),
        sa.Column('pending', sa.String(length=32), nullable=True),
        sa.Column('keeps_strangers', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )


def downgrade() -> None:
    op.drop_table('store_marks')
