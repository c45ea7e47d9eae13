"""Public help pages: how often they are read and searched."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "article_reading",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("article_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("views", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("said_yes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("said_no", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_reading_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("day", "article_id", name=op.f("pk_article_reading")),
    )
    op.create_table(
        "help_search",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("searches", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("without_result", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("day", "language", name=op.f("pk_help_search")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("help_search")
    op.drop_table("article_reading")
