"""An office that speaks with holders' agents, on each supported database, and what stands in for the network."""

from __future__ import annotations

import pytest

from sealwright.domain.people import Caller
from sealwright.services.office import Office
from tests.support.didcomm_peer import Mailbox, PeerAgent
from tests.support.office import ISSUER, api_key_for


@pytest.fixture
def office(issuing_office: Office) -> Office:
    """An office with an issuer and a schema."""
    return issuing_office


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
