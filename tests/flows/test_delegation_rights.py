"""Who may do what with delegations: people without any right, agents that reach for more, and those who are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.dids import DIDKind
from sealwright.domain.people import Caller
from sealwright.services.authorizing_values import ActQuestion, Verdict
from sealwright.services.dids import ImportedDID
from sealwright.services.office import Office
from tests.support.delegations import AGENTS, bring, chain_of, furnish_delegations
from tests.support.desk import act, join
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, the_operator

A, B, C = AGENTS[:3]
FIRM = "did:adi:firm"
HIRED = "did:adi:agent:hired"


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office in which people delegate."""
    with furnished.open(database_url, tmp_path / "home", clock, furnish_delegations) as opened:
        yield opened


def ask(office: Office, agent: str, caller: Caller | None = None, **more: Any) -> Verdict:
    """Ask for groceries, as the operator unless somebody else is named."""
    context = more.pop("context", {"amount": 1})
    question = ActQuestion(agent, more.pop("action", "purchase:groceries"), context, **more)
    return office.delegations.authorizing.ask(caller or the_operator(office), question)


def hire(office: Office, operator: str, owner: str | None = None) -> None:
    """Import an agent that somebody else operates."""
    wish = ImportedDID(HIRED, DIDKind.AGENT, operator=operator, owner=owner, generate=("Ed25519Signature2020",))
    act(office, the_operator(office), lambda uow, me: office.dids.import_did(uow, me, wish))


@pytest.mark.parametrize("gone", ["owner", "operator's owner", "operator"])
def test_below_an_agent_that_nobody_answers_for_nothing_is_effective(office: Office, gone: str) -> None:
    boss = join(office, "boss")
    bring(office, FIRM, DIDKind.ORGANIZATION, owner=boss.user_id if gone == "operator's owner" else None)
    hire(office, FIRM, boss.user_id if gone == "owner" else None)
    root, *_, leaf = chain_of(office, A, HIRED, B)
    assert ask(office, B).allowed
    operator = the_operator(office)
    if gone == "operator":
        act(office, operator, lambda uow, me: office.dids.deactivate(uow, me, FIRM))
    else:
        act(office, operator, lambda uow, me: office.people.deactivate(uow, me, boss.user_id))
    refused = ask(office, B)
    assert [(one.code.value, one.hop) for one in refused.reasons] == [
        ("DELEGATION_INVALID", 1),
        ("DELEGATION_INVALID", 2),
    ]
    assert "operator" in refused.reasons[0].detail or "belongs" in refused.reasons[0].detail
    desk, view = office.delegations.desk, office.registry.current()
    assert not desk.get(operator, leaf.delegation_id, view).is_effective
    assert desk.get(operator, root.delegation_id, view).is_effective, "what stands above is none of its business"
    assert ask(office, A).allowed
    report = office.delegations.chains.verify(B, [one.credential_id for one in refused.chain])
    assert [hop.valid for hop in report.hops] == [True, False, False]
