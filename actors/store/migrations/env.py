"""Alembic's entry: runs all pending revisions in one transaction on the connection that `upgrade` opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema="touchline",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
