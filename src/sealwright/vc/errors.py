"""Everything the standards floor can refuse, as one tree.

VcError
├── UnreadableJSON            the text is not one strict JSON value
│   ├── InvalidJSON
│   ├── InvalidUnicode
│   ├── DuplicateKey
│   └── NestingTooDeep
├── InvalidEncoding           not base58btc, base64url or multibase
├── InvalidDate               not RFC 3339 / dateTimeStamp with a zone
├── InvalidDID
│   └── InvalidDIDURL
├── UnsupportedDIDMethod
├── InvalidKey                malformed, weak, private where public is asked
│   ├── InvalidPublicKeyLength
│   ├── InvalidPublicKeyType
│   └── UnsupportedKeyType
├── DIDNotResolved            the DID has no document
│   ├── DIDNotFound           it does not exist
│   └── DIDUnresolvable       it could not be looked up now
├── DocumentRefused           a document that must not be signed or trusted
│   ├── MalformedDocument     its structure breaks the data model
│   ├── NumberOutOfRange
│   ├── InvalidCharacter
│   ├── ClaimsTooLarge
│   ├── ReservedKey
│   ├── UndefinedTerm         a member that no context defines
│   ├── UnsignableValue       null, [] or {} under an RDF suite
│   ├── TermConflict          a context redefines or nulls a term
│   ├── ContextNotAllowed     not pinned here, or inline where refused
│   └── TooComplex            the canonical form costs too much
├── SchemaRefused             a JSON Schema that may not be registered
│   ├── SchemaInvalid
│   ├── SchemaRefNotAllowed
│   └── SchemaTooComplex
├── ClaimsDoNotMatchSchema
├── UnsupportedProofType      no such suite is known
│   └── ProofTypeUnavailable  known, but this installation cannot run it
├── DerivationInvalid         what a holder wants to show cannot be shown so
├── ChainRefused              delegations that are no chain: none, too many, or one twice
├── ProofRefused
│   ├── ProofMissing
│   ├── ProofInvalid
│   ├── KeyCompromised
│   ├── KeyNotControlled      signed by a key that does not speak for the issuer
│   └── ControllerDeactivated
└── StatusListRefused
    ├── StatusIndexOutOfRange
    ├── StatusListInvalid     read, and wrong
    └── StatusListUnreadable  could not be had or not be read
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a document: where it is, which kind it is, and a sentence without the value.

    Args:
        pointer: RFC 6901 JSON pointer into the document that was sent; ``""`` is the whole.
        code: A stable word: a wire code or a JSON Schema keyword.
        detail: A sentence that never quotes the offending value.
    """

    pointer: str
    code: str
    detail: str


class VcError(Exception):
    """A refusal of the standards floor; `faults` says where, when that is known."""

    def __init__(self, detail: str, *, faults: Iterable[Fault] = (), pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.pointer = pointer


class UnreadableJSON(VcError):
    """The text is not one strict JSON value."""


class InvalidJSON(UnreadableJSON):
    """Empty, truncated or trailing text, NaN, Infinity, or a byte-order mark."""


class InvalidUnicode(UnreadableJSON):
    """Bytes that are not UTF-8, or a lone surrogate."""


class DuplicateKey(UnreadableJSON):
    """An object has one member name twice; two readers would read two documents."""


class NestingTooDeep(UnreadableJSON):
    """Arrays and objects nest deeper than the limit."""


class InvalidEncoding(VcError):
    """Text that is not base58btc, not base64url without padding, or has no multibase prefix that we read."""


class InvalidDate(VcError):
    """Text that is not a date-time with a zone, or names no real moment."""


class InvalidDID(VcError):
    """Text that does not follow the DID syntax."""


class InvalidDIDURL(InvalidDID):
    """Text that begins as a DID and does not go on as a DID URL."""


class UnsupportedDIDMethod(VcError):
    """A DID method that is not implemented here."""


class InvalidKey(VcError):
    """A public key that is malformed, weak, or not public at all."""


class InvalidPublicKeyLength(InvalidKey):
    """Key bytes whose length does not fit their codec."""


class InvalidPublicKeyType(InvalidKey):
    """A key format that is known but may not be asked for here, or that cannot hold the key."""


class UnsupportedKeyType(InvalidKey):
    """A key type or codec that is not implemented here."""


class DIDNotResolved(VcError):
    """A DID for which no document could be given."""


class DIDNotFound(DIDNotResolved):
    """The DID does not exist where it would have to be."""


class DIDUnresolvable(DIDNotResolved):
    """The DID could not be looked up; whether it exists stays open."""


class DocumentRefused(VcError):
    """A document that must be neither signed nor trusted as it stands."""


class MalformedDocument(DocumentRefused):
    """The structure breaks the data model; `faults` carry codes of form (INVALID_TYPE, MISSING_FIELD …)."""


class NumberOutOfRange(DocumentRefused):
    """An integer beyond ±(2^53 − 1), or a number that is not finite."""


class InvalidCharacter(DocumentRefused):
    """A character that is refused where it stands (U+0000)."""


class ClaimsTooLarge(DocumentRefused):
    """Too many members, too long names, texts or arrays."""


class ReservedKey(DocumentRefused):
    """A JSON-LD keyword or an envelope name where claims stand."""


class UndefinedTerm(DocumentRefused):
    """A member or type that no context defines: it would not be signed."""


class UnsignableValue(DocumentRefused):
    """A null, an empty array or an empty object: an RDF proof would not cover it."""


class TermConflict(DocumentRefused):
    """A context gives an existing term another meaning, or none."""


class ContextNotAllowed(DocumentRefused):
    """A context that is not pinned here, or stands inline where that is refused."""


class TooComplex(DocumentRefused):
    """The canonical form would cost more than the limit."""


class SchemaRefused(VcError):
    """A JSON Schema that may not be registered."""


class SchemaInvalid(SchemaRefused):
    """Not a JSON Schema 2020-12 that we understand whole."""


class SchemaRefNotAllowed(SchemaRefused):
    """A reference that leaves the schema document."""


class SchemaTooComplex(SchemaRefused):
    """Too large, too deep, or with a pattern that may be slow."""


class ClaimsDoNotMatchSchema(VcError):
    """Claims that the credential schema refuses; `faults` lists every place."""


class UnsupportedProofType(VcError):
    """No suite of this name is known; the message lists the known ones."""


class ProofTypeUnavailable(UnsupportedProofType):
    """A known suite whose machinery this installation does not carry."""


class DerivationInvalid(VcError):
    """What is to be shown, or must always be shown, leads nowhere, or the credential cannot be shown in part."""


class ChainRefused(VcError):
    """A chain of delegations that is none (no hop, more than eight, one twice), or is known to give no authority."""


class ProofRefused(VcError):
    """A proof that does not hold."""


class ProofMissing(ProofRefused):
    """A document without any proof."""


class ProofInvalid(ProofRefused):
    """A proof that is malformed or does not verify."""


class KeyCompromised(ProofRefused):
    """The verification method's private key is known to be out: whatever it signed proves nothing."""


class KeyNotControlled(ProofRefused):
    """The signature may hold, but its verification method is not the issuer's, or not listed for the purpose."""


class ControllerDeactivated(ProofRefused):
    """The DID that controls the verification method was deactivated."""


class StatusListRefused(VcError):
    """A status list that gives no answer."""


class StatusIndexOutOfRange(StatusListRefused):
    """An index outside the list: an error, never "valid"."""


class StatusListInvalid(StatusListRefused):
    """A status list that was read and does not hold: issuer, purpose, proof, dates or length."""


class StatusListUnreadable(StatusListRefused):
    """A status list that could not be had or not be read."""
