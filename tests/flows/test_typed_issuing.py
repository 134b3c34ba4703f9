"""Issuing against a credential type's schema over the API: it grants as a decision does, and needs as much."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.domain.credentials import CredentialStatus, IssuanceRequest
from sealwright.domain.errors import (
    GrantInForce,
    NotAnApprovedImprover,
    OutOfScope,
    PolicyViolation,
    SchemaNotAuthorized,
    SelfDecision,
)
from sealwright.domain.grants import GrantStatus
from sealwright.domain.people import Caller
from sealwright.domain.requests import Issuance
from sealwright.services.dids import NewDID
from sealwright.services.issuance import Issuing
from sealwright.services.office import Office
from sealwright.services.order_checks import DocumentOptions
from sealwright.services.review_values import NewGrant
from sealwright.vc.credentials.model import CREDENTIALS_V1
from sealwright.vc.encoding.strict_json import JSONValue
from tests.support.desk import DPW, DPW_SCHEMA, act, join
from tests.support.office import the_operator
from tests.support.review import (
    APPROVED,
    IMPROVER,
    ISSUER,
    all_credentials,
    ask,
    assert_one_credential,
    audit_of,
    decide,
    held_by,
    improver,
    reviewer,
    stored_grants,
)


def _wish(office: Office, issuer: str, holder: str, **more: object) -> IssuanceRequest:
    with office.units(write=False) as uow:
        kind = uow.types.get(DPW)
    assert kind is not None
    members: dict[str, object] = {
        "schema_id": kind.schema_id,
        "issuer_did": issuer,
        "holder_did": holder,
        "claims": {"qualification": DPW},
        "expiration": None,
        "proof_type": "Ed25519Signature2020",
        "revocable": True,
        "suspendable": False,
        **more,
    }
    return IssuanceRequest(**members)  # type: ignore[arg-type]


def _own_did(office: Office, caller: Caller) -> str:
    return act(office, caller, lambda uow, me: office.dids.create(uow, me, NewDID())).did


def _issue(office: Office, caller: Caller, wish: IssuanceRequest) -> Any:
    view = office.registry.current()
    return office.issuing.issue(office.issuing.check(wish, caller, view)).record


def test_issuing_against_a_types_schema_makes_the_grant(office: Office) -> None:
    rex = reviewer(office, "rex")
    issuer = _own_did(office, rex)
    ada = improver(office, "ada")
    holder = _own_did(office, ada)
    record = _issue(office, rex, _wish(office, issuer, holder))
    held = held_by(office, ada)
    assert (record.grant_id, held.credential_id) == (held.grant_id, record.credential_id)
    assert (held.issued_by, held.issuance, held.request_id) == (rex.user_id, Issuance.ISSUED, None)
    assert audit_of(office, held.grant_id, record.credential_id) == {"grant.created": 1, "credential.issued": 1}
    with pytest.raises(GrantInForce) as again:
        _issue(office, rex, _wish(office, issuer, holder))
    assert again.value.extra == {"grant_id": held.grant_id}
    act(
        office,
        rex,
        lambda uow, me: office.revocation.revoke(uow, me, record.credential_id, "over"),
        registry=False,
    )
    assert held_by(office, ada).status is GrantStatus.REVOKED
    assert office.shelf.status(record.credential_id).status is CredentialStatus.REVOKED


def test_issuing_against_a_types_schema_needs_what_granting_needs(office: Office) -> None:
    rex, outsider = reviewer(office, "rex"), reviewer(office, "vera", "sfluv_verifier")
    both = join(office, "both", IMPROVER, ISSUER, scopes=(DPW,))
    issuer, foreign, own = (_own_did(office, one) for one in (rex, outsider, both))
    ada, idle = improver(office, "ada"), join(office, "idle")
    holder, idle_did = _own_did(office, ada), _own_did(office, idle)
    with pytest.raises(OutOfScope):
        _issue(office, outsider, _wish(office, foreign, holder))
    with pytest.raises(SelfDecision):
        _issue(office, both, _wish(office, own, own))
    with pytest.raises(NotAnApprovedImprover):
        _issue(office, rex, _wish(office, issuer, idle_did))
    with pytest.raises(NotAnApprovedImprover):
        _issue(office, rex, _wish(office, issuer, STRANGER))
    with pytest.raises(PolicyViolation):
        _issue(office, rex, _wish(office, issuer, holder, revocable=False))
    _, secret = act(office, rex, lambda uow, me: office.api_keys.create(uow, me, name="k", issuer_dids=[issuer]))
    key = office.access.authenticate(f"Bearer {secret.text}", office.registry.current())
    record = _issue(office, key, _wish(office, issuer, holder))
    assert held_by(office, ada).issued_by == key.actor.id
    assert record.grant_id is not None


STRANGER = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


def test_issuing_against_a_types_schema_does_not_pass_the_second_reviewer_by(office: Office) -> None:
    act(office, the_operator(office), lambda uow, me: office.catalog.update(uow, me, DPW, {"two_person": True}))
    rex, ada = reviewer(office, "rex"), improver(office, "ada")
    with pytest.raises(PolicyViolation):
        _issue(office, rex, _wish(office, _own_did(office, rex), _own_did(office, ada)))


def test_issuing_against_a_types_schema_does_not_pass_the_note_by(office: Office) -> None:
    change = {"approval_note_required": True}
    act(office, the_operator(office), lambda uow, me: office.catalog.update(uow, me, DPW, change))
    rex, ada = reviewer(office, "rex"), improver(office, "ada")
    with pytest.raises(PolicyViolation):
        _issue(office, rex, _wish(office, _own_did(office, rex), _own_did(office, ada)))


def test_a_document_of_ones_own_goes_round_no_rule_of_its_schema(office: Office) -> None:
    rex = reviewer(office, "rex")
    issuer, holder = _own_did(office, rex), _own_did(office, improver(office, "ada"))
    view = office.registry.current()
    schema = view.schema(DPW_SCHEMA)
    assert schema is not None
    document: dict[str, JSONValue] = {
        "@context": [CREDENTIALS_V1, schema.context_url],
        "type": ["VerifiableCredential", *schema.type],
        "issuer": issuer,
        "credentialSubject": {"id": holder, "qualification": DPW},
        "credentialSchema": {"id": DPW_SCHEMA, "type": "JsonSchemaValidator2018"},
    }
    plain: dict[str, JSONValue] = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "credentialSubject": {"id": holder},
    }
    check, options = office.issuing.check_document, DocumentOptions()
    words = {"Sealed": f"{schema.context_url}#{schema.type[0]}", "word": f"{schema.context_url}#qualification"}
    inline: dict[str, JSONValue] = {**plain, "@context": [CREDENTIALS_V1, dict(words)]}
    inline |= {"type": ["VerifiableCredential", "Sealed"], "credentialSubject": {"id": holder, "word": DPW}}
    for refused in (document, inline):
        with pytest.raises(PolicyViolation):
            check(refused, options, rex, view)
    assert check(plain, options, rex, view).external_id is None
    _, secret = act(
        office,
        rex,
        lambda uow, me: office.api_keys.create(uow, me, name="k", issuer_dids=[issuer], schemas=[DPW_SCHEMA]),
    )
    key = office.access.authenticate(f"Bearer {secret.text}", office.registry.current())
    with pytest.raises(SchemaNotAuthorized):
        check(plain, options, key, office.registry.current())


def test_scope_lost_between_signature_and_store_makes_no_grant(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rex, ada = reviewer(office, "rex"), improver(office, "ada")
    issuer, holder = _own_did(office, rex), _own_did(office, ada)
    original = Issuing.sign

    def meanwhile(*args: Any) -> None:
        original(*args)
        act(
            office,
            the_operator(office),
            lambda uow, me: office.enrollment.put_issuer(uow, me, rex.user_id, allowed_credentials=["sfluv_verifier"]),
        )

    monkeypatch.setattr(Issuing, "sign", meanwhile)
    with pytest.raises(OutOfScope):
        _issue(office, rex, _wish(office, issuer, holder))
    assert (stored_grants(office, ada.user_id), all_credentials(office)) == ((), [])


def test_three_roads_at_once_give_one_grant(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rex, roy, ada = reviewer(office, "rex"), reviewer(office, "roy"), improver(office, "ada")
    issuer, holder = _own_did(office, rex), _own_did(office, ada)
    request = ask(office, ada)
    original = Issuing.sign

    def meanwhile(*args: Any) -> None:
        original(*args)
        if not stored_grants(office, ada.user_id):
            office.granting.grant(roy, NewGrant(ada.user_id, DPW))

    monkeypatch.setattr(Issuing, "sign", meanwhile)
    with pytest.raises(GrantInForce):
        _issue(office, rex, _wish(office, issuer, holder))
    with pytest.raises(GrantInForce):
        decide(office, rex, request, APPROVED)
    monkeypatch.undo()
    assert_one_credential(office, ada)
