"""Tokens that open a mail server for us: one row for each credential, shared by all processes."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'tokens',
        sa.Column('id', sa.String(length=64), nullable=False),
        sa.Column('sealed', sa.Text(), nullable=True),
        sa.Column('issued_at', sa.Float(precision=53), nullable=False),
        sa.Column('usable_until', sa.Float(precision=53), nullable=False),
        sa.Column('state', sa.String(length=10), nullable=False),
        sa.Column('epoch', sa.Integer(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('losses', sa.Integer(), nullable=False),
        sa.Column('lease_until', sa.Float(precision=53), nullable=False),
        sa.Column('holder', sa.String(length=40), nullable=True),
        sa.Column('run_after', sa.Float(precision=53), nullable=False),
        sa.Column('rung_at', sa.Float(precision=53), nullable=False),
        sa.Column('rings', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.Float(precision=53), nullable=False),
        sa.Column('ended_at', sa.Float(precision=53), nullable=True),
        sa.Column('waiting_for', sa.String(length=20), nullable=True),
        sa.Column('error_code', sa.String(length=40), nullable=True),
        sa.Column('error_message', sa.Text(), nullable=True),
        sa.Column('error_advice', sa.Text(), nullable=True),
        sa.Column('error_detail', sa.Text(), nullable=True),
        sa.Column('traceparent', sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )


def downgrade() -> None:
    op.drop_table('tokens')
