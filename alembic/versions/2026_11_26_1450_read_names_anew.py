"""Read the words of names by today's tables, which number their sounds anew; customers follow when the job runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

revision = "2026_11_26_1450"
down_revision = "2026_11_26_1345"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Only where there are any, so that a new installation doesn't depend on what today's code makes of them.
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM name_words)")):
        from erp_club.customers.names.commands import rekey_words

        with Session(op.get_bind(), join_transaction_mode="create_savepoint") as session:
            while rekey_words(session):
                pass
            session.commit()


def downgrade() -> None:
    """What is read anew is found by either."""
