"""Flows begin with the newest tables; what migrating does is told elsewhere."""

from __future__ import annotations

import pytest


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The URL of a migrated database of this test's own, on each supported database."""
    return migrated_url
