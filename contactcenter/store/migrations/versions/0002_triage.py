"""Triage."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "answer_policy",
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("target_error", sa.Float(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("audit_rate", sa.Float(), nullable=False),
        sa.Column("shadow_rate", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("proof", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("proposal", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reference", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("drift", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("model", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("looks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attention", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("category", "language", name=op.f("pk_answer_policy")),
    )
    op.create_table(
        "answer_policy_change",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("category", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("language", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("agent_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("was", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("now", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_policy_change")),
    )
    op.create_index(
        "ix_answer_policy_change_policy",
        "answer_policy_change",
        ["category", "language", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "model_change",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("model", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("version", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("previous", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("agent_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_change")),
    )
    op.create_table(
        "topic",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("language", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("terms", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("questions", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("signature", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("customers", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("recent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("before", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("category", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("article_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("agent_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
    )
    op.create_index(
        "ix_topic_state",
        "topic",
        ["state", sa.literal_column("count DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "article_vector",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("article_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("encoder", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_vector_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_vector")),
    )
    op.create_index("uq_article_vector_article_id_encoder", "article_vector", ["article_id", "encoder"], unique=True)
    op.create_table(
        "article_version",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("article_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("author_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_version_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_version")),
    )
    op.create_index("uq_article_version", "article_version", ["article_id", "version"], unique=True)
    op.create_table(
        "answer_decision",
        sa.Column("message_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("conversation_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("category", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("language", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("action", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("article_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("article_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answer", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("model", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("drawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("verdict", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("judged_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reaction", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_answer_decision_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_answer_decision")),
    )
    op.create_index("ix_answer_decision_at", "answer_decision", ["at"], unique=False)
    op.create_index(
        "ix_answer_decision_conversation",
        "answer_decision",
        ["conversation_id"],
        unique=False,
        postgresql_where=sa.text("action = 'answered' AND reaction = ''"),
    )
    op.create_index(
        "ix_answer_decision_drawn",
        "answer_decision",
        ["category", "language", "epoch", "message_id"],
        unique=False,
        postgresql_where=sa.text("drawn"),
    )
    op.create_index(
        "ix_answer_decision_epoch", "answer_decision", ["category", "language", "epoch", "message_id"], unique=False
    )
    op.create_index(
        "ix_answer_decision_open",
        "answer_decision",
        ["message_id"],
        unique=False,
        postgresql_where=sa.text("drawn AND verdict = ''"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("message_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("head", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("label", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("was", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("article_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("agent_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("weight", sa.Float(), server_default=sa.text("1"), nullable=False),
        sa.Column("model", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("stands", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_feedback_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_message", "feedback", ["message_id", "id"], unique=False)
    op.create_index(
        "uq_feedback_standing",
        "feedback",
        ["message_id", "head", "article_id"],
        unique=True,
        postgresql_where=sa.text("stands"),
    )
    op.create_table(
        "topic_message",
        sa.Column("topic_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("message_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_topic_message_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_message_topic_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("topic_id", "message_id", name=op.f("pk_topic_message")),
    )
    op.create_index("ix_topic_message_message", "topic_message", ["message_id"], unique=False)
    # What agents had set right before is kept.
    op.execute(
        """
        INSERT INTO feedback (id, message_id, head, label, was, agent_id, stands, at)
        SELECT id, message_id, field,
            CASE now WHEN 'true' THEN 'yes' WHEN 'false' THEN 'no' ELSE now END,
            CASE was WHEN 'true' THEN 'yes' WHEN 'false' THEN 'no' ELSE was END,
            agent_id, row_number() OVER (PARTITION BY message_id, field ORDER BY id DESC) = 1, at
        FROM correction
        """
    )
    op.drop_index(op.f("ix_correction_message_id"), table_name="correction")
    op.drop_table("correction")
    op.add_column("article", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("article", sa.Column("valid_until", sa.Date(), nullable=True))
    op.add_column("article", sa.Column("queue", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("article", sa.Column("author_id", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("article", sa.Column("approved_by", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("article", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("article", "approved_at")
    op.drop_column("article", "approved_by")
    op.drop_column("article", "author_id")
    op.drop_column("article", "queue")
    op.drop_column("article", "valid_until")
    op.drop_column("article", "valid_from")
    op.create_table(
        "correction",
        sa.Column("id", sa.UUID(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.UUID(), autoincrement=False, nullable=False),
        sa.Column("agent_id", sa.TEXT(), server_default=sa.text("''::text"), autoincrement=False, nullable=False),
        sa.Column("field", sa.TEXT(), server_default=sa.text("''::text"), autoincrement=False, nullable=False),
        sa.Column("was", sa.TEXT(), server_default=sa.text("''::text"), autoincrement=False, nullable=False),
        sa.Column("now", sa.TEXT(), server_default=sa.text("''::text"), autoincrement=False, nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_correction_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    op.create_index(op.f("ix_correction_message_id"), "correction", ["message_id"], unique=False)
    op.drop_index("ix_topic_message_message", table_name="topic_message")
    op.drop_table("topic_message")
    op.drop_index("uq_feedback_standing", table_name="feedback", postgresql_where=sa.text("stands"))
    op.drop_index("ix_feedback_message", table_name="feedback")
    op.drop_table("feedback")
    op.drop_index(
        "ix_answer_decision_open", table_name="answer_decision", postgresql_where=sa.text("drawn AND verdict = ''")
    )
    op.drop_index("ix_answer_decision_epoch", table_name="answer_decision")
    op.drop_index("ix_answer_decision_drawn", table_name="answer_decision", postgresql_where=sa.text("drawn"))
    op.drop_index(
        "ix_answer_decision_conversation",
        table_name="answer_decision",
        postgresql_where=sa.text("action = 'answered' AND reaction = ''"),
    )
    op.drop_index("ix_answer_decision_at", table_name="answer_decision")
    op.drop_table("answer_decision")
    op.drop_index("uq_article_version", table_name="article_version")
    op.drop_table("article_version")
    op.drop_index("uq_article_vector_article_id_encoder", table_name="article_vector")
    op.drop_table("article_vector")
    op.drop_index("ix_topic_state", table_name="topic")
    op.drop_table("topic")
    op.drop_table("model_change")
    op.drop_index("ix_answer_policy_change_policy", table_name="answer_policy_change")
    op.drop_table("answer_policy_change")
    op.drop_table("answer_policy")
