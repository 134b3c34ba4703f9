"""A furnished desk whose people come with a browser: visitors by name, and what their pages say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealwright.domain.sign_in import SignInMethod
from tests.support.accounts import hash_cheaply
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import Desk, furnish_desk
from tests.web.page_client import PageVisitor


@contextmanager
def panel_desk(home: Path, **settings: str) -> Iterator[Desk]:
    """An office with people of every role, for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        hash_cheaply(patch)
        with serve(home, **NO_LIMITS, **settings) as served:
            yield furnish_desk(served)


def visit(desk: Desk, name: str) -> PageVisitor:
    """Somebody of the desk, signed in just now."""
    office = desk.served.office
    person = office.people.get(desk.ids[name])
    with office.units() as uow:
        signed_in = office.sessions.start(uow, person, SignInMethod.PASSWORD, label="Firefox on Linux")
        uow.commit()
    return PageVisitor(desk.served, {"sealwright": signed_in.cookie})
