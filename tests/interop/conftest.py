"""The peers, started once for the whole run, and our side beside them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop import documents
from tests.interop.ours import Ours
from tests.interop.peer import DigitalBazaar, digital_bazaar_peer


@pytest.fixture(scope="session")
def digital_bazaar() -> Iterator[DigitalBazaar]:
    """Digital Bazaar's libraries in a Node process of their own."""
    with digital_bazaar_peer() as peer:
        yield peer


@pytest.fixture(scope="session")
def ours() -> Ours:
    """The standards floor with its pinned contexts and that of the exchanged documents."""
    return Ours({documents.CONTEXT_URL: documents.CONTEXT_BYTES})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an exchange with an independent implementation."""
    for item in items:
        if "tests/interop" in item.path.as_posix():
            item.add_marker(pytest.mark.interop)
