"""The desk of delegations: who sees and ends them, what falls with them, narrowing in one act, chains by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any, Final

import pytest

from sealwright.domain.credentials import CredentialStatus, ReasonCode
from sealwright.domain.delegation_errors import (
    ChainMalformed,
    DelegationInvalid,
    DelegationIsRevoked,
    DelegationIsSuspended,
    DelegationNotFound,
    DelegationRefused,
)
from sealwright.domain.delegations import Delegation, DelegationFilter, DelegationStatus, Used
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import AlreadyRevoked, IssuerNotAuthorized, NotDIDOwner, NotSuspendable
from sealwright.domain.people import Caller
from sealwright.services.acts import idempotency_scope
from sealwright.services.authorizing_values import ActQuestion, Verdict
from sealwright.services.delegation_check import delegation_problems
from sealwright.services.delegation_views import DelegationWish, MovedDelegation, NarrowingWish, SeenDelegation
from sealwright.services.office import Office
from sealwright.services.verification import PresentationOptions, VerifyOptions
from sealwright.vc.delegation.judging import ActContext
from sealwright.vc.encoding.strict_json import parse_json
from tests.support.delegations import (
    ENDS,
    bring,
    chain_of,
    delegated,
    furnish_delegations,
    kept_delegation,
)
from tests.support.desk import come_in
from tests.support.office import MovableClock, add_person, api_key_for, open_office, the_operator
from tests.support.review import audit_rows

_NUMBERS: Final = count(1)


@pytest.fixture(scope="module")
def office(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office on each supported database for all tests here; each brings parties of its own."""
    with open_office(shared_url, tmp_path_factory.mktemp("home"), clock=MovableClock()) as opened:
        furnish_delegations(opened, agents=0)
        yield opened


class Family:
    """A person with a DID, and agents below it in a chain."""

    def __init__(self, office: Office, agents: int) -> None:
        number = next(_NUMBERS)
        self.office = office
        self.user = add_person(office, f"boss{number}")
        self.boss = f"did:adi:boss{number}"
        self.agents = [f"did:adi:agent:{number}x{index}" for index in range(agents)]
        bring(office, self.boss, DIDKind.HUMAN, owner=self.user)
        for did in self.agents:
            bring(office, did, DIDKind.AGENT)

    def person(self) -> Caller:
        """The person, signed in."""
        return come_in(self.office, self.user)

    def chain(self, **more: Any) -> tuple[Delegation, ...]:
        """A chain through all agents."""
        return chain_of(self.office, *self.agents, root=self.boss, **more)


def _act(office: Office, caller: Caller, work: Any) -> Any:
    return office.acts.run(caller, work)


def _move(office: Office, caller: Caller, verb: str, reference: str) -> MovedDelegation:
    move = getattr(office.delegations.desk, verb)
    moved: MovedDelegation = _act(office, caller, lambda uow, me: move(uow, me, reference, "because"))
    return moved


def _seen(office: Office, reference: str, *, tree: bool = False) -> SeenDelegation:
    return office.delegations.desk.get(the_operator(office), reference, office.registry.current(), tree=tree)


def _effective(office: Office, chain: tuple[Delegation, ...]) -> list[bool]:
    return [_seen(office, one.delegation_id).is_effective for one in chain]


def _verified(office: Office, chain: tuple[Delegation, ...]) -> list[bool]:
    with office.units(write=False) as uow:
        records = [uow.credentials.get(one.credential_id) for one in chain]
    documents = [parse_json(record.document or b"") for record in records if record is not None]
    return [bool(office.verifier.verify(document, VerifyOptions())) for document in documents]


def _rows(office: Office, *object_ids: str) -> list[tuple[str, str]]:
    return [(row["action"], row["object"]["id"]) for row in audit_rows(office) if row["object"]["id"] in object_ids]


def test_pausing_and_revoking_take_what_rests_on_it_along(office: Office) -> None:
    chain = Family(office, 4).chain()
    me = the_operator(office)
    paused = _move(office, me, "suspend", chain[1].credential_id)
    assert (paused.invalidated, paused.seen.status) == (2, DelegationStatus.SUSPENDED)
    assert _effective(office, chain) == _verified(office, chain) == [True, False, False, False]
    assert _seen(office, chain[3].delegation_id).status is DelegationStatus.ACTIVE
    again = _move(office, me, "suspend", chain[1].delegation_id)
    assert again.invalidated == 0
    back = _move(office, me, "reinstate", chain[1].delegation_id)
    assert (back.invalidated, back.seen.is_effective) == (0, True)
    assert _effective(office, chain) == _verified(office, chain) == [True] * 4
    ended = _move(office, me, "revoke", chain[0].delegation_id)
    assert (ended.invalidated, ended.seen.status) == (3, DelegationStatus.REVOKED)
    assert _effective(office, chain) == _verified(office, chain) == [False] * 4
    with pytest.raises(AlreadyRevoked):
        _move(office, me, "revoke", chain[0].delegation_id)
    assert _rows(office, chain[0].delegation_id, chain[1].delegation_id) == [
        ("delegation.created", chain[0].delegation_id),
        ("delegation.created", chain[1].delegation_id),
        ("delegation.suspended", chain[1].delegation_id),
        ("delegation.reinstated", chain[1].delegation_id),
        ("delegation.revoked", chain[0].delegation_id),
    ]


def test_revoking_the_credential_revokes_the_delegation(office: Office) -> None:
    chain = Family(office, 2).chain()
    _act(
        office,
        the_operator(office),
        lambda uow, me: office.revocation.revoke(uow, me, chain[0].credential_id, "x", ReasonCode.MISCONDUCT),
    )
    assert _effective(office, chain) == [False, False]
    assert ("delegation.revoked", chain[0].delegation_id) in _rows(office, chain[0].delegation_id)


def test_acts_on_many_credentials_tell_of_the_delegations_among_them(office: Office) -> None:
    chain = Family(office, 2).chain()
    items = office.revocation.batch_revoke(the_operator(office), [one.credential_id for one in chain], "all of it")
    assert [item.error for item in items] == [None, None]
    for one in chain:
        assert _rows(office, one.delegation_id)[-1] == ("delegation.revoked", one.delegation_id)


def test_what_was_made_without_a_suspension_entry_is_not_paused(office: Office) -> None:
    family = Family(office, 1)
    one = delegated(office, family.boss, family.agents[0], request={"suspendable": False})
    with pytest.raises(NotSuspendable):
        _move(office, the_operator(office), "suspend", one.delegation_id)
    assert _seen(office, one.delegation_id).is_effective


def test_those_above_may_end_it_and_those_below_only_see_it(office: Office) -> None:
    family = Family(office, 3)
    chain = family.chain()
    leaf = chain[-1].delegation_id
    keys = [api_key_for(office, did) for did in family.agents]
    stranger = api_key_for(office, Family(office, 0).boss)
    for caller in (*keys, family.person()):
        assert office.delegations.desk.get(caller, leaf, office.registry.current()).is_effective
    view = office.registry.current()
    with pytest.raises(DelegationNotFound):
        office.delegations.desk.get(stranger, leaf, view)
    for verb in ("suspend", "reinstate", "revoke"):
        with pytest.raises(DelegationNotFound):
            _move(office, stranger, verb, leaf)
        # The delegate itself, whom it was given to.
        with pytest.raises(NotDIDOwner):
            _move(office, keys[2], verb, leaf)
    assert _move(office, keys[1], "suspend", leaf).seen.status is DelegationStatus.SUSPENDED
    assert _move(office, keys[0], "reinstate", leaf).seen.status is DelegationStatus.ACTIVE
    assert _move(office, family.person(), "revoke", leaf).seen.status is DelegationStatus.REVOKED
    # Nothing above is theirs to end; what lies above the hop that they got does not concern them at all.
    with pytest.raises(NotDIDOwner):
        _move(office, keys[1], "revoke", chain[1].delegation_id)
    with pytest.raises(DelegationNotFound):
        _move(office, keys[1], "revoke", chain[0].delegation_id)


def _listed(office: Office, caller: Caller, **wanted: Any) -> list[str]:
    page = office.delegations.desk.list(
        caller, DelegationFilter(**wanted), office.registry.current(), limit=100, cursor=None
    )
    return [seen.delegation.delegation_id for seen in page.items]


def test_lists_hold_what_concerns_the_caller_newest_first(office: Office) -> None:
    family, other = Family(office, 3), Family(office, 1)
    chain = family.chain()
    foreign = other.chain()[0].delegation_id
    ids = [one.delegation_id for one in reversed(chain)]
    assert _listed(office, family.person()) == ids
    assert _listed(office, api_key_for(office, family.agents[0])) == ids
    # Whom the second hop serves has nothing to do with the first.
    assert _listed(office, api_key_for(office, family.agents[2])) == ids[:1]
    assert _listed(office, other.person()) == [foreign]
    everything = _listed(office, the_operator(office))
    assert set(ids) | {foreign} <= set(everything)
    _move(office, the_operator(office), "revoke", chain[1].delegation_id)
    assert _listed(office, family.person(), status=DelegationStatus.REVOKED) == [chain[1].delegation_id]
    assert _listed(office, family.person(), delegate_did=f"{family.agents[0]}...") == [chain[0].delegation_id]
    assert _listed(office, family.person(), delegator_did=family.agents[1]) == [chain[2].delegation_id]
    page = office.delegations.desk.list(
        family.person(), DelegationFilter(), office.registry.current(), limit=2, cursor=None, tree=True
    )
    assert [[child.delegation.delegation_id for child in seen.children or ()] for seen in page.items] == [[], [ids[0]]]
    rest = office.delegations.desk.list(
        family.person(), DelegationFilter(), office.registry.current(), limit=2, cursor=page.next_cursor
    )
    assert [seen.delegation.delegation_id for seen in rest.items] == ids[2:]


def test_a_tree_shows_every_branch(office: Office) -> None:
    family = Family(office, 4)
    root = delegated(office, family.boss, family.agents[0], maxDepth=2)
    left, right = (
        delegated(office, family.agents[0], family.agents[index], root.credential_id, maxDepth=1) for index in (1, 2)
    )
    below = delegated(office, family.agents[2], family.agents[3], right.credential_id)
    _move(office, the_operator(office), "suspend", right.delegation_id)
    seen = _seen(office, root.delegation_id, tree=True)
    assert seen.children is not None
    assert not seen.is_cut
    assert [(one.delegation.delegation_id, one.is_effective) for one in seen.children] == [
        (left.delegation_id, True),
        (right.delegation_id, False),
    ]
    grandchildren = seen.children[1].children
    assert grandchildren is not None
    assert [(one.delegation.delegation_id, one.is_effective) for one in grandchildren] == [(below.delegation_id, False)]


def test_a_tree_that_is_too_large_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    family = Family(office, 5)
    root = delegated(office, family.boss, family.agents[0], maxDepth=2)
    children = [
        delegated(office, family.agents[0], family.agents[index], root.credential_id, maxDepth=1) for index in (1, 2)
    ]
    delegated(office, family.agents[1], family.agents[3], children[0].credential_id)
    monkeypatch.setattr("sealwright.services.delegating.TREE_MOST", 2)
    cut = _seen(office, root.delegation_id, tree=True)
    assert cut.children is not None
    assert [one.delegation.delegation_id for one in cut.children] == [one.delegation_id for one in children]
    assert cut.is_cut
    monkeypatch.setattr("sealwright.services.delegating.TREE_MOST", 4)
    whole = _seen(office, root.delegation_id, tree=True)
    assert whole.children is not None
    assert not whole.is_cut
    assert [len(one.children or ()) for one in whole.children] == [1, 0]


def test_a_delegation_that_is_shown_in_a_presentation_is_judged_by_the_chain_above_it(office: Office) -> None:
    chain = Family(office, 2).chain()
    leaf = _documents(office, chain)[1]
    shown = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [leaf],
    }
    assert office.verifier.verify_presentation(shown, PresentationOptions(signed=False))
    _move(office, the_operator(office), "revoke", chain[0].delegation_id)
    report = office.verifier.verify_presentation(shown, PresentationOptions(signed=False))
    assert not report
    assert report.credentials[0].check("delegation").code == "DELEGATION_REVOKED"


def test_narrowing_replaces_a_delegation_in_one_act(office: Office) -> None:
    family = Family(office, 3)
    chain = family.chain()
    scope = idempotency_scope("test", "POST", "/narrow", f"n{next(_NUMBERS)}", b"body")
    wish = NarrowingWish(constraints={"maxSpendPerDay": 50}, expiration=ENDS - timedelta(days=9))
    made = office.delegations.desk.narrow(family.person(), chain[0].delegation_id, wish, "less", scope)
    new = made.seen.delegation
    assert made.invalidated == 2
    assert (new.supersedes, new.delegate_did, new.max_depth) == (chain[0].delegation_id, family.agents[0], 2)
    assert dict(new.constraints) == {"maxSpendPerDay": 50, "maxSpendPerTransaction": 40}
    assert new.expires_at == ENDS - timedelta(days=9)
    assert _effective(office, chain) == [False] * 3
    assert _seen(office, new.delegation_id).is_effective
    old = kept_delegation(office, chain[0].delegation_id)
    assert old is not None
    assert old.credential_status is CredentialStatus.REVOKED
    again = office.delegations.desk.narrow(family.person(), chain[0].delegation_id, wish, "less", scope)
    assert (again.issued.replayed, again.seen, again.invalidated) == (True, made.seen, 2)
    with pytest.raises(DelegationIsRevoked):
        office.delegations.desk.narrow(family.person(), chain[0].delegation_id, wish, "less")
    created = next(row for row in audit_rows(office) if row["object"]["id"] == new.delegation_id)
    assert created["data"]["supersedes"] == chain[0].delegation_id


WIDER: Final[dict[str, tuple[NarrowingWish, str]]] = {
    "scope": (NarrowingWish(scope=("purchase:*", "sell")), "/scope/1"),
    "limit": (NarrowingWish(constraints={"maxSpendPerDay": 100.5}), "/constraints/maxSpendPerDay"),
    "depth": (NarrowingWish(max_depth=2), "/maxDepth"),
    "end": (NarrowingWish(expiration=ENDS + timedelta(days=1)), "/expirationDate"),
    "nothing": (NarrowingWish(), ""),
    "the same": (NarrowingWish(constraints={"maxSpendPerDay": 100}, max_depth=1), ""),
}


def test_narrowing_widens_nothing_and_wakes_nothing(office: Office) -> None:
    family = Family(office, 2)
    chain = family.chain()
    desk, boss = office.delegations.desk, family.person()
    for wish, pointer in WIDER.values():
        with pytest.raises(DelegationRefused) as refused:
            desk.narrow(boss, chain[0].delegation_id, wish, "more")
        assert [fault.pointer for fault in refused.value.faults] == [pointer]
    less = NarrowingWish(constraints={"maxSpendPerDay": 1})
    # Whoever stands above may end it, but signs nothing for those below.
    with pytest.raises(IssuerNotAuthorized):
        desk.narrow(boss, chain[1].delegation_id, less, "less")
    with pytest.raises(DelegationNotFound):
        desk.narrow(api_key_for(office, Family(office, 0).boss), chain[1].delegation_id, less, "less")
    _move(office, boss, "suspend", chain[0].delegation_id)
    with pytest.raises(DelegationIsSuspended):
        desk.narrow(boss, chain[0].delegation_id, less, "less")
    # Its own state lets it be narrowed, the one above it does not.
    with pytest.raises(DelegationRefused) as above:
        desk.narrow(api_key_for(office, family.agents[0]), chain[1].delegation_id, less, "less")
    assert [(fault.pointer, fault.code) for fault in above.value.faults] == [("/parent", "DELEGATION_SUSPENDED")]
    _move(office, boss, "reinstate", chain[0].delegation_id)
    assert _effective(office, chain) == [True, True]
    assert desk.narrow(api_key_for(office, family.agents[0]), chain[1].delegation_id, less, "less").seen.is_effective


def test_the_desk_signs_by_the_key_that_the_delegator_has(office: Office) -> None:
    family = Family(office, 1)
    made = office.delegations.desk.create(
        family.person(), DelegationWish(family.boss, family.agents[0], ("read",), ENDS, max_depth=1)
    )
    assert made.issued.record.proof_type == "Ed25519Signature2020"
    assert made.seen.delegation.suspendable
    with pytest.raises(DelegationInvalid):
        office.delegations.desk.create(
            family.person(),
            DelegationWish(
                family.boss, family.agents[0], ("read",), ENDS, {"authorizedHours": ["Mon-Fri 18:00-08:00 UTC"]}
            ),
        )


def _documents(office: Office, chain: tuple[Delegation, ...]) -> list[Any]:
    with office.units(write=False) as uow:
        records = [uow.credentials.get(one.credential_id) for one in chain]
    return [parse_json(record.document or b"") for record in records if record is not None]


def test_chains_verify_by_ids_and_by_credentials(office: Office) -> None:
    family = Family(office, 3)
    chain = family.chain()
    agent, ids = family.agents[2], [one.credential_id for one in chain]
    documents = _documents(office, chain)
    check = office.delegations.chains.verify
    mixed = [ids[0].removeprefix("urn:uuid:"), {"credentialId": ids[1]}, documents[2]]
    for given in (ids, documents, mixed):
        report = check(f"{agent}...", given, action="purchase:food", context=ActContext())
        assert (report.valid, report.errors) == (True, ())
        assert [(hop.delegator, hop.delegate) for hop in report.hops] == [
            (family.boss, family.agents[0]),
            (family.agents[0], family.agents[1]),
            (family.agents[1], family.agents[2]),
        ]
    assert check(family.agents[1], ids).errors == ("DELEGATION_INVALID",)
    assert check(agent, ids, action="sell:food").errors == ("DELEGATION_ACTION_NOT_COVERED",)
    # The middle left out: the last rests on what is not above it.
    gap = check(agent, [ids[0], ids[2]])
    assert [hop.valid for hop in gap.hops] == [True, False]
    lost = check(agent, [ids[0], "urn:uuid:01a20396-0f5b-7f53-bf13-3ebaecd6d84c", ids[2]])
    assert lost.hops[1].codes == ("DELEGATION_NOT_FOUND",)
    assert lost.hops[1].credential_id == "urn:uuid:01a20396-0f5b-7f53-bf13-3ebaecd6d84c"
    for malformed in ([], [*ids, *ids, *ids], [ids[0], {"credentialId": ids[0]}], [documents[0], documents[0]]):
        with pytest.raises(ChainMalformed):
            check(agent, malformed)
    forged = {**documents[2], "credentialSubject": {**documents[2]["credentialSubject"], "scope": ["*"]}}
    assert "DELEGATION_PROOF_INVALID" in check(agent, [*ids[:2], forged]).hops[2].codes
    _move(office, the_operator(office), "revoke", chain[0].delegation_id)
    ended = check(agent, documents)
    assert (ended.valid, ended.errors) == (False, ("DELEGATION_REVOKED",))
    assert [hop.valid for hop in ended.hops] == [False, True, True]


def test_a_chain_to_an_ended_agent_gives_nobody_authority(office: Office) -> None:
    family = Family(office, 1)
    chain = family.chain()
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.dids.deactivate(uow, me, family.agents[0]),
        changes_registry=True,
    )
    report = office.delegations.chains.verify(family.agents[0], [chain[0].credential_id])
    assert (report.valid, report.errors) == (False, ("DELEGATION_INVALID",))
    assert not _seen(office, chain[0].delegation_id).is_effective


def test_narrowing_gives_nobody_a_fresh_budget(office: Office) -> None:
    family = Family(office, 1)
    chain = family.chain()
    desk, authorizing, boss = office.delegations.desk, office.delegations.authorizing, family.person()

    def spend(amount: float) -> Verdict:
        question = ActQuestion(family.agents[0], "purchase:food", {"amount": amount}, record=True)
        return authorizing.ask(the_operator(office), question)

    assert [spend(40).allowed, spend(30.5).allowed] == [True, True]
    narrowed = desk.narrow(boss, chain[0].delegation_id, NarrowingWish(constraints={"maxSpendPerDay": 80}), "less")
    new = narrowed.seen.delegation.delegation_id
    with office.units(write=False) as uow:
        kept = uow.delegations.get(new)
    assert kept is not None
    assert (kept.calls, kept.last_used_at) == (2, narrowed.seen.delegation.last_used_at)
    assert narrowed.seen.delegation.calls == 2
    assert [spend(9.500001).allowed, spend(9.5).allowed, spend(0.000001).allowed] == [False, True, False]
    with office.units(write=False) as uow:
        assert uow.delegations.sums([new])[new] == Used(80_000_000, 3)
    assert [problem for problem in delegation_problems(office.units, office.clock.now()) if problem.id == new] == []


def test_those_whom_a_delegation_concerns_hear_of_it(office: Office) -> None:
    family, other = Family(office, 2), Family(office, 1)
    chain = family.chain()
    question = ActQuestion(family.agents[1], "purchase:food", {"amount": 1}, record=True)
    assert office.delegations.authorizing.ask(the_operator(office), question).allowed
    _move(office, family.person(), "suspend", chain[1].delegation_id)

    def heard(caller: Caller) -> list[tuple[str, object]]:
        kinds = frozenset({"delegation.created", "delegation.used", "delegation.suspended"})
        page = office.events.list(caller, kinds=kinds, since=None, limit=100, cursor=None)
        return [(event.kind, event.data["object"]["id"]) for event in reversed(page.items)]  # type: ignore[index,call-overload]

    root, leaf = (one.delegation_id for one in chain)
    # The person hears of what they gave and what was done with it; the agent between of all that passes through it.
    assert heard(family.person()) == [("delegation.created", root), ("delegation.used", leaf)]
    assert heard(api_key_for(office, family.agents[0])) == [
        ("delegation.created", root),
        ("delegation.created", leaf),
        ("delegation.suspended", leaf),
    ]
    assert heard(api_key_for(office, family.agents[1])) == [
        ("delegation.created", leaf),
        ("delegation.used", leaf),
        ("delegation.suspended", leaf),
    ]
    assert heard(other.person()) == []
