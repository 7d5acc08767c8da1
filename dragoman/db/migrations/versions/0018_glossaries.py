"""Glossaries that are kept for a person, a channel or a team."""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'glossaries',
        sa.Column('scope', sa.String(320), primary_key=True),
        sa.Column('name', sa.String(60), primary_key=True),
        sa.Column('target_lang', sa.String(20), primary_key=True),
        sa.Column('source_lang', sa.String(20), nullable=True),
        sa.Column('terms', sa.JSON(), nullable=False),
        sa.Column('kept_at', sa.Float(precision=53), nullable=False),
    )


def downgrade() -> None:
    op.drop_table('glossaries')
