"""A job knows the team of its owner (a Slack workspace, a mail domain), which has limits of its own, and how many parts it has."""

import sqlalchemy as sa
from alembic import op

from dragoman.domain.owner import team_of
from dragoman.telemetry import hashed

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

JOBS = sa.table('jobs', sa.column('owner', sa.String), sa.column('team', sa.String))


def upgrade() -> None:
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('team', sa.String(length=10), nullable=True))
        batch_op.create_index('ix_jobs_team', ['team'])
        batch_op.add_column(sa.Column('parts', sa.Integer(), nullable=False, server_default='0'))
    op.execute('UPDATE jobs SET parts = (SELECT count(*) FROM parts WHERE parts.job_id = jobs.id)')
    connection = op.get_bind()
    for owner in connection.scalars(sa.select(JOBS.c.owner).distinct()).all():
        team = team_of(owner)
        if team:
            connection.execute(sa.update(JOBS).where(JOBS.c.owner == owner).values(team=hashed(team)))


def downgrade() -> None:
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.drop_index('ix_jobs_team')
        batch_op.drop_column('team')
        batch_op.drop_column('parts')
