"""Chains of delegation credentials as an office issues them, made and verified in memory: parties, lists and schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sealwright.services.catalog_builtin import AGENT_DELEGATION, list_builtin
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.credentials.build import CredentialParts, build_credential
from sealwright.vc.delegation.chain import ChainReport, RootMay, verify_chain
from sealwright.vc.delegation.judging import ActContext
from sealwright.vc.dids.document import build_did_document
from sealwright.vc.dids.methods import adi_id
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.verification_method import ED25519_2020, VerificationMethod
from sealwright.vc.errors import DIDNotFound, StatusListUnreadable
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.schemas.contexts import build_context, context_url
from sealwright.vc.schemas.validation import ClaimsValidator
from sealwright.vc.status.bitstring import empty_bitstring, set_bit
from sealwright.vc.status.documents import StatusListKind, StatusListParts, build_status_list_credential, status_entries
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.report import VerificationReport
from sealwright.vc.verification.sources import ANY_ISSUER
from sealwright.vc.verification.status_reading import StatusListMemory

OFFICE: Final = "https://office.example"
NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENDS: Final = datetime(2027, 1, 1, tzinfo=UTC)
ED25519: Final = "Ed25519Signature2020"
SUITES: Final = (ED25519, "eddsa-rdfc-2022", "eddsa-jcs-2022")
LIST_BITS: Final = 131_072
LIMITS: Final[Mapping[str, Any]] = {
    "maxSpendPerTransaction": 40,
    "maxSpendPerDay": 99.5,
    "authorizedMerchants": ["corner-shop", "market"],
    "authorizedRegions": ["us-ca"],
}
SCOPE: Final = ("purchase:groceries", "purchase:household:*")


class Somebody:
    """A party with one Ed25519 key in a did:adi document of its own."""

    def __init__(self, number: int) -> None:
        self.seed = bytes([number]) * 32
        self.signer = Ed25519Signer(Secret32(self.seed))
        key = PublicKey("Ed25519", self.signer.public_key)
        self.did = adi_id(self.signer.public_key, agent=number > 1)
        self.method = VerificationMethod(f"{self.did}#{key.multikey}", ED25519_2020, self.did, key)

    def document(self, **changes: Any) -> ResolvedDID:
        """The party's DID, resolved."""
        names = [self.method.id]
        relationships = {"assertionMethod": names, "authentication": names}
        return ResolvedDID(build_did_document(self.did, [self.method], relationships=relationships), **changes)


class ChainWorld:
    """Parties 0 (a human), 1, 2 … (agents), each with status lists, and everything that a verifier asks for.

    It resolves DIDs, gives status lists and schemas from memory, and remembers nothing of credentials.
    """

    def __init__(self, parties: int = 10) -> None:
        builtin = next(one for one in list_builtin() if one.schema_id == AGENT_DELEGATION)
        self.context_url = context_url(OFFICE, builtin.name, builtin.version)
        self.context = build_context(
            builtin.schema, types=builtin.type, base_url=OFFICE, name=builtin.name, version=builtin.version
        )
        contexts = ContextStore.pinned()
        contexts.register(self.context_url, self.context)
        self.canon = Canonicalizer(contexts)
        self._validator = ClaimsValidator(builtin.schema)
        self.parties = [Somebody(number + 1) for number in range(parties)]
        self.dids = {party.did: party.document() for party in self.parties}
        self.lists: dict[str, dict[str, Any]] = {}
        self.memory = StatusListMemory()
        self.issued = 0
        self._given: dict[str, Any] = {
            "resolver": self,
            "canon": self.canon,
            "accepted_suites": SUITES,
            "trusted_issuers": ANY_ISSUER,
            "statuses": self,
            "schemas": self,
            "now": NOW,
            "status_memory": self.memory,
        }

    def resolve(self, did: str) -> ResolvedDID:
        """As a resolver."""
        if did not in self.dids:
            raise DIDNotFound("This DID is not here.")
        return self.dids[did]

    def fetch(self, url: str) -> Mapping[str, Any]:
        """As a source of status lists."""
        if url not in self.lists:
            raise StatusListUnreadable("This list is not here.")
        return self.lists[url]

    def schema_for(self, credential_schema_id: str) -> ClaimsValidator | None:
        """As a source of schemas."""
        return self._validator if credential_schema_id == AGENT_DELEGATION else None

    partial_schema_for = schema_for

    def revoke(self, credential: Mapping[str, Any], purpose: str = "revocation") -> None:
        """Set the credential's bit."""
        entry = next(one for one in credential["credentialStatus"] if one["statusPurpose"] == purpose)
        issuer = next(party for party in self.parties if party.did == issuer_of(credential))
        kind = StatusListKind.STATUS_LIST_2021 if "2021" in entry["type"] else StatusListKind.BITSTRING
        bits = set_bit(empty_bitstring(LIST_BITS), int(entry["statusListIndex"]))
        self._publish(issuer, kind, purpose, entry["statusListCredential"], bits)

    def _publish(self, issuer: Somebody, kind: StatusListKind, purpose: str, url: str, bits: bytes) -> None:
        parts = StatusListParts(url, issuer.did, purpose, bits, NOW - timedelta(days=1), NOW + timedelta(days=365))
        suite = ED25519 if kind is StatusListKind.STATUS_LIST_2021 else "eddsa-rdfc-2022"
        self.lists[url] = self.sign(build_status_list_credential(kind, parts), issuer, suite)

    def sign(
        self, document: Mapping[str, Any], issuer: Somebody, suite: str = ED25519, **options: Any
    ) -> dict[str, Any]:
        """The document with a proof of this party."""
        allow_inline = options.pop("allow_inline", False)
        created = options.pop("created", NOW - timedelta(minutes=1))
        asked = ProofOptions(suite, issuer.method.id, created, public_key=issuer.method.public_key)
        prepared = prepare(with_suite_context(document, suite), asked, self.canon, allow_inline=allow_inline)
        return attach(prepared, issuer.signer.sign(prepared.data_to_sign))

    def unsigned(
        self, delegator: int, delegate: int, claims: Mapping[str, Any], suite: str = ED25519, **parts: Any
    ) -> dict[str, Any]:
        """A delegation credential before it is signed: suspendable, with a place in its issuer's lists."""
        self.issued += 1
        issuer, holder = self.parties[delegator], self.parties[delegate]
        is_first = suite == ED25519
        kind = StatusListKind.STATUS_LIST_2021 if is_first else StatusListKind.BITSTRING
        urls = {
            purpose: f"{OFFICE}/status/{kind.value}/{delegator}/{purpose}" for purpose in ("revocation", "suspension")
        }
        for purpose, url in urls.items():
            if url not in self.lists:
                self._publish(issuer, kind, purpose, url, empty_bitstring(LIST_BITS))
        more = ("https://w3id.org/vc/status-list/2021/v1",) if is_first else ()
        made = {
            "model": "1.1" if is_first else "2.0",
            "types": ("AgentDelegationCredential",),
            "issuer_did": issuer.did,
            "valid_from": NOW - timedelta(hours=1),
            "valid_until": ENDS,
            "claims": claims,
            "subject_id": holder.did,
            "credential_id": UUID(int=self.issued).urn,
            "contexts": (self.context_url, *more),
            "schema_id": AGENT_DELEGATION,
            "status": status_entries(kind, list_urls=urls, index=self.issued % LIST_BITS),
        }
        return build_credential(CredentialParts(**{**made, **parts}))

    def chain(
        self,
        hops: int = 4,
        *,
        suite: str = ED25519,
        changes: Mapping[int, Mapping[str, Any]] | None = None,
        created: datetime = NOW - timedelta(minutes=1),
        **parts: Any,
    ) -> list[dict[str, Any]]:
        """A chain from party 0 down, each hop delegating the same with a depth less.

        Args:
            changes: By hop: claims that differ; None as a value leaves a claim out.
            created: When every hop was signed.
            parts: Of every credential, as `CredentialParts` names them.
        """
        made: list[dict[str, Any]] = []
        for hop in range(hops):
            claims: dict[str, Any] = {
                "delegator": self.parties[hop].did,
                "delegate": self.parties[hop + 1].did,
                "scope": [*SCOPE],
                "constraints": dict(LIMITS),
                "maxDepth": max(0, hops - 1 - hop),
            }
            if made:
                claims["parent"] = made[-1]["id"]
            claims |= (changes or {}).get(hop, {})
            kept = {name: value for name, value in claims.items() if value is not None}
            unsigned = self.unsigned(hop, hop + 1, kept, suite, **parts)
            made.append(self.sign(unsigned, self.parties[hop], suite, created=created))
        return made

    def verify(self, document: object, **options: Any) -> VerificationReport:
        """Verify one credential, with every check."""
        return verify_credential(document, **{**self._given, **options} if options else self._given)

    def verify_chain(
        self,
        chain: Sequence[object],
        agent: str | None = None,
        *,
        root_may: RootMay = lambda _: None,
        action: str | None = None,
        context: ActContext | None = None,
        **options: Any,
    ) -> ChainReport:
        """Verify a chain to its last delegate; `options` are those of `verify`."""
        wanted = agent if agent is not None else self.parties[len(chain)].did
        now = options.get("now", NOW)
        verify = partial(self.verify, **options) if options else self.verify
        return verify_chain(wanted, chain, verify=verify, root_may=root_may, now=now, action=action, context=context)


def issuer_of(credential: Mapping[str, Any]) -> str:
    """Who issued a credential."""
    issuer = credential["issuer"]
    return str(issuer["id"] if isinstance(issuer, dict) else issuer)
