"""Wallets at the door of an office that the tests of a file share, on each supported database."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

import pytest

from sealwright.domain.people import Caller
from sealwright.services.office import Office
from tests.support.desk import DPW, furnish_desk
from tests.support.office import MovableClock, open_office
from tests.support.review import improver, reviewer
from tests.support.wallet import wallet_door
from tests.web.client import Client
from tests.web.conftest import NO_LIMITS

NUMBERS: Final = count(1)
LDP, JWT, SD_JWT = f"{DPW}.ldp_vc", f"{DPW}.jwt_vc_json", f"{DPW}.dc+sd-jwt"


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    """The clock of the file's office."""
    return MovableClock()


@pytest.fixture(scope="module")
def office(shared_url: str, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[Office]:
    """An office with people, catalog and scopes."""
    home = tmp_path_factory.mktemp("office")
    with open_office(shared_url, home, clock=clock, background=True, **NO_LIMITS) as opened_office:
        furnish_desk(opened_office)
        yield opened_office


@pytest.fixture(scope="module")
def door(office: Office) -> Iterator[Client]:
    """The office's door, in this process."""
    with wallet_door(office) as client:
        yield client


@pytest.fixture
def ann(office: Office) -> Caller:
    """Somebody new who may ask for credentials."""
    return improver(office, f"ann{next(NUMBERS)}")


@pytest.fixture
def rex(office: Office) -> Caller:
    """Somebody new who decides."""
    return reviewer(office, f"rex{next(NUMBERS)}")
