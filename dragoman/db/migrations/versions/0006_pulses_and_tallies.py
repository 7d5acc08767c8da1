"""Processes say how they are, events are counted, and each worker says what its own engines can do."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'pulses',
        sa.Column('service', sa.String(length=80), nullable=False),
        sa.Column('pid', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('facts', sa.JSON(), nullable=False),
        sa.Column('seen_at', sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint('service', 'pid'),
    )
    op.create_table(
        'tallies',
        sa.Column('name', sa.String(length=40), nullable=False),
        sa.Column('labels', sa.String(length=200), nullable=False),
        sa.Column('bucket', sa.String(length=12), nullable=False),
        sa.Column('count', sa.BigInteger(), nullable=False),
        sa.Column('total', sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint('name', 'labels', 'bucket'),
    )
    op.drop_table('capabilities')  # the workers say it again when they start
    op.create_table(
        'capabilities',
        sa.Column('worker', sa.String(length=80), nullable=False),
        sa.Column('engine', sa.String(length=40), nullable=False),
        sa.Column('facts', sa.JSON(), nullable=False),
        sa.Column('seen_at', sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint('worker', 'engine'),
    )


def downgrade() -> None:
    op.drop_table('capabilities')
    op.create_table(
        'capabilities',
        sa.Column('engine', sa.String(length=40), nullable=False),
        sa.Column('facts', sa.JSON(), nullable=False),
        sa.Column('seen_at', sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint('engine'),
    )
    op.drop_table('tallies')
    op.drop_table('pulses')
