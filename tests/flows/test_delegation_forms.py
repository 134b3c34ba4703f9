"""Delegations that others made as SD-JWT VCs, below and beside those of the office: what each road says of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID

import pytest

from sealwright.domain.delegation_errors import DelegationNotFound
from sealwright.domain.delegations import Delegation
from sealwright.protocols.capability.proof import ProofKey
from sealwright.relying import Refused
from sealwright.services.capability_check import TokenQuestion
from sealwright.services.office import Office
from sealwright.services.schemas import NewSchema
from sealwright.services.verification import VerifyOptions
from sealwright.vc.delegation.chain import ChainReport
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.sd_jwt import combined, conceal
from sealwright.vc.proofs.sd_jwt_reading import present
from sealwright.vc.proofs.sd_jwt_vc import SdJwtVcParts, sd_jwt_vc_claims
from sealwright.vc.verification.report import Check
from tests.support.capability import grounds, make
from tests.support.delegations import (
    AGENT,
    AGENTS,
    ENDS,
    HUMAN,
    LIMITS,
    delegated,
    delegation_claims,
    furnish_delegations,
    issue_delegation,
)
from tests.support.office import MovableClock, open_office, the_operator
from tests.support.proving import Party
from tests.support.shop_world import AGENT as AGENT_OF_SHOP
from tests.support.shop_world import ALICE, HELPER, Shop, asking, name_of
from tests.support.shop_world import delegation as shop_delegation

OUTSIDE: Final = Ed25519Signer(Secret32(b"\x2a" * 32))
KEY: Final = PublicKey("Ed25519", OUTSIDE.public_key)
BROKER: Final = f"did:key:{KEY.multikey}"
"""An agent that keeps its key elsewhere, and passes on what it was given by SD-JWTs of its own."""


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="module")
def office(shared_url: str, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[Office]:
    with open_office(shared_url, tmp_path_factory.mktemp("home"), clock=clock) as opened:
        furnish_delegations(opened)
        yield opened


def passed_on(office: Office, parent: str | None, now: Any, **changes: Any) -> str:
    """What the broker signs: a delegation to the office's agent."""
    parts: dict[str, Any] = {
        "issuer": BROKER,
        "vct": f"{office.public_url}/vct/agent-delegation",
        "claims": {
            **delegation_claims(BROKER, AGENT, parent, scope=["purchase:food"]),
            **changes.pop("claims", {}),
        },
        "holder_key": KEY,
        "issued_at": now - timedelta(minutes=1),
        "subject": AGENT,
        "credential_id": UUID(int=9).urn,
        "expires_at": ENDS - timedelta(days=1),
        **changes,
    }
    made = conceal(sd_jwt_vc_claims(SdJwtVcParts(**parts)))
    header: dict[str, JSONValue] = {"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": f"{BROKER}#{KEY.multikey}"}
    data = signing_input(header, made.payload)
    return combined(sealed(data, OUTSIDE.sign(data)), made.disclosures)


def told(office: Office, document: object) -> Check:
    """What verifying a credential alone says of its delegation."""
    report = office.verifier.verify(document, VerifyOptions())
    check = report.check("delegation")
    assert bool(report) is check.is_met, report.failures
    return check


def joined(office: Office, *chain: Any, **asked: Any) -> ChainReport:
    return office.delegations.chains.verify(AGENT, chain, **asked)


@pytest.fixture
def root(office: Office) -> Delegation:
    return delegated(office, HUMAN, BROKER, maxDepth=1)


def _document(office: Office, delegation: Delegation) -> Any:
    with office.units(write=False) as uow:
        record = uow.credentials.get(delegation.credential_id)
    assert record is not None
    return parse_json(record.document or b"")


def test_an_sd_jwt_below_a_delegation_kept_here_is_checked_with_its_chain(
    office: Office, clock: MovableClock, root: Delegation
) -> None:
    now = clock.now()
    text = passed_on(office, root.credential_id, now)
    assert (told(office, text).has_passed, told(office, text).code) == (True, None)
    for above in (root.credential_id, _document(office, root)):
        assert joined(office, above, text, action="purchase:food").valid
        assert joined(office, above, text, action="purchase:wine").errors == ("DELEGATION_ACTION_NOT_COVERED",)
    wider = passed_on(office, root.credential_id, now, claims={"constraints": {**LIMITS, "maxSpendPerDay": 101}})
    assert told(office, wider).code == "DELEGATION_CONSTRAINT_LOOSENED"
    longer = passed_on(office, root.credential_id, now, expires_at=ENDS + timedelta(seconds=1))
    assert told(office, longer).code == "DELEGATION_EXPIRY_EXCEEDED"
    other = delegated(office, HUMAN, AGENTS[1], maxDepth=1)
    assert told(office, passed_on(office, other.credential_id, now)).code == "DELEGATION_INVALID"
    nobody = told(office, passed_on(office, UUID(int=1).urn, now))
    assert (nobody.is_open, nobody.code) == (True, "DELEGATION_NOT_FOUND")
    for name in ("constraints", "parent", "scope", "maxDepth", "delegator"):
        part = present(text, lambda path, name=name: path[0] != name)
        assert not told(office, part).is_met
        assert "DELEGATION_INVALID" in joined(office, root.credential_id, part).errors


def test_that_proofs_held_is_remembered_of_chains_alone(office: Office, root: Delegation) -> None:
    chain = [_document(office, root)]
    before = len(office.verifier.proven)
    assert office.verifier.verify(chain[0], VerifyOptions())
    assert len(office.verifier.proven) == before
    for _ in range(2):
        assert office.delegations.chains.verify(BROKER, chain).valid
        assert len(office.verifier.proven) == before + 1
    office.acts.run(
        the_operator(office), lambda uow, me: office.delegations.desk.revoke(uow, me, root.delegation_id, "over")
    )
    assert office.delegations.chains.verify(BROKER, chain).errors == ("DELEGATION_REVOKED",)


def test_it_falls_with_what_it_rests_on(office: Office, clock: MovableClock, root: Delegation) -> None:
    text = passed_on(office, root.credential_id, clock.now())
    desk, me = office.delegations.desk, the_operator(office)
    for move, code in (
        (desk.suspend, "DELEGATION_SUSPENDED"),
        (desk.reinstate, None),
        (desk.revoke, "DELEGATION_REVOKED"),
    ):
        office.acts.run(me, lambda uow, caller, move=move: move(uow, caller, root.delegation_id, "over"))
        assert told(office, text).code == code
        assert joined(office, root.credential_id, text).errors == (() if code is None else (code,))


def test_what_is_not_kept_here_carries_nothing_that_is(office: Office, clock: MovableClock, root: Delegation) -> None:
    """Acts are judged and delegations passed on by what the office keeps; a stranger's text is none of it."""
    passed_on(office, root.credential_id, clock.now())
    with pytest.raises(DelegationNotFound) as refused:
        issue_delegation(office, AGENT, AGENTS[1], UUID(int=9).urn)
    assert [fault.pointer for fault in refused.value.faults] == ["/claims/parent"]


def test_the_name_of_another_credential_makes_no_delegation_another_thing(office: Office, clock: MovableClock) -> None:
    claims: dict[str, JSONValue] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"note": {"type": "string"}},
    }
    wish = NewSchema(name="note", type=("NoteCredential",), schema=claims)
    office.schemas.prove(wish)
    office.acts.run(the_operator(office), lambda uow, me: office.schemas.register(uow, me, wish), changes_registry=True)
    note = issue_delegation(
        office, HUMAN, AGENT, request={"schema_id": "did:adi:schema:note-v1", "claims": {"note": "hello"}}
    )
    disguised = passed_on(office, None, clock.now(), credential_id=note.credential_id, claims={"delegate": HUMAN})
    assert told(office, disguised).code == "DELEGATION_INVALID"


def test_a_token_may_rest_on_an_sd_jwt_where_the_office_is_asked(
    office: Office, clock: MovableClock, root: Delegation
) -> None:
    leaf = Party(43, did=f"did:key:{Party(43).key.multikey}")
    now = clock.now()
    text = passed_on(office, root.credential_id, now, claims={"delegate": leaf.did}, subject=leaf.did)

    def checked(hop: str, **act: Any) -> str | None:
        asked = {"chain": (_document(office, root), hop), "action": "purchase:food", "context": {"amount": 40}, **act}
        token = make(leaf, grounds(leaf.did, HUMAN, ProofKey().jkt, **asked), now=now)
        return office.delegations.token_check.verify(TokenQuestion(token)).code

    assert checked(text) is None
    assert checked(text, context={"amount": 41}) == "DELEGATION_CONSTRAINT_EXCEEDED"
    assert checked(text, action="purchase:wine") == "DELEGATION_ACTION_NOT_COVERED"
    assert checked(present(text, lambda path: path[0] != "constraints")) == "DELEGATION_INVALID"
    assert checked(passed_on(office, root.credential_id, now)) == "DELEGATION_INVALID"
    desk = office.delegations.desk
    office.acts.run(the_operator(office), lambda uow, me: desk.revoke(uow, me, root.delegation_id, "over"))
    assert checked(text) == "DELEGATION_REVOKED"


def test_a_server_that_asks_nobody_takes_no_sd_jwt(office: Office, clock: MovableClock) -> None:
    text = passed_on(office, name_of(2), clock.now(), claims={"delegate": HELPER.did}, subject=HELPER.did)
    made: Any = asking(HELPER, shop_delegation(ALICE, AGENT_OF_SHOP, 2, depth=1), cast("Any", text))
    with pytest.raises(Refused) as refused:
        Shop().order(made)
    assert refused.value.code == "DELEGATION_PROOF_INVALID"
