"""An office that speaks with holders' agents, on each supported database, and what stands in for the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwright.domain.people import Caller
from sealwright.services.office import Office
from tests.support.didcomm_peer import Mailbox, PeerAgent
from tests.support.office import ISSUER, MovableClock, api_key_for, furnish, open_office


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office with an issuer and a schema."""
    with open_office(database_url, tmp_path / "home", clock=clock) as one:
        furnish(one)
        yield one


@pytest.fixture
def mailbox(office: Office) -> Mailbox:
    """What the office posts."""
    return Mailbox().stand_in(office)


@pytest.fixture
def agent(office: Office) -> PeerAgent:
    """A holder's agent."""
    return PeerAgent(office)


@pytest.fixture
def key(office: Office) -> Caller:
    """Whoever issues."""
    return api_key_for(office, ISSUER)
