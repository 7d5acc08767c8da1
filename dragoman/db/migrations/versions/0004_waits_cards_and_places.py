"""What rows wait for, cards of Slack posts, workspaces and what channels and people want."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('cards',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('team', sa.String(length=40), nullable=False),
    sa.Column('place', sa.String(length=40), nullable=False),
    sa.Column('post_ts', sa.String(length=40), nullable=False),
    sa.Column('thread_ts', sa.String(length=40), nullable=False),
    sa.Column('requester', sa.String(length=40), nullable=False),
    sa.Column('message_id', sa.String(length=32), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('shown_place', sa.String(length=40), nullable=True),
    sa.Column('shown_ts', sa.String(length=40), nullable=True),
    sa.Column('shown', sa.String(length=64), nullable=True),
    sa.Column('shown_at', sa.Float(precision=53), nullable=False),
    sa.Column('maybe_sent', sa.Integer(), nullable=False),
    sa.Column('reaction', sa.String(length=60), nullable=True),
    sa.Column('notes', sa.JSON(), nullable=False),
    sa.Column('asks', sa.String(length=20), nullable=True),
    sa.Column('withdrawn_at', sa.Float(precision=53), nullable=True),
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
    sa.UniqueConstraint('key')
    )
    with op.batch_alter_table('cards', schema=None) as batch_op:
        batch_op.create_index('cards_due', ['state', 'run_after'], unique=False)
        batch_op.create_index(batch_op.f('ix_cards_message_id'), ['message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_cards_place'), ['place'], unique=False)
        batch_op.create_index(batch_op.f('ix_cards_team'), ['team'], unique=False)

    op.create_table('places',
    sa.Column('key', sa.String(length=90), nullable=False),
    sa.Column('wishes', sa.JSON(), nullable=False),
    sa.Column('changed_at', sa.Float(precision=53), nullable=False),
    sa.PrimaryKeyConstraint('key')
    )
    op.create_table('teams',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('seen_at', sa.Float(precision=53), nullable=False),
    sa.Column('revoked_at', sa.Float(precision=53), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.add_column(sa.Column('waiting_for', sa.String(length=20), nullable=True))

    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('card_id', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('file_ref', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('secret', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('waiting_for', sa.String(length=20), nullable=True))
        batch_op.create_index(batch_op.f('ix_jobs_card_id'), ['card_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_jobs_file_ref'), ['file_ref'], unique=False)

    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.add_column(sa.Column('waiting_for', sa.String(length=20), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_column('waiting_for')

    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_jobs_file_ref'))
        batch_op.drop_index(batch_op.f('ix_jobs_card_id'))
        batch_op.drop_column('waiting_for')
        batch_op.drop_column('secret')
        batch_op.drop_column('file_ref')
        batch_op.drop_column('card_id')

    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.drop_column('waiting_for')

    op.drop_table('teams')
    op.drop_table('places')
    with op.batch_alter_table('cards', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_cards_team'))
        batch_op.drop_index(batch_op.f('ix_cards_place'))
        batch_op.drop_index(batch_op.f('ix_cards_message_id'))
        batch_op.drop_index('cards_due')

    op.drop_table('cards')
