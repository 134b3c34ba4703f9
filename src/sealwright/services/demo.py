"""The demo: the people, DIDs, schemas and keys that the documentation's examples speak of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import DomainError
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.sign_in import LinkPurpose
from sealwright.services.demo_queue import LOST_AGAIN, LOST_REASON, seed_queue
from sealwright.services.demo_workflow import seed_workflow
from sealwright.services.dids import ImportedDID
from sealwright.services.founding import prove_builtin, register_builtin
from sealwright.services.links import Links
from sealwright.services.people import NewPerson
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.registry import ISSUED_SUITES

if TYPE_CHECKING:
    from sealwright.domain.dids import DIDRecord
    from sealwright.domain.grants import Grant
    from sealwright.services.office import Office
    from sealwright.services.ports import UnitOfWork

_log = logging.getLogger(__name__)
_NAME: Final = "demo"
_PROOF_TYPE: Final = "Ed25519Signature2020"
# The documentation shows how a holder discloses a part of what this issuer signed.
_ISSUER_PROOF_TYPES: Final = (_PROOF_TYPE, *(name for name in ("bbs-2023",) if name in ISSUED_SUITES))
KEYED_ISSUERS: Final = ("did:adi:issuer001", "did:adi:human001")


@dataclass(frozen=True, slots=True)
class _DemoPerson:
    """Somebody of the demo, by the name that the documentation uses."""

    name: str
    display_name: str
    role: AccountRole
    scopes: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()
    holder_did: str | None = None

    @property
    def email(self) -> str:
        return f"{self.name.replace('_', '-')}@demo.example"


@dataclass(frozen=True, slots=True)
class _DemoDID:
    """A DID of the demo and who owns it; it is also known under its id with three dots behind it."""

    did: str
    kind: DIDKind
    name: str
    owner: str
    operator: str | None = None
    proof_types: tuple[str, ...] = (_PROOF_TYPE,)


_PEOPLE: Final = (
    _DemoPerson("admin", "Ada Admin", AccountRole.ADMIN),
    _DemoPerson("issuer", "Ines Issuer", AccountRole.ISSUER, scopes=("dpw_certified", "sfluv_verifier")),
    _DemoPerson("dpw_issuer", "Dora Works", AccountRole.ISSUER, scopes=("dpw_certified",)),
    _DemoPerson(
        "improver",
        "Ivo Improver",
        AccountRole.IMPROVER,
        wallets=("0x1111111111111111111111111111111111111111",),
        holder_did="did:adi:holder001",
    ),
    _DemoPerson(
        "improver2",
        "Iris Improver",
        AccountRole.IMPROVER,
        wallets=("0x2222222222222222222222222222222222222222",),
        holder_did="did:adi:holder002",
    ),
    _DemoPerson("proposer", "Pat Proposer", AccountRole.PROPOSER),
    _DemoPerson("voter1", "Vera Voter", AccountRole.VOTER),
    _DemoPerson("voter2", "Victor Voter", AccountRole.VOTER),
    _DemoPerson("voter3", "Viola Voter", AccountRole.VOTER),
)
# Operators stand before their agents.
_DIDS: Final = (
    _DemoDID("did:adi:issuer001", DIDKind.ORGANIZATION, "MIT", "issuer", proof_types=_ISSUER_PROOF_TYPES),
    _DemoDID("did:adi:holder001", DIDKind.HUMAN, "Ivo Improver", "improver"),
    _DemoDID("did:adi:holder002", DIDKind.HUMAN, "Iris Improver", "improver2"),
    _DemoDID("did:adi:human001", DIDKind.HUMAN, "Pat Proposer", "proposer"),
    _DemoDID("did:adi:agent:7f3a", DIDKind.AGENT, "Purchasing agent", "proposer", operator="did:adi:human001"),
)


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A person of the demo with a fresh personal token and link to sign in with, in clear this once."""

    user_id: str
    email: str
    token: str = field(repr=False)
    sign_in_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoData:
    """What the demo consists of; secrets and links are fresh each time.

    Args:
        users: By the name that the documentation uses.
        issuer_api_keys: A fresh API key by issuer DID.
        workflow_id, series_id: The approved Street Repair Project.
    """

    users: Mapping[str, DemoUser]
    issuer_api_keys: Mapping[str, str] = field(repr=False)
    dids: tuple[str, ...]
    schemas: tuple[str, ...]
    credential_types: tuple[str, ...] = ()
    workflow_id: str = ""
    series_id: str = ""


def seed_demo(office: Office, caller: Caller) -> DemoData:
    """Add what is missing of the demo, and make fresh tokens, links and keys, in one transaction; then sign its grants.

    Raises:
        RoleRequired: The caller is neither operator nor admin.
        EmailInUse, DIDExists: Somebody who is not of the demo has taken a name of it.
        SetupRequired: The office has not been founded.
        Sealed: Keys cannot be made.
    """
    prove_builtin(office)
    data, grants = office.acts.run(caller, lambda uow, present: _seed(office, uow, present), changes_registry=True)
    _sign(office, caller, grants)
    return data


def _sign(office: Office, caller: Caller, grants: tuple[Grant, ...]) -> None:
    """Sign what the queue has granted, and take some of it away again; what fails is left to the housekeeping."""
    for place, grant in enumerate(grants):
        try:
            office.granting.retry_issuance(caller, grant.grant_id)
            if place in LOST_AGAIN:
                office.acts.run(caller, _revocation(office, grant))
        except (DomainError, VcError) as error:
            _log.warning("demo grant not signed", extra={"object_id": grant.grant_id, "kind": type(error).__name__})


def _revocation(office: Office, grant: Grant) -> Callable[[UnitOfWork, Caller], object]:
    return lambda uow, me: office.granting.revoke(uow, me, reason=LOST_REASON, grant_id=grant.grant_id)


def _seed(office: Office, uow: UnitOfWork, caller: Caller) -> tuple[DemoData, tuple[Grant, ...]]:
    schemas = register_builtin(office, uow, caller)
    types = office.catalog.ensure_builtin(uow, caller)
    links = Links(office.clock, office.public_url)
    ids = {person.name: _ensure_person(office, uow, caller, person) for person in _PEOPLE}
    for one in _DIDS:
        _ensure_did(office, uow, caller, one, ids[one.owner])
    users = {}
    for person in _PEOPLE:
        _, secret = office.people.create_token(uow, caller, ids[person.name], _NAME)
        link = links.make(uow, LinkPurpose.SIGN_IN, user_id=ids[person.name], email=person.email)
        users[person.name] = DemoUser(ids[person.name], person.email, secret.text, link)
    keys = {}
    for did in KEYED_ISSUERS:
        _, secret = office.api_keys.create(uow, caller, name=_NAME, issuer_dids=[did])
        keys[did] = secret.text
    grants = seed_queue(office, uow, caller, ids["issuer"])
    workflow = seed_workflow(office, uow, caller, ids["proposer"])
    data = DemoData(
        users,
        keys,
        tuple(one.did for one in _DIDS),
        schemas,
        types,
        workflow_id=workflow.workflow_id,
        series_id=workflow.series_id,
    )
    return data, grants


def _ensure_person(office: Office, uow: UnitOfWork, caller: Caller, wanted: _DemoPerson) -> str:
    known = uow.people.by_email(wanted.email)
    if known is None:
        wish = NewPerson(
            email=wanted.email,
            display_name=wanted.display_name,
            roles=frozenset({wanted.role}),
            verified=True,
            scopes=wanted.scopes,
            wallets=wanted.wallets,
            holder_did=wanted.holder_did,
        )
        known = office.people.create(uow, caller, wish)
    return known.user_id


def _ensure_did(office: Office, uow: UnitOfWork, caller: Caller, wanted: _DemoDID, owner: str) -> None:
    known = uow.dids.get(wanted.did)
    if known is not None:
        _ensure_keys(office, uow, caller, known, wanted.proof_types)
        return
    wish = ImportedDID(
        wanted.did,
        kind=wanted.kind,
        name=wanted.name,
        generate=wanted.proof_types,
        operator=wanted.operator,
        aliases=(f"{wanted.did}...",),
        owner=owner,
    )
    office.dids.import_did(uow, caller, wish)


def _ensure_keys(
    office: Office, uow: UnitOfWork, caller: Caller, known: DIDRecord, proof_types: tuple[str, ...]
) -> None:
    """Give a DID of an earlier demo the keys that it lacks."""
    for proof_type in proof_types:
        if known.is_active and known.signing_method(proof_type) is None:
            office.dids.rotate(uow, caller, known.did, proof_type)
