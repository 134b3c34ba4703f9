"""Values for the storage tests: usual ones, with what a test cares about passed by name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sealwright.domain.access import ApiKey, PersonalToken
from sealwright.domain.audit import AuditEntry
from sealwright.domain.catalog import CredentialType, RevocationPolicy, Visibility
from sealwright.domain.credentials import (
    CredentialRecord,
    CredentialStatus,
    IdempotencyScope,
    Reservation,
    StatusListRecord,
    StatusPlace,
)
from sealwright.domain.dids import (
    Custody,
    DIDKind,
    DIDRecord,
    DIDState,
    KeyPurpose,
    MethodRecord,
    MethodState,
    ServiceRecord,
    StoredKey,
)
from sealwright.domain.grants import Grant
from sealwright.domain.ids import new_credential_uid, new_id
from sealwright.domain.people import AccountRole, Actor, ActorKind, Person, UserId, Wallet
from sealwright.domain.requests import CredentialRequest, Evidence, HistoryEntry, RequestState
from sealwright.domain.schemas import SchemaRecord

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ISSUER = "did:adi:issuer-one"
HOLDER = "did:adi:holder-one"
ACTOR = Actor(ActorKind.USER, "usr_tester", "token")


def person(user_id: str = "usr_ada", **changes: Any) -> Person:
    """A person with every member set."""
    usual = Person(
        user_id=UserId(user_id),
        email=f"{user_id}@example.org",
        verified=True,
        display_name="Ada Lovelace",
        roles=frozenset({AccountRole.ISSUER}),
        created_at=NOW,
        scopes=("degree",),
        wallets=(Wallet("0xABC", verified=False, label="cold"),),
        holder_did=HOLDER,
    )
    return replace(usual, **changes)


def token(token_id: str = "tok_one", user_id: str = "usr_ada", **changes: Any) -> PersonalToken:
    """A personal token that lasts 90 days."""
    digest = hashlib.sha256(token_id.encode()).digest()
    usual = PersonalToken(token_id, UserId(user_id), "laptop", digest, NOW, NOW + timedelta(days=90))
    return replace(usual, **changes)


def api_key(api_key_id: str = "key_one", **changes: Any) -> ApiKey:
    """An API key with every member set."""
    usual = ApiKey(
        api_key_id=api_key_id,
        name="registrar",
        prefix="swk_abcdefgh",
        digest=hashlib.sha256(api_key_id.encode()).digest(),
        owner_user_id=UserId("usr_ada"),
        issuer_dids=(ISSUER,),
        schemas=("degree-v1",),
        issue_per_minute=120,
        created_at=NOW,
        expires_at=NOW + timedelta(days=365),
    )
    return replace(usual, **changes)


def method(did: str = ISSUER, name: str = "key-1", **changes: Any) -> MethodRecord:
    """A verification method whose public key follows from its name."""
    usual = MethodRecord(
        id=f"{did}#{name}",
        type="Ed25519VerificationKey2020",
        public_key_multibase=f"z{hashlib.sha256(f'{did}#{name}'.encode()).hexdigest()}",
        proof_types=("Ed25519Signature2020",),
        purposes=("assertionMethod", "authentication"),
        use=KeyPurpose.CREDENTIALS,
        state=MethodState.ACTIVE,
        custody=Custody.SERVER,
        created_at=NOW,
    )
    return replace(usual, **changes)


def did_record(did: str = ISSUER, **changes: Any) -> DIDRecord:
    """A DID with a method and a service."""
    usual = DIDRecord(
        did=did,
        method="adi",
        kind=DIDKind.ORGANIZATION,
        name="Test University",
        state=DIDState.ACTIVE,
        controller=None,
        operator=None,
        owner_user_id=UserId("usr_ada"),
        aliases=(),
        methods=(method(did),),
        services=(ServiceRecord(f"{did}#site", "LinkedDomains", {"origins": ["https://example.org"]}),),
        document=b'{"id":"' + did.encode() + b'"}',
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(usual, **changes)


def stored_key(key_id: str = f"{ISSUER}#key-1", **changes: Any) -> StoredKey:
    """A sealed software key."""
    usual = StoredKey(
        key_id=key_id,
        did=ISSUER,
        use=KeyPurpose.CREDENTIALS,
        algorithm="Ed25519",
        public_key=b"p" * 32,
        backend="software",
        sealed=b"\x00sealed\xff",
        kek_id="kek-1",
        state=MethodState.ACTIVE,
        created_at=NOW,
        not_after=NOW + timedelta(days=365),
    )
    return replace(usual, **changes)


def schema(schema_id: str = "degree-v1", **changes: Any) -> SchemaRecord:
    """A schema with every member set."""
    usual = SchemaRecord(
        schema_id=schema_id,
        name=schema_id,
        version="1",
        type=("DegreeCredential",),
        description="A degree.",
        author=ISSUER,
        content=b'{"type":"object"}',
        context_url=f"https://example.org/contexts/{schema_id}/1",
        context=b'{"@context":{}}',
        sha256="ab" * 32,
        restricted=True,
        allowed_issuers=(ISSUER,),
        revocation_required=True,
        active=True,
        created_at=NOW,
        credential_type="degree",
    )
    return replace(usual, **changes)


def scope(key: str = "k-1", **changes: Any) -> IdempotencyScope:
    """An idempotency scope."""
    return replace(IdempotencyScope("api_key:key_one", "POST /api/v1/credentials", key, b"d" * 32), **changes)


def reservation(uid: UUID | None = None, **changes: Any) -> Reservation:
    """A reservation without a status entry."""
    usual = Reservation(
        uid=uid or new_credential_uid(),
        external_id=None,
        issuer_did=ISSUER,
        place=None,
        order_digest=b"o" * 32,
        key_id=f"{ISSUER}#key-1",
        proof_type="Ed25519Signature2020",
        reserved_at=NOW,
    )
    return replace(usual, **changes)


def credential(uid: UUID | None = None, **changes: Any) -> CredentialRecord:
    """A valid credential without a status entry."""
    usual = CredentialRecord(
        uid=uid or new_credential_uid(),
        external_id=None,
        issuer_did=ISSUER,
        holder_did=HOLDER,
        schema_id="degree-v1",
        types=("VerifiableCredential", "DegreeCredential"),
        proof_type="Ed25519Signature2020",
        verification_method=f"{ISSUER}#key-1",
        revocable=False,
        suspendable=False,
        place=None,
        status=CredentialStatus.VALID,
        issued_at=NOW,
        expires_at=None,
        document=b'{"exact": "bytes \xc3\xa9 \x00"}',
        document_sha256="ab" * 32,
    )
    return replace(usual, **changes)


def ordered_uid(number: int) -> UUID:
    """A version 7 uid whose order is that of `number`."""
    return UUID(int=(0x0190_0000_0000 + number) << 80 | 0x7 << 76 | 0x2 << 62 | number)


def status_list(
    issuer_did: str = ISSUER, *, capacity: int = 112, size_bits: int = 128, **changes: Any
) -> StatusListRecord:
    """A small open list."""
    usual = StatusListRecord(
        list_id=new_id("slt"),
        issuer_did=issuer_did,
        permutation_key=b"k" * 32,
        size_bits=size_bits,
        capacity=capacity,
        used=0,
        version=1,
        is_open=True,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(usual, **changes)


def place(list_id: str = "slt_one", index: int = 0) -> StatusPlace:
    """A place in a list."""
    return StatusPlace(list_id, index)


def entry(object_id: str = "urn:uuid:1", action: str = "credential.issued", **changes: Any) -> AuditEntry:
    """An audit entry."""
    usual = AuditEntry(ACTOR, action, "credential", object_id, NOW, after={"status": "valid"}, data={"n": 1})
    return replace(usual, **changes)


def credential_type(value: str = "degree", **changes: Any) -> CredentialType:
    """A credential type with every member set."""
    usual = CredentialType(
        value=value,
        label=f"Label of {value}",
        schema_id="degree-v1",
        issuer_did=ISSUER,
        created_at=NOW,
        updated_at=NOW,
        visibility=Visibility.UNLISTED,
        labels={"es": "Título"},
        description="What it is.",
        criteria="What it takes.",
        checklist=("Seen", "Checked"),
        questions=("Why?",),
        badge_attachment_id="att_badge",
        validity_days=365,
        renewal_reminder_days=30,
        target_hours=48,
        revocation_policy=RevocationPolicy.RELEASE_ALL,
        suspendable=True,
        two_person=True,
        approval_note_required=True,
    )
    return replace(usual, **changes)


def request(request_id: str = "req_one", user_id: str = "usr_ada", **changes: Any) -> CredentialRequest:
    """A pending request with every member set that a pending one can have."""
    usual = CredentialRequest(
        request_id=request_id,
        user_id=user_id,
        credential_type="degree",
        state=RequestState.PENDING,
        requested_at=NOW,
        created_at=NOW,
        updated_at=NOW,
        needs_info=True,
        assignee_user_id="usr_reviewer",
        message="Please add a page.",
        note="Looks good.",
        evidence=(Evidence("att_one", "diploma.pdf"),),
        claims={"degree": {"gpa": 3.8, "tags": ["a", None]}},
        answers={"Why?": "Because."},
        requester_note="Hello.",
        endorsed_by="usr_other",
        earlier_rejections=2,
    )
    return replace(usual, **changes)


def entry_of_history(request_id: str = "req_one", **changes: Any) -> HistoryEntry:
    """The first entry of a request's history."""
    return replace(
        HistoryEntry(request_id, NOW, "requested", "usr_ada", None, RequestState.PENDING, checklist=("Seen",)),
        **changes,
    )


def grant(grant_id: str = "grt_one", user_id: str = "usr_ada", **changes: Any) -> Grant:
    """An active grant, not signed yet."""
    usual = Grant(
        grant_id=grant_id,
        user_id=user_id,
        credential_type="degree",
        issued_by="usr_reviewer",
        issued_at=NOW,
        expires_at=NOW + timedelta(days=365),
        request_id="req_one",
        note="Welcome.",
        claims={"degree": {"gpa": 3.8}},
        sign_after=NOW + timedelta(seconds=30),
    )
    return replace(usual, **changes)
