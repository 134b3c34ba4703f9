"""Every code that the desk's routes name is provoked once, over HTTP, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.web import provoked_by_moves, provoked_by_offers, provoked_by_values, provoked_by_workflows
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import Desk, furnish_desk
from tests.web.provoking import PROVOKED, Provoking
from tests.web.test_desk_examples import OURS

# States of the whole office: they are tested where they are brought about (tests/web/test_faults.py, test_office.py,
# tests/flows), and by the services that answer them.
OF_THE_OFFICE: Final = {
    "AUDIT_UNAVAILABLE",
    "CLOCK_BEHIND",
    "IDEMPOTENCY_IN_PROGRESS",
    "RECONCILING",
    "SEALED",
    "SIGNING_FAILED",
    "UNAVAILABLE",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("codes"), **NO_LIMITS) as served:
        yield furnish_desk(served)


# Reading these modules fills `PROVOKED`; LAST_ADMIN is carried out last, for it takes every other admin away.
PROVOCATIONS: Final = (provoked_by_moves, provoked_by_offers, provoked_by_values, provoked_by_workflows)
CASES: Final = [
    pytest.param(code, provoking, id=f"{code}-{number}")
    for code, ways in sorted(PROVOKED.items(), key=lambda entry: entry[0] == "LAST_ADMIN")
    for number, provoking in enumerate(ways)
]


@pytest.mark.parametrize(("code", "provoking"), CASES)
def test_code_is_provoked(desk: Desk, code: str, provoking: Provoking) -> None:
    answer = provoking(desk)
    assert answer.code == code, answer.body
    body = answer.json()
    assert body["requestId"] == answer.headers["x-request-id"]
    assert body["type"].endswith(f"/problems/{code}")


def test_every_code_of_these_routes_is_provoked() -> None:
    named = {code for route in OURS for code in route.codes}
    assert named - set(PROVOKED) - OF_THE_OFFICE == set()
    assert set(PROVOKED) <= named
