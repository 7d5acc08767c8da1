"""What a job came to: tokens of a language model, and its price."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('jobs') as batch_op:
        batch_op.add_column(sa.Column('tokens_read', sa.BigInteger(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('tokens_written', sa.BigInteger(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('paid', sa.Float(precision=53), nullable=True))
        batch_op.add_column(sa.Column('paid_in', sa.String(length=3), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('jobs') as batch_op:
        batch_op.drop_column('paid_in')
        batch_op.drop_column('paid')
        batch_op.drop_column('tokens_written')
        batch_op.drop_column('tokens_read')
