"""Delegations through the one guard: what is refused, by which field, and what becomes of those that stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any, Final

import pytest

from sealwright.domain.delegation_errors import DelegationNotFound, DelegationRefused
from sealwright.domain.delegations import Delegation
from sealwright.domain.delivery_errors import NotDeliverable
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import DomainError, ExpirationInPast, IssuerNotAuthorized, PolicyViolation
from sealwright.domain.formats import CredentialFormat
from sealwright.services.catalog_builtin import AGENT_DELEGATION, AGENT_DELEGATION_2
from sealwright.services.delegation_standing import falls_of
from sealwright.services.delegation_views import DelegationWish, NarrowingWish
from sealwright.services.dids import ImportedDID
from sealwright.services.office import Office
from sealwright.services.order_checks import DocumentOptions
from sealwright.services.schemas import NewSchema
from sealwright.services.verification import VerifyOptions
from sealwright.vc.credentials.model import CREDENTIALS_V1
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import SchemaInvalid
from sealwright.web.problems import code_of
from tests.support.delegations import (
    AGENT,
    AGENTS,
    COMPANY,
    ENDS,
    HUMAN,
    LIMITS,
    bring,
    chain_of,
    delegated,
    delegation_claims,
    delegation_request,
    furnish_delegations,
    issue_delegation,
)
from tests.support.desk import join
from tests.support.office import MovableClock, add_person, api_key_for, open_office, the_operator
from tests.support.review import audit_rows

_NUMBERS: Final = count(1)


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    """The clock of the module's offices."""
    return MovableClock()


@pytest.fixture(scope="module")
def office(shared_url: str, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[Office]:
    """One office on each supported database for all tests here, which leave each other's delegations alone."""
    with open_office(shared_url, tmp_path_factory.mktemp("home"), clock=clock) as opened:
        furnish_delegations(opened)
        yield opened


@pytest.fixture(scope="module")
def parent(office: Office) -> Delegation:
    """A root that allows one hop below it, under limits of every meaning."""
    constraints = {
        **LIMITS,
        "authorizedMerchants": ["grocer", "baker"],
        "blockedMerchants": ["casino"],
        "authorizedHours": ["Mon-Fri 08:00-18:00 Europe/Vienna"],
        "currency": "EUR",
        "requireApproval": True,
    }
    return delegated(office, HUMAN, AGENT, maxDepth=1, constraints=constraints)


def _new_agent(office: Office) -> str:
    """An agent that no other test knows."""
    did = f"did:adi:agent:x{next(_NUMBERS)}"
    bring(office, did, DIDKind.AGENT)
    return did


def _act(office: Office, work: Any, *, registry: bool = False) -> Any:
    return office.acts.run(the_operator(office), work, changes_registry=registry)


def _stored(office: Office) -> int:
    with office.units(write=False) as uow:
        return len(uow.delegations.after(None, 1_000))


def _limits(parent: Delegation, **changes: Any) -> dict[str, Any]:
    limits = {**parent.constraints, **changes}
    return {name: value for name, value in limits.items() if value is not None}


# What a child of `parent` asks for, where that stands in the claims, and how it is refused.
BEYOND: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "scope": ({"scope": ["purchase:food", "sell:food"]}, "/claims/scope/1", "DELEGATION_SCOPE_WIDENED"),
    "wider entry": ({"scope": ["*"]}, "/claims/scope/0", "DELEGATION_SCOPE_WIDENED"),
    "depth": ({"maxDepth": 1}, "/claims/maxDepth", "DELEGATION_DEPTH_EXCEEDED"),
    "end": ({"expires": ENDS + timedelta(seconds=1)}, "/expirationDate", "DELEGATION_EXPIRY_EXCEEDED"),
    "no end": ({"expires": None}, "/expirationDate", "DELEGATION_INVALID"),
}
LOOSER: Final[dict[str, Any]] = {
    "maxSpendPerDay": 100.01,
    "maxSpendPerTransaction": None,
    "authorizedMerchants": ["grocer", "butcher"],
    "blockedMerchants": ["bookmaker"],
    "authorizedHours": ["Mon-Sat 08:00-18:00 Europe/Vienna"],
    "currency": "USD",
    "requireApproval": False,
}


def _refused(office: Office, parent: Delegation, delegate: str, **more: Any) -> DomainError:
    before = _stored(office)
    with pytest.raises(DomainError) as refused:
        issue_delegation(office, AGENT, delegate, parent.credential_id, **more)
    assert _stored(office) == before
    return refused.value


@pytest.mark.parametrize("case", BEYOND)
def test_a_child_that_goes_beyond_its_parent_is_refused_by_field(office: Office, parent: Delegation, case: str) -> None:
    changes, pointer, code = BEYOND[case]
    error = _refused(office, parent, AGENTS[1], **{"constraints": _limits(parent), **changes})
    assert code_of(error) == code
    assert next((fault.pointer, fault.code) for fault in error.faults) == (pointer, code)


@pytest.mark.parametrize("name", LOOSER)
def test_a_limit_that_is_loosened_or_left_out_is_named(office: Office, parent: Delegation, name: str) -> None:
    error = _refused(office, parent, AGENTS[1], constraints=_limits(parent, **{name: LOOSER[name]}))
    assert [(fault.pointer, fault.code) for fault in error.faults] == [
        (f"/claims/constraints/{name}", "DELEGATION_CONSTRAINT_LOOSENED")
    ]


def test_every_fault_is_told_at_once_and_in_the_words_of_whoever_asks(office: Office, parent: Delegation) -> None:
    wish = DelegationWish(
        AGENT,
        AGENTS[1],
        ("sell",),
        ENDS + timedelta(days=1),
        _limits(parent, maxSpendPerDay=101),
        3,
        parent.credential_id,
    )
    with pytest.raises(DelegationRefused) as refused:
        office.delegations.desk.create(the_operator(office), wish)
    assert [fault.pointer for fault in refused.value.faults] == [
        "/scope/0",
        "/constraints/maxSpendPerDay",
        "/maxDepth",
        "/expirationDate",
    ]
    for delegator, delegate, pointer, code in (
        (HUMAN, HUMAN, "/delegateDid", "DELEGATION_INVALID"),
        (AGENT, AGENTS[1], "/delegatorDid", "DELEGATION_ROOT_INVALID"),
    ):
        with pytest.raises(DelegationRefused) as one:
            office.delegations.desk.create(the_operator(office), DelegationWish(delegator, delegate, ("a",), ENDS))
        assert [(fault.pointer, fault.code) for fault in one.value.faults] == [(pointer, code)]


def test_stricter_children_are_made(office: Office, parent: Delegation) -> None:
    constraints = _limits(
        parent,
        maxSpendPerDay=99.99,
        authorizedMerchants=["baker"],
        blockedMerchants=["casino", "bookmaker"],
        authorizedHours=["Tue 09:00-12:00 Europe/Vienna"],
        maxCallsPerHour=3,
    )
    child = delegated(
        office, AGENT, AGENTS[1], parent.credential_id, scope=["purchase:food"], constraints=constraints, maxDepth=0
    )
    assert (child.lineage, child.depth, child.parent_id) == ((parent.delegation_id,), 1, parent.delegation_id)
    assert child.constraints["maxSpendPerDay"] == 99.99
    with office.units(write=False) as uow:
        record = uow.credentials.get(child.credential_id)
        assert record is not None
        document = parse_json(record.document or b"")
    assert isinstance(document, dict)
    report = office.verifier.verify(document, VerifyOptions())
    assert report
    assert report.check("delegation").outcome.value == "passed"
    created = [row for row in audit_rows(office) if row["object"]["id"] == child.delegation_id]
    assert [row["action"] for row in created] == ["delegation.created"]
    assert created[0]["data"]["rootId"] == parent.delegation_id
    assert created[0]["data"]["delegateDid"] == AGENTS[1]


def test_delegator_delegate_issuer_and_holder_are_who_they_say(office: Office, parent: Delegation) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        (delegation_claims(COMPANY, AGENTS[1]), "/claims/delegator"),
        (delegation_claims(HUMAN, AGENTS[2]), "/claims/delegate"),
    ]
    for claims, pointer in cases:
        with pytest.raises(DelegationRefused) as refused:
            issue_delegation(office, HUMAN, AGENTS[1], request={"claims": claims})
        assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, "DELEGATION_INVALID")]
    # Somebody else's delegation is no ground to stand on.
    with pytest.raises(DelegationRefused) as stolen:
        issue_delegation(office, AGENTS[2], AGENTS[3], parent.credential_id, constraints=_limits(parent), maxDepth=0)
    assert [fault.pointer for fault in stolen.value.faults] == ["/claims/delegator"]


def test_a_delegation_back_up_the_chain_is_a_loop(office: Office) -> None:
    root = delegated(office, HUMAN, AGENTS[0], maxDepth=5)
    middle = delegated(office, AGENTS[0], AGENTS[1], root.credential_id, maxDepth=3)
    for above in (HUMAN, AGENTS[0]):
        with pytest.raises(DelegationRefused) as refused:
            issue_delegation(office, AGENTS[1], above, middle.credential_id, maxDepth=0)
        assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
            ("/claims/delegate", "DELEGATION_LOOP")
        ]


def test_a_chain_has_eight_hops_at_most(office: Office) -> None:
    agents = [_new_agent(office) for _ in range(9)]
    chain = chain_of(office, *agents[:8])
    assert [one.max_depth for one in chain] == [7, 6, 5, 4, 3, 2, 1, 0]
    with pytest.raises(DelegationRefused) as refused:
        issue_delegation(office, agents[7], agents[8], chain[-1].credential_id, expires=chain[-1].expires_at)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
        ("/claims/maxDepth", "DELEGATION_DEPTH_EXCEEDED")
    ]
    found = office.delegations.chains.verify(agents[7], [one.credential_id for one in chain], action="purchase:food")
    assert found.valid
    assert len(found.hops) == 8


def test_only_humans_and_organizations_begin_chains(office: Office) -> None:
    bring(office, "did:adi:platform001", DIDKind.PLATFORM)
    for delegator in (AGENTS[3], "did:adi:platform001"):
        with pytest.raises(DelegationRefused) as refused:
            issue_delegation(office, delegator, AGENTS[1])
        assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
            ("/claims/delegator", "DELEGATION_ROOT_INVALID")
        ]
    assert delegated(office, COMPANY, AGENTS[1]).depth == 0


def test_a_parent_that_is_not_kept_here_is_missing(office: Office) -> None:
    for parent in ("urn:uuid:01a20396-0f5b-7f53-bf13-3ebaecd6d84c", "https://elsewhere.example/1"):
        with pytest.raises(DelegationNotFound) as refused:
            issue_delegation(office, AGENT, AGENTS[1], parent)
        assert [fault.pointer for fault in refused.value.faults] == ["/claims/parent"]


def test_nothing_rests_on_what_is_not_in_force(office: Office) -> None:
    chain = chain_of(office, *AGENTS[:3])
    desk = office.delegations.desk
    order = office.issuing.check(
        delegation_request(AGENTS[1], COMPANY, chain[1].credential_id, expires=chain[1].expires_at),
        the_operator(office),
        office.registry.current(),
    )
    for move, code in ((desk.suspend, "DELEGATION_SUSPENDED"), (desk.revoke, "DELEGATION_REVOKED")):
        _act(office, lambda uow, me, move=move: move(uow, me, chain[0].delegation_id, "over"))
        # An order that was checked before is refused as well, in the transaction that would have reserved for it.
        for attempt in (
            lambda: issue_delegation(office, AGENTS[1], COMPANY, chain[1].credential_id, expires=chain[1].expires_at),
            lambda: office.issuing.issue(order),
        ):
            with pytest.raises(DelegationRefused) as refused:
                attempt()
            assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/claims/parent", code)]
        if code == "DELEGATION_SUSPENDED":
            _act(office, lambda uow, me: desk.reinstate(uow, me, chain[0].delegation_id, "go on"))
            assert delegated(office, AGENTS[1], AGENTS[3], chain[1].credential_id, expires=chain[1].expires_at)


def test_what_expires_takes_what_rests_on_it(office: Office, clock: MovableClock) -> None:
    soon = clock.now() + timedelta(minutes=5)
    root = delegated(office, HUMAN, AGENTS[0], maxDepth=2, expires=soon)
    order = office.issuing.check(
        delegation_request(AGENTS[0], AGENTS[1], root.credential_id, expires=soon, maxDepth=0),
        the_operator(office),
        office.registry.current(),
    )
    clock.move(minutes=5)
    # Checked while the parent stood, signed when it had ended.
    with pytest.raises((DelegationRefused, ExpirationInPast)):
        office.issuing.issue(order)
    with pytest.raises(ExpirationInPast):
        issue_delegation(office, AGENTS[0], AGENTS[1], root.credential_id, expires=soon, maxDepth=0)
    with pytest.raises(DelegationRefused) as refused:
        issue_delegation(office, AGENTS[0], AGENTS[1], root.credential_id, maxDepth=0)
    assert {(fault.pointer, fault.code) for fault in refused.value.faults} == {
        ("/claims/parent", "DELEGATION_EXPIRED"),
        ("/expirationDate", "DELEGATION_EXPIRY_EXCEEDED"),
    }


def _falls(office: Office, reference: str) -> list[tuple[str, int]]:
    with office.units(write=False) as uow:
        chain = uow.delegations.chain(reference)
    return [(fall.code.value, fall.hop) for fall in falls_of(chain, office.registry.current(), office.clock.now())]


def test_what_befalls_the_parties_kills_the_tree(office: Office) -> None:
    owner = add_person(office, "owner")
    boss = f"did:adi:boss{next(_NUMBERS)}"
    bring(office, boss, DIDKind.HUMAN, owner=owner)
    agents = [_new_agent(office) for _ in range(3)]
    chain = chain_of(office, *agents, root=boss)
    leaf = chain[-1].delegation_id
    assert _falls(office, leaf) == []
    _act(office, lambda uow, me: office.dids.deactivate(uow, me, agents[2]), registry=True)
    assert _falls(office, leaf) == [("DELEGATION_INVALID", 2)]
    _act(office, lambda uow, me: office.dids.rotate(uow, me, agents[0], compromised=True), registry=True)
    assert _falls(office, leaf) == [("DELEGATION_PROOF_INVALID", 1), ("DELEGATION_INVALID", 2)]
    _act(office, lambda uow, me: office.people.deactivate(uow, me, owner), registry=True)
    assert _falls(office, chain[0].delegation_id) == [("DELEGATION_ROOT_INVALID", 0)]
    with office.units(write=False) as uow:
        record = uow.credentials.get(chain[0].credential_id)
    assert record is not None
    report = office.verifier.verify(parse_json(record.document or b""), VerifyOptions())
    assert report.check("delegation").code == "DELEGATION_ROOT_INVALID"


def test_aliases_are_signed_as_the_dids_that_they_stand_for(office: Office) -> None:
    record = issue_delegation(office, f"{HUMAN}...", f"{AGENT}...")
    document = parse_json(record.document or b"")
    assert isinstance(document, dict)
    subject = document["credentialSubject"]
    assert isinstance(subject, dict)
    assert (subject["delegator"], subject["delegate"], subject["id"]) == (HUMAN, AGENT, AGENT)
    assert office.verifier.verify(document, VerifyOptions())


def test_whoever_may_not_issue_as_the_delegator_does_not_delegate_for_them(office: Office) -> None:
    stranger = join(office, f"stranger{next(_NUMBERS)}")
    wish = DelegationWish(HUMAN, AGENT, ("purchase:food",), ENDS)
    for caller in (stranger, api_key_for(office, COMPANY)):
        with pytest.raises(IssuerNotAuthorized):
            office.delegations.desk.create(caller, wish)
    assert office.delegations.desk.create(api_key_for(office, HUMAN), wish).seen.is_effective


@pytest.mark.parametrize(
    "suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022", "ecdsa-rdfc-2019", "ecdsa-jcs-2019", "Ed25519Signature2020"]
)
def test_chains_hold_under_every_suite_that_signs_the_whole(office: Office, suite: str) -> None:
    number = next(_NUMBERS)
    human, agent = f"did:adi:h{number}", f"did:adi:agent:s{number}"
    for did, kind in ((human, DIDKind.HUMAN), (agent, DIDKind.AGENT)):
        wish = ImportedDID(did=did, kind=kind, operator=HUMAN if kind is DIDKind.AGENT else None, generate=(suite,))
        _act(office, lambda uow, me, wish=wish: office.dids.import_did(uow, me, wish), registry=True)
    desk = office.delegations.desk
    me = the_operator(office)
    limits = {
        **LIMITS,
        "maxSpendPerDay": 99.95,
        "authorizedHours": ["Mon-Sun 00:00-24:00 UTC"],
        "requireApproval": True,
    }
    root = desk.create(me, DelegationWish(human, agent, ("a:*", "b"), ENDS, limits, 1, proof_type=suite))
    leaf = desk.create(
        me, DelegationWish(agent, AGENT, ("a:1",), ENDS, limits, 0, root.seen.delegation.delegation_id, suite)
    )
    assert [made.issued.record.proof_type for made in (root, leaf)] == [suite, suite]
    for made in (root, leaf):
        assert office.verifier.verify(parse_json(made.issued.record.document or b""), VerifyOptions())
    chain = [made.issued.record.credential_id for made in (root, leaf)]
    assert office.delegations.chains.verify(AGENT, chain).valid
    narrowed = desk.narrow(me, root.seen.delegation.delegation_id, NarrowingWish(scope=("b",)), "less")
    assert narrowed.issued.record.proof_type == suite
    assert not office.verifier.verify(parse_json(leaf.issued.record.document or b""), VerifyOptions())


UNFIT: Final[dict[str, dict[str, Any]]] = {
    "irrevocable": {"revocable": False, "suspendable": False},
    "limits could be hidden": {"proof_type": "bbs-2023"},
    "limits could be hidden in 2020": {"proof_type": "BbsBlsSignature2020"},
    "limits could be hidden under ECDSA": {"proof_type": "ecdsa-sd-2023"},
}


@pytest.mark.parametrize("case", UNFIT)
def test_delegations_that_nobody_could_hold_to_their_limits_are_not_signed(office: Office, case: str) -> None:
    proof_type = UNFIT[case].get("proof_type")
    delegator = HUMAN
    if proof_type is not None:
        delegator = f"did:adi:bbs{next(_NUMBERS)}"
        bring(office, delegator, DIDKind.HUMAN)
        _act(office, lambda uow, me: office.dids.rotate(uow, me, delegator, proof_type), registry=True)
    with pytest.raises(PolicyViolation) as refused:
        issue_delegation(office, delegator, AGENT, request=UNFIT[case])
    pointer = "/proofType" if proof_type is not None else "/revocable"
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, "POLICY_VIOLATION")]


def test_no_other_road_leads_to_a_delegation(office: Office) -> None:
    schema = office.registry.current().schema(AGENT_DELEGATION)
    assert schema is not None
    iri = f"{schema.context_url}#{schema.type[0]}"
    plain: dict[str, JSONValue] = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiableCredential"],
        "issuer": HUMAN,
        "credentialSubject": {"id": AGENT},
    }
    subject: JSONValue = {"id": AGENT, **delegation_claims(HUMAN, AGENT)}
    documents: tuple[dict[str, JSONValue], ...] = (
        # Its schema is named; its context is used; its type has another name; somebody else's type is called so.
        {**plain, "credentialSchema": {"id": AGENT_DELEGATION, "type": "JsonSchema"}},
        {
            **plain,
            "@context": [CREDENTIALS_V1, schema.context_url],
            "type": ["VerifiableCredential", schema.type[0]],
            "credentialSubject": subject,
        },
        {
            **plain,
            "@context": [CREDENTIALS_V1, {"Mandate": iri}],
            "type": ["VerifiableCredential", "Mandate"],
        },
        {
            **plain,
            "@context": [CREDENTIALS_V1, {"Mandate": "https://words.example/v1#AgentDelegationCredential"}],
            "type": ["VerifiableCredential", "Mandate"],
        },
    )
    caller, view = api_key_for(office, HUMAN), office.registry.current()
    for document in documents:
        with pytest.raises(PolicyViolation):
            office.issuing.check_document(document, DocumentOptions(), caller, view)
    view = office.registry.current()
    human = view.did(HUMAN)
    assert human is not None
    with pytest.raises(PolicyViolation):
        office.issuing._checks.check_frame(human, schema, view, proof_type="Ed25519Signature2020", revocable=True)
    record = issue_delegation(office, HUMAN, AGENT)
    with pytest.raises(NotDeliverable):
        office.copies.make(record, CredentialFormat.JWT_VC_JSON, AGENT)


def test_no_other_schema_makes_delegations(office: Office) -> None:
    claims: dict[str, JSONValue] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"note": {"type": "string"}},
        "additionalProperties": False,
    }
    delegates = ("AgentDelegationCredential",)
    for wish in (
        NewSchema(name="mandate", type=delegates, schema=claims),
        # Nor may anybody be first under the name of one that an office gets later.
        NewSchema(name="mandate", type=("Note",), schema=claims, schema_id=AGENT_DELEGATION_2),
        NewSchema(name="mandate", type=delegates, schema=claims, schema_id=AGENT_DELEGATION_2),
    ):
        with pytest.raises(SchemaInvalid):
            _act(office, lambda uow, me, wish=wish: office.schemas.register(uow, me, wish), registry=True)
