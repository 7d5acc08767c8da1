"""Long documents have parts."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'parts',
        sa.Column('id', sa.String(length=32), nullable=False),
        sa.Column('job_id', sa.String(length=32), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('stage', sa.String(length=20), nullable=False),
        sa.Column('pages', sa.JSON(), nullable=False),
        sa.Column('progress', sa.Integer(), nullable=False),
        sa.Column('artifact', sa.String(length=200), nullable=True),
        sa.Column('facts', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(length=10), nullable=False),
        sa.Column('waiting_for', sa.String(length=20), nullable=True),
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
        sa.Column('error_code', sa.String(length=40), nullable=True),
        sa.Column('error_message', sa.Text(), nullable=True),
        sa.Column('error_advice', sa.Text(), nullable=True),
        sa.Column('error_detail', sa.Text(), nullable=True),
        sa.Column('traceparent', sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(['job_id'], ['jobs.id']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('job_id', 'number'),
    )
    op.create_index('ix_parts_job_id', 'parts', ['job_id'])
    op.create_index('parts_due', 'parts', ['state', 'run_after'])
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('parts_left', sa.Integer(), nullable=False, server_default='0'))


def downgrade() -> None:
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.drop_column('parts_left')
    op.drop_index('parts_due', table_name='parts')
    op.drop_index('ix_parts_job_id', table_name='parts')
    op.drop_table('parts')
