"""What a job would cost in money, and why it was asked about; whose the remembered texts are, and what made them.

Rows of the translation memory from before have no team. Their keys fit no question any more: nobody is answered from
them, and the daily clean-up drops them after MEMORY_DAYS.
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('jobs') as batch_op:
        batch_op.add_column(sa.Column('price', sa.Float(precision=53), nullable=True))
        batch_op.add_column(sa.Column('currency', sa.String(length=3), nullable=True))
        batch_op.add_column(sa.Column('approval_reason', sa.String(length=20), nullable=True))
    with op.batch_alter_table('translations') as batch_op:
        batch_op.add_column(sa.Column('team', sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column('engine_version', sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('translations') as batch_op:
        batch_op.drop_column('engine_version')
        batch_op.drop_column('team')
    with op.batch_alter_table('jobs') as batch_op:
        batch_op.drop_column('approval_reason')
        batch_op.drop_column('currency')
        batch_op.drop_column('price')
