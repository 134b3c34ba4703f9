"""Agents: made by whoever answers for them, described, changed, ended; and who comes with their keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sealwright.domain.dids import DIDKind, DIDState, ServiceRecord
from sealwright.domain.errors import (
    AlreadyDeactivated,
    DIDDeactivated,
    DIDImmutable,
    DIDRecordNotFound,
    MalformedBody,
    NotDIDOwner,
    NotSignedIn,
    RoleRequired,
)
from sealwright.domain.people import Actor, ActorKind, Caller
from sealwright.services.agents import AgentChanges, AgentView, NewAgent
from sealwright.services.authorizing_values import ActQuestion
from sealwright.services.batch_authority import BatchAuthority, starter_of
from sealwright.services.dids import ImportedDID, ImportedKey, NewDID
from sealwright.services.office import Office
from sealwright.services.resolving import resolved_from_record
from sealwright.vc.proofs.compact import check_signature, open_compact
from tests.support.delegations import delegated
from tests.support.desk import act, join
from tests.support.office import PUBLIC_URL, api_key_for, the_operator
from tests.support.proving import Party
from tests.support.review import audit_rows
from tests.support.signed_cards import opened

MODEL = {"provider": "Example AI", "modelName": "basket-1"}


@pytest.fixture
def ada(office: Office) -> Caller:
    """Somebody with an account and nothing else."""
    return join(office, "ada")


def own_did(office: Office, caller: Caller, kind: DIDKind = DIDKind.HUMAN) -> str:
    return act(office, caller, lambda uow, me: office.dids.create(uow, me, NewDID(kind=kind, name="Somebody"))).did


def make(office: Office, caller: Caller, operator: str, **more: Any) -> AgentView:
    wish = NewAgent(**{"name": "Shopper", "operator": operator, **more})
    return act(office, caller, lambda uow, me: office.delegations.agents.create(uow, me, wish))


def document(agent: AgentView) -> dict[str, Any]:
    found = json.loads(agent.record.document)
    assert isinstance(found, dict)
    return found


def test_agent_is_made_for_an_operator_of_ones_own(office: Office, ada: Caller) -> None:
    operator = own_did(office, ada)
    made = make(
        office,
        ada,
        operator,
        description="Buys groceries.",
        model=MODEL,
        capabilities=("purchase:groceries",),
        version="1.2",
        services=(ServiceRecord("#a2a", "A2A", "https://shopper.example/a2a"),),
    )
    did = made.record.did
    assert did.startswith("did:adi:agent:")
    assert (made.record.kind, made.record.operator, made.record.owner_user_id) == (DIDKind.AGENT, operator, ada.user_id)
    assert office.delegations.agents.get(did) == made
    assert (made.profile.model, made.profile.capabilities, made.profile.version) == (
        MODEL,
        ("purchase:groceries",),
        "1.2",
    )
    listed = {entry["id"]: entry for entry in document(made)["service"]}
    card = f"{PUBLIC_URL}/agents/{did}/.well-known/agent-card.json"
    assert listed[f"{did}#agent-card"] == {"id": f"{did}#agent-card", "type": "AgentCard", "serviceEndpoint": card}
    assert set(listed) == {f"{did}#agent-card", f"{did}#a2a", f"{did}#didcomm"}
    assert (made.card_url, [one.id for one in made.services]) == (card, [f"{did}#a2a"])


def test_card_says_who_answers_and_what_can_be_done(office: Office, ada: Caller) -> None:
    operator = own_did(office, ada)
    services = (
        ServiceRecord("#a2a", "A2A", "https://shopper.example/a2a"),
        ServiceRecord("#site", "LinkedDomains", "https://shopper.example"),
    )
    made = make(office, ada, operator, capabilities=("purchase:groceries", "chat"), services=services)
    card = office.delegations.agents.card(made.record.did)
    # Every member that the protocol demands of a card.
    demanded = {"name", "description", "version", "supportedInterfaces", "capabilities", "skills"}
    assert demanded | {"defaultInputModes", "defaultOutputModes"} <= set(card)
    assert card["supportedInterfaces"] == [
        {"url": "https://shopper.example/a2a", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    ]
    assert [(one["id"], one["tags"]) for one in card["skills"]] == [  # type: ignore[call-overload,index,union-attr]
        ("purchase:groceries", ["purchase", "groceries"]),
        ("chat", ["chat"]),
    ]
    assert card["provider"] == {"organization": "Somebody", "url": PUBLIC_URL}
    extension = card["capabilities"]["extensions"][0]  # type: ignore[call-overload,index]
    assert extension["params"]["did"] == made.record.did  # type: ignore[call-overload,index]
    assert extension["params"]["operator"] == operator  # type: ignore[call-overload,index]


def test_card_is_signed_by_the_key_that_the_agents_document_lists_now(office: Office, ada: Caller) -> None:
    made = make(office, ada, own_did(office, ada), proof_types=("ecdsa-rdfc-2019", "Ed25519Signature2020"))

    def signer() -> str:
        token = open_compact(opened(office.delegations.agents.card(made.record.did)))
        resolved = resolved_from_record(office.dids.get(made.record.did)).document
        assert token.header["kid"] in resolved.relationship("authentication")
        method = resolved.method(str(token.header["kid"]))
        assert method is not None
        check_signature(token, method.public_key, {str(token.header["alg"])})
        assert (token.payload["name"], token.header["typ"]) == ("Shopper", "JOSE")
        return method.id

    before = signer()
    rotated = ("ecdsa-rdfc-2019", "Ed25519Signature2020")
    for proof_type in rotated:
        act(office, ada, lambda uow, me, name=proof_type: office.dids.rotate(uow, me, made.record.did, name))
    assert signer() != before


def test_card_of_an_agent_that_keeps_its_own_keys_is_not_signed(office: Office, ada: Caller) -> None:
    operator, key = own_did(office, ada), Party(41)
    wish = ImportedDID(
        "did:adi:agent:own",
        kind=DIDKind.AGENT,
        operator=operator,
        keys=(ImportedKey(public_key_multibase=key.key.multikey),),
    )
    caller = the_operator(office)
    office.acts.run(caller, lambda uow, me: office.dids.import_did(uow, me, wish), changes_registry=True)
    card = office.delegations.agents.card("did:adi:agent:own")
    assert "signatures" not in card
    # Nothing that a reader would drop before checking a signature is in any card.
    (skill,) = card["skills"]  # type: ignore[misc,union-attr]
    assert skill["id"] == "delegated-acts"  # type: ignore[call-overload,index]
    assert "null" not in json.dumps(card)


def test_nobody_is_made_to_answer_for_a_program(office: Office, ada: Caller) -> None:
    bob = join(office, "bob")
    with pytest.raises(NotDIDOwner):
        make(office, bob, own_did(office, ada))
    agent = make(office, ada, own_did(office, ada)).record.did
    ended = own_did(office, ada)
    act(office, ada, lambda uow, me: office.dids.deactivate(uow, me, ended))
    for operator in (agent, ended, "did:adi:nobody"):
        with pytest.raises(MalformedBody) as refused:
            make(office, ada, operator)
        assert [fault.pointer for fault in refused.value.faults] == ["/operator"]
    key = api_key_for(office, own_did(office, ada))
    with pytest.raises(RoleRequired):
        make(office, key, next(iter(key.issuer_dids)))


@pytest.mark.parametrize(
    ("services", "pointer"),
    [
        ((ServiceRecord("#a", "A2A", "https://x.example"),) * 2, "/services/1/id"),
        ((ServiceRecord("#agent-card", "Other", "https://x.example"),), "/services/0/id"),
        ((ServiceRecord("#didcomm", "Other", "https://x.example"),), "/services/0/id"),
        ((ServiceRecord("#key-1", "Other", "https://x.example"),), "/services/0/id"),
        ((ServiceRecord("#mine", "AgentCard", "https://x.example"),), "/services/0/type"),
        ((ServiceRecord("#mine", "DIDCommMessaging", "https://x.example"),), "/services/0/type"),
    ],
)
def test_services_stand_apart_from_those_of_the_office(
    office: Office, ada: Caller, services: tuple[ServiceRecord, ...], pointer: str
) -> None:
    operator = own_did(office, ada)
    with pytest.raises(MalformedBody) as refused:
        make(office, ada, operator, services=services)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
    made = make(office, ada, operator)
    with pytest.raises(MalformedBody):
        change(office, ada, made.record.did, services=services)
    assert office.dids.get(made.record.did).version == 1


def test_documents_that_never_change_list_nothing(office: Office, ada: Caller) -> None:
    operator = own_did(office, ada)
    service = (ServiceRecord("#a2a", "A2A", "https://x.example"),)
    for method in ("key", "jwk"):
        with pytest.raises(MalformedBody) as refused:
            make(office, ada, operator, method=method, services=service)
        assert [fault.pointer for fault in refused.value.faults] == ["/services"]
        made = make(office, ada, operator, method=method)
        assert made.record.did.startswith(f"did:{method}:")
        assert "service" not in document(made)
        assert office.delegations.agents.card(made.record.did)["name"] == "Shopper"
        with pytest.raises(DIDImmutable):
            change(office, ada, made.record.did, name="Other")
        assert change(office, ada, made.record.did, version="2").profile.version == "2"
    web = make(office, ada, operator, method="web", path="shopper")
    assert f"{web.record.did}#agent-card" in {entry["id"] for entry in document(web)["service"]}


def change(office: Office, caller: Caller, did: str, **changes: Any) -> AgentView:
    return act(office, caller, lambda uow, me: office.delegations.agents.update(uow, me, did, AgentChanges(**changes)))


def test_what_is_said_of_an_agent_changes_and_is_on_record(office: Office, ada: Caller) -> None:
    made = make(office, ada, own_did(office, ada), description="One.", capabilities=("a",))
    did = made.record.did
    changed = change(office, ada, did, version="2.0", capabilities=("a", "b"))
    assert (changed.profile.version, changed.profile.capabilities) == ("2.0", ("a", "b"))
    assert (changed.profile.description, changed.record.version) == ("One.", 1)
    moved = change(office, ada, did, services=(ServiceRecord("#a2a", "A2A", "https://x.example"),), name="Other")
    assert (moved.record.name, moved.record.version) == ("Other", 2)
    names = [entry["id"].partition("#")[2] for entry in document(moved)["service"]]
    assert sorted(names) == ["a2a", "agent-card", "didcomm"]
    assert change(office, ada, did, version="2.0").profile == moved.profile
    rows = [row for row in audit_rows(office) if row["object"]["id"] == did and row["action"] == "did.updated"]
    said = [row["data"].get("profile") for row in rows]
    assert [one for one in said if one is not None] == [["capabilities", "version"]]
    with pytest.raises(NotDIDOwner):
        change(office, join(office, "bob"), did, version="3")


def test_agents_of_older_offices_are_shown_too(office: Office, ada: Caller) -> None:
    operator = own_did(office, ada)
    wish = NewDID(kind=DIDKind.AGENT, operator=operator, name="Old")
    did = act(office, ada, lambda uow, me: office.dids.create(uow, me, wish)).did
    seen = office.delegations.agents.get(did)
    assert (seen.profile.capabilities, seen.profile.version, seen.services) == ((), "1.0", ())
    assert change(office, ada, did, capabilities=("chat",)).profile.capabilities == ("chat",)
    with pytest.raises(DIDRecordNotFound):
        office.delegations.agents.get(operator)


def test_lists_hold_ones_own_agents_only(office: Office, ada: Caller) -> None:
    bob = join(office, "bob")
    own = [make(office, ada, own_did(office, ada)).record.did for _ in range(3)]
    other = make(office, bob, own_did(office, bob)).record.did
    agents = office.delegations.agents
    first = agents.list(ada, limit=2, cursor=None)
    rest = agents.list(ada, limit=2, cursor=first.next_cursor)
    assert {one.record.did for one in (*first.items, *rest.items)} == set(own)
    everything = {one.record.did for one in agents.list(the_operator(office), limit=50, cursor=None).items}
    assert everything == {*own, other}
    key = api_key_for(office, other)
    assert [one.record.did for one in agents.list(key, limit=2, cursor=None).items] == [other]
    assert agents.list(api_key_for(office, own_did(office, ada)), limit=2, cursor=None).items == ()


def test_key_of_one_agent_acts_as_the_agent(office: Office, ada: Caller) -> None:
    operator = own_did(office, ada)
    did = make(office, ada, operator).record.did
    assert api_key_for(office, did).actor == Actor(ActorKind.AGENT, did, "api_key")
    several = api_key_for(office, did, operator)
    assert (several.actor.kind, several.actor.id) == (ActorKind.API_KEY, several.api_key_id)
    again = office.access.refresh(api_key_for(office, did), office.registry.current())
    assert again.actor == Actor(ActorKind.AGENT, did, "api_key")
    # It manages no DID, its own included, and makes no further keys.
    with pytest.raises(NotDIDOwner):
        act(office, api_key_for(office, did), lambda uow, me: office.dids.rotate(uow, me, did))
    with pytest.raises(RoleRequired):
        act(
            office,
            api_key_for(office, did),
            lambda uow, me: office.api_keys.create(uow, me, name="more", issuer_dids=(did,)),
        )


def test_batches_of_an_agent_go_on_as_the_agent(office: Office, ada: Caller) -> None:
    did = make(office, ada, own_did(office, ada)).record.did
    key = api_key_for(office, did)
    starter = starter_of(key)
    assert (starter.kind, starter.id) == (ActorKind.API_KEY, key.api_key_id)
    authority = BatchAuthority(office.access, office.clock)
    again = authority.caller_of(starter, office.registry.current())
    assert again is not None
    assert (again.actor, again.issuer_dids) == (key.actor, frozenset({did}))
    by_its_did(office, ada, did)
    assert authority.caller_of(starter, office.registry.current()) is None


def by_the_desk(office: Office, caller: Caller, did: str) -> None:
    act(office, caller, lambda uow, me: office.delegations.agents.decommission(uow, me, did))


def by_its_did(office: Office, caller: Caller, did: str) -> None:
    act(office, caller, lambda uow, me: office.dids.deactivate(uow, me, did))


@pytest.mark.parametrize("end", [by_the_desk, by_its_did])
def test_decommissioned_agent_opens_nothing(
    office: Office, ada: Caller, end: Callable[[Office, Caller, str], None]
) -> None:
    operator = own_did(office, ada)
    did = make(office, ada, operator).record.did
    _, secret = act(office, ada, lambda uow, me: office.api_keys.create(uow, me, name="agent", issuer_dids=(did,)))
    header = f"Bearer {secret.text}"
    before = office.access.authenticate(header, office.registry.current())
    end(office, ada, did)
    with pytest.raises(NotSignedIn):
        office.access.authenticate(header, office.registry.current())
    # Also whoever was let in before and acts now.
    with pytest.raises(NotSignedIn):
        act(office, before, lambda uow, me: None)
    with pytest.raises(DIDRecordNotFound):
        office.delegations.agents.card(did)
    assert office.delegations.agents.get(did).card_url is None
    with pytest.raises(DIDDeactivated):
        change(office, ada, did, version="2")
    with pytest.raises(AlreadyDeactivated):
        by_the_desk(office, ada, did)


def test_decommissioning_tells_what_fell_with_it(office: Office, ada: Caller) -> None:
    operator = own_did(office, ada)
    first, second = (make(office, ada, operator).record.did for _ in range(2))
    root = delegated(office, operator, first, maxDepth=1)
    delegated(office, first, second, root.credential_id, expires=root.expires_at)
    aside = delegated(office, operator, second)
    assert office.delegations.agents.affected(first) == (2, 1)
    bob = join(office, "bob")
    with pytest.raises(NotDIDOwner):
        by_the_desk(office, bob, first)
    ended = act(office, ada, lambda uow, me: office.delegations.agents.decommission(uow, me, first))
    assert (ended.invalidated, ended.active_credentials, ended.agent.record.state) == (2, 1, DIDState.DEACTIVATED)
    ask = ActQuestion(second, "purchase:groceries", {})
    verdict = office.delegations.authorizing.ask(the_operator(office), ask)
    # What came through the ended agent is dead, and what came past it is not.
    assert [hop.delegation_id for hop in verdict.chain] == [aside.delegation_id]
    assert verdict.allowed
    held = office.delegations.authority.of(ada, second).held
    assert {one.last.delegation_id: not one.reasons for one in held}[aside.delegation_id] is True
    assert [bool(one.reasons) for one in held if one.last.delegation_id != aside.delegation_id] == [True]


def test_authority_is_told_to_the_agent_and_who_runs_it(office: Office, ada: Caller) -> None:
    operator = own_did(office, ada)
    did = make(office, ada, operator).record.did
    made = delegated(office, operator, did, constraints={"maxSpendPerDay": 50, "requireApproval": True})
    for caller in (ada, api_key_for(office, did), api_key_for(office, operator), the_operator(office)):
        held = office.delegations.authority.of(caller, did).held
        assert [one.last.delegation_id for one in held] == [made.delegation_id]
        assert (held[0].remaining, held[0].approval_required) == ({"maxSpendPerDay": 50}, True)
        assert held[0].ends_at == made.expires_at
    other = make(office, ada, operator).record.did
    for caller in (join(office, "bob"), api_key_for(office, other)):
        with pytest.raises(NotDIDOwner):
            office.delegations.authority.of(caller, did)
    for unknown in (operator, "did:adi:agent:nobody"):
        with pytest.raises(DIDRecordNotFound):
            office.delegations.authority.of(ada, unknown)
