"""Alembic's environment: runs on the connection it is handed (see :mod:`contactcenter.store.migrate`)."""

from alembic import context

_connection = context.config.attributes["connection"]

context.configure(
    connection=_connection,
    target_metadata=context.config.attributes["metadata"],
    include_name=lambda name, kind, _parents: (
        not (kind == "table" and (name or "").startswith(("procrastinate_", "jobs_schema")))
    ),
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
