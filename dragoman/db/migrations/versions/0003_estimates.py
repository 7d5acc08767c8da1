"""A job knows what it will cost, and whether somebody agreed to it."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('to_bill', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('remembered', sa.Float(precision=53), nullable=True))
        batch_op.add_column(sa.Column('approved_at', sa.Float(precision=53), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.drop_column('approved_at')
        batch_op.drop_column('remembered')
        batch_op.drop_column('to_bill')
