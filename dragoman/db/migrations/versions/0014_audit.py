"""The audit trail."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'audit',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), primary_key=True, autoincrement=True),
        sa.Column('at', sa.Float(53), nullable=False),
        sa.Column('action', sa.String(20), nullable=False),
        sa.Column('channel', sa.String(20), nullable=False),
        sa.Column('job_id', sa.String(32), nullable=False),
        sa.Column('owner', sa.String(320), nullable=False),
        sa.Column('who', sa.String(320), nullable=True),
        sa.Column('address', sa.String(60), nullable=True),
    )
    op.create_index('ix_audit_at', 'audit', ['at'])
    op.create_index('ix_audit_job_id', 'audit', ['job_id'])


def downgrade() -> None:
    op.drop_table('audit')
