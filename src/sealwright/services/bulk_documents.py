"""What the rows of one batch have in common, made ready once: a row becomes a document with the least that is needed.

The constant members are taken from a document that `orders.unsigned_document` made, the road of every single
credential, and a sample of what comes out is compared with that road again, whole (`BatchLine.check`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sealwright.domain.credentials import Reservation, StatusPlace
from sealwright.domain.dids import DIDRecord, MethodRecord
from sealwright.domain.ids import credential_urn
from sealwright.domain.people import Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.bulk_rows import Row
from sealwright.services.order_checks import purposes_of
from sealwright.services.orders import IssuanceOrder, data_model_of, status_list_address, unsigned_document
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.services.self_check import check_own_signature
from sealwright.services.signing_forms import Draft, ProofFrame, draft_of, proof_frame
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.canon.canonicalizer import PlanHandle
from sealwright.vc.credentials.model import DataModel
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.keys.ed25519 import Ed25519Verifier
from sealwright.vc.keys.multikey import decode_multikey
from sealwright.vc.proofs.registry import issuing_suite
from sealwright.vc.proofs.suites.suite import Hashing, Suite, encode_proof_value

_SAMPLE_UID: Final = UUID("00000000-0000-8000-8000-000000000000")
_SAMPLE_HOLDER: Final = "did:example:holder"
_SAMPLE_LIST: Final = "slt_sample"
# A schema with many optional claims has many shapes; beyond so many, documents are canonicalized by the common road.
_MOST_SHAPES: Final = 64


@dataclass(frozen=True, slots=True)
class LineParts:
    """What a batch is issued under.

    Args:
        caller: As whom orders for guards are made.
        at: Issuance date and proof date of every row.
    """

    caller: Caller
    issuer: DIDRecord
    schema: SchemaRecord
    method: MethodRecord
    proof_type: str
    revocable: bool
    suspendable: bool
    at: datetime


class BatchLine:
    """From a row to its document, to what is signed, to the bytes that leave; raises whatever refuses the row."""

    def __init__(self, parts: LineParts, shelf: SchemaShelf, canon: Canonicalizer, public_url: str) -> None:
        self.parts = parts
        self._shelf = shelf
        self._canon = canon
        self._public_url = public_url
        self._claims_of = shelf.claims_checker(parts.schema)
        self._suite = _quick_suite(parts.proof_type)
        self._template = self._sample_order()
        self.purposes = self._template.purposes
        self._forms = _ForeseenForms(canon)
        self._hashing = Hashing(self._forms)
        self._build = self._builder()
        self._frame = self._framed() if self._suite is not None else None
        self._verifier = (
            Ed25519Verifier(decode_multikey(parts.method.public_key_multibase).raw) if self._suite is not None else None
        )

    @property
    def is_quick(self) -> bool:
        """Whether rows are signed with what was made ready once; else each is drafted as a single credential is."""
        return self._suite is not None

    @property
    def verifier(self) -> Ed25519Verifier:
        """Checks the signatures of a quick line."""
        assert self._verifier is not None
        return self._verifier

    def claims(self, row: Row) -> Mapping[str, JSONValue]:
        """The claims in the form that is signed.

        Raises:
            ReservedKey, ClaimsTooLarge, InvalidCharacter, UnsignableValue, NumberOutOfRange: By form.
            ClaimsDoNotMatchSchema: By the schema.
        """
        return self._claims_of(row.claims, row.is_plain)

    def document(
        self, urn: str, holder: str, claims: Mapping[str, JSONValue], end: datetime | None, place: StatusPlace | None
    ) -> dict[str, JSONValue]:
        """The unsigned document of a row."""
        return self._build(urn, holder, claims, end, place)

    def data_to_sign(self, document: dict[str, JSONValue]) -> bytes:
        """64 bytes: options hash, then document hash.

        Raises:
            DocumentRefused: It would not be signed whole.
        """
        assert self._suite is not None
        assert self._frame is not None
        if not self._suite.signs_terms:
            # Every member is signed then; what no context defines, or RDF leaves out, is refused all the same.
            self._forms.canonicalize(document)
        return self._frame.options_hash + self._suite.hash_document(document, self._hashing)

    def signed(self, document: dict[str, JSONValue], signature: bytes) -> bytes:
        """The bytes that leave; the document is used up."""
        assert self._frame is not None
        document["proof"] = {**self._frame.proof, "proofValue": encode_proof_value(signature)}
        return dump_json(document)

    def prove(self, holder: str, claims: Mapping[str, JSONValue], end: datetime | None) -> None:
        """Refuse a row whose document would not be signed whole; nothing is reserved or signed for it."""
        place = StatusPlace(_SAMPLE_LIST, 0) if self.purposes else None
        document = self.document(credential_urn(_SAMPLE_UID), holder, claims, end, place)
        self._forms.canonicalize(document)

    def order(
        self, holder: str, claims: Mapping[str, JSONValue], end: datetime | None, mandatory: tuple[str, ...] = ()
    ) -> IssuanceOrder:
        """The same row as an order of a single credential, for guards and for comparison."""
        return replace(self._template, holder_did=holder, content=claims, expiration=end, mandatory_pointers=mandatory)

    def draft(self, order: IssuanceOrder, uid: UUID, place: StatusPlace | None) -> Draft:
        """What a row is to be signed as under a suite that needs more than one hash.

        Raises:
            DocumentRefused: It would not be signed whole.
            DerivationInvalid: What shall always be shown leads nowhere.
        """
        return draft_of(order, self._reservation(uid, place), self._public_url, self._canon)

    def check(self, signed: bytes, order: IssuanceOrder, uid: UUID, place: StatusPlace | None, now: datetime) -> None:
        """Verify bytes that are about to leave, and that they are what the single road would sign.

        Raises:
            SigningFailed, ProofInvalid and its kin: As `self_check.check_own_signature`.
        """
        unsigned = unsigned_document(order, self._reservation(uid, place), self._public_url)
        check_own_signature(signed, unsigned, self.parts.issuer, self._canon, now, inline=False)

    def _reservation(self, uid: UUID, place: StatusPlace | None) -> Reservation:
        return Reservation(
            uid=uid,
            external_id=None,
            issuer_did=self.parts.issuer.did,
            place=place,
            order_digest=b"",
            key_id=self.parts.method.id,
            proof_type=self.parts.proof_type,
            reserved_at=self.parts.at,
        )

    def _sample_order(self) -> IssuanceOrder:
        parts = self.parts
        return IssuanceOrder(
            caller=parts.caller,
            issuer=parts.issuer,
            method=parts.method,
            schema=parts.schema,
            holder_did=_SAMPLE_HOLDER,
            content={},
            is_document=False,
            proof_type=parts.proof_type,
            model=data_model_of(parts.proof_type),
            types=parts.schema.type,
            purposes=purposes_of(revocable=parts.revocable, suspendable=parts.suspendable),
            issued_from=None,
            expiration=None,
            created=None,
            external_id=None,
        )

    def _sample(self) -> dict[str, JSONValue]:
        place = StatusPlace(_SAMPLE_LIST, 0) if self.purposes else None
        return unsigned_document(self._template, self._reservation(_SAMPLE_UID, place), self._public_url)

    def _framed(self) -> ProofFrame:
        """What all proofs of the batch have in common; the options do not see the subject, so any will do."""
        sample: dict[str, JSONValue] = {**self._sample(), "credentialSubject": {"id": _SAMPLE_HOLDER}}
        return proof_frame(sample, self._template, self.parts.at, self._canon)

    def _builder(self) -> Callable[..., dict[str, JSONValue]]:
        sample = self._sample()
        contexts, types, issuer = sample["@context"], sample["type"], sample["issuer"]
        schema, entries = sample["credentialSchema"], self._entries_maker(sample)
        model = DataModel(self._template.model)
        from_member, until_member = str(model.from_member), str(model.until_member)
        moment, ends = sample[from_member], _Moments()

        def build(
            urn: str,
            holder: str,
            claims: Mapping[str, JSONValue],
            end: datetime | None,
            place: StatusPlace | None,
        ) -> dict[str, JSONValue]:
            document: dict[str, JSONValue] = {
                "@context": contexts,
                "id": urn,
                "type": types,
                "issuer": issuer,
                from_member: moment,
            }
            if end is not None:
                document[until_member] = ends.text(end)
            document["credentialSubject"] = {"id": holder, **claims}
            document["credentialSchema"] = schema
            if place is not None:
                document["credentialStatus"] = entries(place)
            return document

        return build

    def _entries_maker(self, sample: Mapping[str, JSONValue]) -> Callable[[StatusPlace], JSONValue]:
        """What `credentialStatus` holds for a place; addresses are made once for each list."""
        member = sample.get("credentialStatus")
        listed = cast("list[dict[str, str]]", member if isinstance(member, list) else [member])
        lists: dict[str, list[tuple[str, dict[str, str]]]] = {}
        model = self._template.model

        def known(list_id: str) -> list[tuple[str, dict[str, str]]]:
            made = []
            for entry in listed:
                url = status_list_address(self._public_url, list_id, entry["statusPurpose"], model)
                made.append((f"{url}#", {**entry, "statusListCredential": url}))
            return lists.setdefault(list_id, made)

        def entries(place: StatusPlace) -> Any:
            index = str(place.index)
            made = [
                {**entry, "id": beginning + index, "statusListIndex": index}
                for beginning, entry in lists.get(place.list_id) or known(place.list_id)
            ]
            return made[0] if len(made) == 1 else made

        return entries


class _Moments:
    """Moments as text; the rows of a batch mostly end together."""

    def __init__(self) -> None:
        self._last: tuple[datetime, str] | None = None

    def text(self, moment: datetime) -> str:
        last = self._last
        if last is None or last[0] != moment:
            last = self._last = (moment, format_timestamp(moment))
        return last[1]


class _ForeseenForms:
    """Canonical forms by plans in hand: one for each set of claims and ends that the rows of a batch have."""

    def __init__(self, canon: Canonicalizer) -> None:
        self._canon = canon
        self._handles: dict[tuple[str, ...], PlanHandle] = {}

    def canonicalize(
        self,
        document: Mapping[str, JSONValue],
        *,
        allow_inline: bool = False,
        stranger: bool = False,
        hash_name: str = "SHA-256",
    ) -> bytes:
        """As `Canonicalizer.canonicalize`, for documents of ours."""
        assert not allow_inline
        assert not stranger
        assert hash_name == "SHA-256"
        subject = document["credentialSubject"]
        assert isinstance(subject, dict)
        shape = (*document, *subject)
        handle = self._handles.get(shape)
        if handle is None:
            if len(self._handles) >= _MOST_SHAPES:
                return self._canon.canonicalize(document)
            handle = self._handles.setdefault(shape, self._canon.plan_for(document))
        return handle.canonicalize(document)


def _quick_suite(name: str) -> Suite | None:
    """A suite under which many rows are signed with little: it hashes and signs with Ed25519. None for all others."""
    suite = issuing_suite(name)
    return suite if isinstance(suite, Suite) and suite.key_kinds == {"Ed25519"} else None
