"""A shop, an office that it trusts, and people and agents who delegate: everything in memory, every document signed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from sealwright.adapters.outbound import Answer, FetchRefused
from sealwright.protocols.capability.proof import ProofKey
from sealwright.relying import Act, Call, Office, Permit, Verifier
from sealwright.services.catalog_builtin import AGENT_DELEGATION_2, list_builtin
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.credentials.build import CredentialParts, build_credential
from sealwright.vc.dids.methods import adi_id
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.schemas.contexts import build_context, context_url
from sealwright.vc.status.bitstring import MIN_LIST_BITS, set_bit
from sealwright.vc.status.documents import (
    REVOCATION,
    SUSPENSION,
    StatusListKind,
    StatusListParts,
    build_status_list_credential,
    status_entries,
)
from tests.support.capability import ACTION, CONTEXT, NOW, ORDERS, SHOP, grounds, headers, make
from tests.support.proving import Party

OFFICE: Final = "https://office.example"
ENDS: Final = NOW + timedelta(days=30)
SUITE: Final = "eddsa-rdfc-2022"
_PURPOSES: Final = (REVOCATION, SUSPENSION)
_BUILTIN: Final = next(one for one in list_builtin() if one.schema_id == AGENT_DELEGATION_2)
CONTEXT_URL: Final = context_url(OFFICE, _BUILTIN.name, _BUILTIN.version)


def _agent(number: int) -> Party:
    return Party(number, adi_id(Party(number).signer.public_key, agent=True))


ALICE: Final = Party(21)
AGENT, HELPER, ROGUE = _agent(22), _agent(23), _agent(24)
MALLORY: Final = Party(25)
EVERYBODY: Final = (ALICE, AGENT, HELPER, ROGUE, MALLORY)


@cache
def context_bytes() -> bytes:
    """The context of delegations, as the office publishes it."""
    return build_context(
        _BUILTIN.schema, types=_BUILTIN.type, base_url=OFFICE, name=_BUILTIN.name, version=_BUILTIN.version
    )


@cache
def _canon() -> Canonicalizer:
    store = ContextStore.pinned()
    store.register(CONTEXT_URL, context_bytes())
    return Canonicalizer(store)


def signed(
    party: Party, document: Mapping[str, Any], suite: str = SUITE, created: datetime = NOW - timedelta(minutes=1)
) -> dict[str, Any]:
    """A document with a party's proof."""
    method = party.method_for(suite)
    options = ProofOptions(suite, method.id, created, public_key=method.public_key)
    prepared = prepare(with_suite_context(document, suite), options, _canon())
    return attach(prepared, party.signer_of(method.public_key.kind).sign(prepared.data_to_sign))


def _list_url(party: Party, purpose: str) -> str:
    return f"{OFFICE}/status/{party.did.rpartition(':')[2]}/bitstring/{purpose}"


def delegation(
    delegator: Party,
    delegate: Party,
    number: int,
    *,
    parent: str | None = None,
    signer: Party | None = None,
    scope: tuple[str, ...] = ("purchase:groceries",),
    constraints: Mapping[str, Any] | None = None,
    depth: int = 0,
    ends: datetime | None = ENDS,
    suite: str = SUITE,
    lists: str | None = None,
    created: datetime = NOW - timedelta(minutes=1),
) -> dict[str, Any]:
    """A delegation credential of model 2.0; `number` tells its id and its place in its issuer's lists.

    Args:
        signer: Who signs it; by default the delegator.
        lists: Where its status lists are said to be, instead of at the office.
        created: When it was signed.
    """
    urls = {purpose: _list_url(delegator, purpose) if lists is None else f"{lists}/{purpose}" for purpose in _PURPOSES}
    claims: dict[str, Any] = {
        "delegator": delegator.did,
        "delegate": delegate.did,
        "scope": list(scope),
        "constraints": {"maxSpendPerTransaction": 50} if constraints is None else dict(constraints),
        "maxDepth": depth,
    }
    if not claims["constraints"]:
        # An empty object would be left out of the signed form, and is refused.
        del claims["constraints"]
    parts = CredentialParts(
        model="2.0",
        types=_BUILTIN.type,
        issuer_did=delegator.did,
        valid_from=NOW - timedelta(days=1),
        claims=claims if parent is None else {**claims, "parent": parent},
        subject_id=delegate.did,
        credential_id=name_of(number),
        contexts=(CONTEXT_URL,),
        valid_until=ends,
        schema_id=AGENT_DELEGATION_2,
        status=tuple(status_entries(StatusListKind.BITSTRING, list_urls=urls, index=number)),
    )
    return signed(signer or delegator, build_credential(parts), suite, created)


def name_of(number: int) -> str:
    """The id of the delegation of this number."""
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


class PublishedOffice:
    """What the office answers over HTTP, in the place of a network.

    Attributes:
        asked: Every path, in order.
        rulings: Answers of authorize, the next one first; what it was asked is in `questions`, under which
            idempotency keys in `names`.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.questions: list[dict[str, Any]] = []
        self.names: list[str] = []
        self.rulings: list[Answer | None] = []
        self.down: set[str] = set()
        self.ended: set[str] = set()
        self.set_bits: dict[tuple[str, str], set[int]] = {}
        self.documents = {party.did: party.document().to_json() for party in EVERYBODY}

    def get(self, url: str, headers: Mapping[str, str], *, max_bytes: int) -> Answer:
        """As `GuardedOutbound.get`."""
        assert url.startswith(f"{OFFICE}/"), "a stranger's address was asked"
        path = url.removeprefix(OFFICE)
        self.asked.append(path)
        if any(part in path for part in self.down):
            raise FetchRefused("deadline")
        if path.startswith("/1.0/identifiers/"):
            did = unquote(path.removeprefix("/1.0/identifiers/"))
            if did in self.ended:
                return _json(410, {"didDocument": None})
            found = self.documents.get(did)
            return _json(200 if found else 404, {"didDocument": found})
        if url == CONTEXT_URL:
            return Answer(200, context_bytes())
        if path.startswith("/status/"):
            return self._list(url)
        return Answer(404, b"{}")

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, max_bytes: int) -> Answer:
        """As `GuardedOutbound.post`."""
        assert url == f"{OFFICE}/api/v1/delegations/authorize"
        assert headers["Authorization"] == "Bearer key"
        self.questions.append(json.loads(body))
        self.names.append(headers["Idempotency-Key"])
        ruling = self.rulings.pop(0)
        if ruling is None:
            raise FetchRefused("deadline")
        return ruling

    def revoke(self, party: Party, number: int, purpose: str = REVOCATION) -> None:
        """Set a bit of a party's lists."""
        self.set_bits.setdefault((party.did, purpose), set()).add(number)

    def _list(self, url: str) -> Answer:
        party, purpose = next(
            (party, purpose) for party in EVERYBODY for purpose in _PURPOSES if _list_url(party, purpose) == url
        )
        bits = bytes(MIN_LIST_BITS // 8)
        for number in self.set_bits.get((party.did, purpose), ()):
            bits = set_bit(bits, number)
        parts = StatusListParts(url, party.did, purpose, bits, NOW - timedelta(minutes=1), NOW + timedelta(days=1))
        return _json(200, signed(party, build_status_list_credential(StatusListKind.BITSTRING, parts)))


def _json(status: int, value: object) -> Answer:
    return Answer(status, json.dumps(value).encode())


def ruling(allowed: bool = True, **more: Any) -> Answer:
    """An answer of authorize."""
    return _json(200, {"allowed": allowed, "reasons": [], "remaining": None, "callId": "cal_1", **more})


@dataclass(slots=True)
class Shop:
    """The shop's side: its verifier with a clock and a network that tests may move.

    Args:
        options: Of the verifier, beside those that all tests share.
    """

    options: dict[str, Any] = field(default_factory=dict)
    published: PublishedOffice = field(default_factory=PublishedOffice)
    now: datetime = NOW
    seconds: float = 0.0
    verifier: Verifier = field(init=False)

    def __post_init__(self) -> None:
        office = Office(OFFICE, api_key="key", outbound=self.published, monotonic=lambda: self.seconds)
        given = {"principals": {ALICE.did}, **self.options}
        self.verifier = Verifier(SHOP, office, clock=lambda: self.now, **given)

    def order(self, made: Mapping[str, str], act: Act | None = None, *, url: str = ORDERS) -> Permit:
        """Ask for an act with these headers."""
        return self.verifier.permit(Call.of("POST", url, made), act or Act(ACTION, dict(CONTEXT)))


_SERIAL = iter(range(10**6))


def token_for(party: Party, key: ProofKey, *chain: dict[str, Any], jti: str | None = None, **changes: Any) -> str:
    """A token by an agent under a chain."""
    members = {"principal": chain[0]["credentialSubject"]["delegator"], "chain": chain, **changes}
    principal = members.pop("principal")
    return make(party, grounds(party.did, principal, key.jkt, **members), jti=jti or f"token-{next(_SERIAL)}")


def asking(party: Party, *chain: dict[str, Any], **changes: Any) -> dict[str, str]:
    """Both headers of an honest call."""
    key = ProofKey()
    return headers(token_for(party, key, *chain, **changes), key)
