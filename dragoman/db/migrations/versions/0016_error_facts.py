"""What an error's words are about, as values, so that its detail is for the log alone."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

TABLES = ('inbox', 'jobs', 'parts', 'outbox', 'cards', 'tokens')


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column('error_facts', sa.JSON(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column('error_facts')
