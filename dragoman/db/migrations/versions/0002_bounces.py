"""A delivery knows whether it came back."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.add_column(sa.Column('bounced_at', sa.Float(precision=53), nullable=True))
        batch_op.add_column(sa.Column('bounce', sa.String(length=300), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_column('bounce')
        batch_op.drop_column('bounced_at')
