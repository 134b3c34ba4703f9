"""Showing a part: from a credential as it was issued, one that shows what its holder chose and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.errors import CredentialErased
from sealwright.domain.formats import CredentialFormat, format_of
from sealwright.domain.people import Caller
from sealwright.services.claim_words import member_words
from sealwright.services.mandatory_pointers import takes_pointers
from sealwright.services.ports import Clock
from sealwright.services.registry import RegistryView
from sealwright.services.sharing import pointers_of
from sealwright.services.shelf import CredentialShelf
from sealwright.services.verification import Verifier, VerifyOptions
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.pointers import child, steps_of, value_at
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.errors import DerivationInvalid, MalformedDocument, ProofInvalid, UnsupportedProofType, VcError
from sealwright.vc.proofs.deriving import FRAME_AT, POINTERS_AT, base_proof_of, derive_credential, mandatory_of
from sealwright.vc.proofs.registry import disclosure_suite, suite_name_of
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt, open_sd_jwt
from sealwright.vc.proofs.sd_jwt_showing import parts_of, shown_part
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.verification.report import PROOF_CHECKS

Source = Mapping[str, JSONValue] | str

_AROUND: Final = frozenset({"@context", "proof", "credentialSubject"})
_NOT_CHOSEN: Final = frozenset({"@context", "proof"})
_IMPLIED: Final = frozenset({"id", "type"})


@dataclass(frozen=True, slots=True)
class Places:
    """Where the members of a wish stand in a call, for refusals."""

    pointers: str = "/reveal"
    frame: str = FRAME_AT


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a holder may show or keep back.

    Args:
        pointer: Into the credential; of an SD-JWT into its claims.
        labels: The names on the way to it as people read them, outermost first.
        value: What would be shown.
        is_mandatory: It is always shown: the issuer has decided so.
        is_implied: It is shown along with whatever is shown beside it: what an object is, and what it is called.
    """

    pointer: str
    labels: tuple[str, ...]
    value: JSONValue
    is_mandatory: bool
    is_implied: bool = False


def can_be_shown_in_part(record: CredentialRecord) -> bool:
    """Tell whether the holder of a stored credential may show a part of it."""
    if format_of(record.proof_type) is CredentialFormat.SD_JWT:
        return True
    return disclosure_suite(record.proof_type) is not None


class Deriving:
    """Derives credentials, of anybody's issuing; nothing is kept."""

    def __init__(
        self, *, shelf: CredentialShelf, verifier: Verifier, resolver: DIDResolver, canon: Canonicalizer, clock: Clock
    ) -> None:
        self._shelf = shelf
        self._verifier = verifier
        self._resolver = resolver
        self._canon = canon
        self._clock = clock

    def derive(
        self, credential: Source, wish: Wish, *, places: Places | None = None, allow_inline: bool = False
    ) -> dict[str, JSONValue] | str:
        """The credential with what is to be shown of it, after its proof was checked.

        Args:
            credential: As it was issued: a document, or an SD-JWT as text.
            wish: What is to be shown.
            places: Where in the call that was told.
            allow_inline: Accept context objects that only add terms (VC-API routes).

        Raises:
            DerivationInvalid: It cannot be shown so; the pointer leads into the call.
            UnsupportedProofType: Such credentials are shown whole or not at all.
            DocumentRefused, UnreadableJSON: It is no credential.
            ProofRefused, InvalidKey, DIDNotResolved, UnsupportedDIDMethod: Its proof does not hold, or nobody knows.
        """
        try:
            if isinstance(credential, str):
                return self._of_text(credential, wish)
            return derive_credential(
                credential,
                wish,
                resolver=self._resolver,
                canon=self._canon,
                now=self._clock.now(),
                allow_inline=allow_inline,
            )
        except DerivationInvalid as error:
            raise _placed(error, places or Places()) from error

    def derive_own(
        self,
        caller: Caller,
        credential_id: str,
        wish: Wish,
        view: RegistryView,
        *,
        places: Places | None = None,
    ) -> dict[str, JSONValue] | str:
        """As `derive`, for a stored credential that the caller may see.

        Raises:
            CredentialNotFound: Missing, or not this caller's to see.
            CredentialErased: The document is gone with its person's data.
        """
        return self.derive(source_of(self._shelf.get(credential_id, caller, view)), wish, places=places)

    def shown(self, record: CredentialRecord, pointers: Sequence[str]) -> dict[str, JSONValue] | str:
        """As `derive`, for a stored credential, whose own contexts are taken as they are.

        Raises:
            CredentialErased: The document is gone.
        """
        wish = Wish(pointers=tuple(pointers))
        try:
            return self.derive(source_of(record), wish, allow_inline=record.schema_id is None)
        except DerivationInvalid as error:
            raise _placed(error, Places()) from error

    def handed(self, record: CredentialRecord) -> bytes:
        """A stored credential as strangers may be handed it: as it was signed, or derived whole where they refuse that.

        Raises:
            CredentialErased: The document is gone.
            ProofRefused and its kin: It does not hold any more, so nothing can be derived from it.
        """
        source = source_of(record)
        if isinstance(source, str) or not takes_pointers(record.proof_type):
            return record.document or b""
        everything = Wish(pointers=tuple(child("", name) for name in source if name not in _NOT_CHOSEN))
        return dump_json(self.derive(source, everything, allow_inline=record.schema_id is None))

    def _of_text(self, text: str, wish: Wish) -> str:
        if not is_sd_jwt(text):
            raise UnsupportedProofType("Of a credential in a JWT nothing can be kept back.")
        if wish.frame is not None:
            raise DerivationInvalid("What an SD-JWT shows is told by pointers.", pointer=FRAME_AT)
        if wish.nonce:
            raise DerivationInvalid("An SD-JWT is bound to a nonce by its holder's key, in a presentation.")
        report = self._verifier.verify(text, VerifyOptions(checks=PROOF_CHECKS))
        if not report:
            raise ProofInvalid(report.failures[0].detail if report.failures else "The credential does not verify.")
        return shown_part(text, wish.pointers)

    @staticmethod
    def offered(record: CredentialRecord) -> tuple[Choice, ...]:
        """What a holder may choose of a stored credential, in the order of the document.

        Nothing of one that is erased, or that is shown whole or not at all.
        """
        if record.document is None or not can_be_shown_in_part(record):
            return ()
        try:
            return choices_of(source_of(record))
        except VcError:
            return ()


def choices_of(source: Source) -> tuple[Choice, ...]:
    """What a holder may choose of a credential, in the order of the document; nothing is verified.

    Raises:
        UnsupportedProofType: Such credentials are shown whole or not at all.
        ProofRefused, DocumentRefused, UnreadableJSON: It is no credential from which something can be derived.
    """
    return tuple(_of_sd_jwt(source) if isinstance(source, str) else _of_document(source))


def source_of(record: CredentialRecord) -> dict[str, JSONValue] | str:
    """A stored credential as it travels: an object, or the text of a token.

    Raises:
        CredentialErased: The document is gone with its person's data.
        MalformedDocument: What is stored is neither.
    """
    if record.document is None:
        raise CredentialErased("The document is gone with its person's data.")
    if format_of(record.proof_type).is_text:
        return record.document.decode("ascii")
    document = parse_json(record.document)
    if not isinstance(document, dict):
        raise MalformedDocument("A stored document is an object.")
    return document


def _placed(error: DerivationInvalid, places: Places) -> DerivationInvalid:
    """The refusal with its pointer as the caller knows it."""
    if error.pointer is None:
        return error
    for floor, here in ((POINTERS_AT, places.pointers), (FRAME_AT, places.frame)):
        if error.pointer == floor or error.pointer.startswith(f"{floor}/"):
            return DerivationInvalid(error.detail, pointer=here + error.pointer[len(floor) :])
    return error


def _of_sd_jwt(text: str) -> Iterator[Choice]:
    opened = open_sd_jwt(text)
    free = {part.pointer: part.value for part in parts_of(opened)}
    for name, value in opened.claims.items():
        if child("", name) not in free:
            yield _choice(child("", name), value, is_mandatory=True)
    for pointer, value in free.items():
        yield _choice(pointer, value, is_mandatory=False)


def _of_document(document: Mapping[str, JSONValue]) -> Iterator[Choice]:
    proof = base_proof_of(document)
    suite = disclosure_suite(suite_name_of(proof))
    always = None if suite is None or not suite.takes_pointers else mandatory_of(proof)
    whole = dict(document)
    # Without pointers of the issuer's everything on the credential itself is shown, and its subject's claims are free.
    around = [child("", name) for name in document if name not in _AROUND]
    for pointer in around:
        is_fixed = always is None or pointer == "/id" or _is_inside(pointer, always)
        yield _choice(pointer, value_at(whole, pointer), is_mandatory=is_fixed)
    subject = document.get("credentialSubject")
    places = (
        [(child("/credentialSubject", number), one) for number, one in enumerate(subject)]
        if isinstance(subject, list)
        else [("/credentialSubject", subject)]
    )
    for place, one in places:
        for pointer in pointers_of(one, below=place) if isinstance(one, dict) else ():
            name = steps_of(pointer)[-1]
            is_fixed = (always is None and pointer == f"{place}/id") or _is_inside(pointer, always or ())
            choice = _choice(pointer, value_at(whole, pointer), is_mandatory=is_fixed)
            # The legacy suite shows what is named and nothing beside it; the others take types and names along.
            yield replace(choice, is_implied=always is not None and not is_fixed and name in _IMPLIED)


def _is_inside(pointer: str, always: Sequence[str]) -> bool:
    return any(pointer == one or pointer.startswith(f"{one}/") for one in always)


def _choice(pointer: str, value: JSONValue, *, is_mandatory: bool) -> Choice:
    labels = tuple(member_words(step) for step in steps_of(pointer) if step != "credentialSubject")
    return Choice(pointer, labels, value, is_mandatory)
