"""Every column has a class, and what must be secret or erasable is."""

from __future__ import annotations

import sqlalchemy as sa

from sealwright.storage.columns import COLUMN_CLASSES, ColumnClass
from sealwright.storage.engines import Database


def test_every_column_of_the_database_has_a_class(database: Database) -> None:
    with database.readers.connect() as connection:
        seen = sa.inspect(connection)
        found = {
            name: {column["name"] for column in seen.get_columns(name)}
            for name in seen.get_table_names()
            # The queue's tables are its own library's: they hold names of tasks, and nothing of anybody.
            if name != "alembic_version" and not name.startswith("procrastinate_")
        }
    found.setdefault("rate_windows", {"bucket", "started_at", "hits"})
    assert {name: set(columns) for name, columns in COLUMN_CLASSES.items()} == found


def test_secrets_and_personal_data_are_classed_as_such() -> None:
    classes = {(table, column): kind for table, columns in COLUMN_CLASSES.items() for column, kind in columns.items()}
    assert {place for place, kind in classes.items() if kind is ColumnClass.SECRET} == {
        ("personal_tokens", "digest"),
        ("api_keys", "digest"),
        ("private_keys", "sealed"),
        ("status_lists", "permutation_key"),
        ("sessions", "digest"),
        ("passwords", "encoded"),
        ("recovery_codes", "digest"),
        ("one_time_links", "digest"),
        ("challenges", "digest"),
        ("challenges", "payload"),
        ("offers", "secret_digest"),
        ("offers", "code_digest"),
        ("wallet_authorizations", "request_digest"),
        ("wallet_authorizations", "code_digest"),
        ("wallet_tokens", "digest"),
        ("wallet_transactions", "digest"),
        ("wallet_notifications", "digest"),
        ("webhooks", "secrets"),
        ("didcomm_messages", "sealed"),
        ("shares", "digest"),
        ("disclosure_links", "digest"),
        ("presentations", "digest"),
        ("presentations", "reader_digest"),
    }
    for place in (
        ("people", "email"),
        ("people", "search_text"),
        ("search_pages", "texts"),
        ("requests", "claims"),
        ("attachments", "content"),
        ("credentials", "document"),
        ("credentials", "reason"),
        ("offers", "email"),
        ("shares", "shown"),
        ("disclosure_links", "document"),
        ("presentations", "report"),
        ("batch_rows", "content"),
        ("batch_rows", "holders"),
    ):
        assert classes[place] is ColumnClass.PERSONAL
    assert not any(kind is ColumnClass.PERSONAL for (table, _), kind in classes.items() if table == "audit_rows")
