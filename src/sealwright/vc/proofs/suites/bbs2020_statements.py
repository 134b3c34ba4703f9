"""The statements that BbsBlsSignature2020 signs, one message each, and the names that blank nodes have in a part.

What is signed are the statements of the proof options, then those of the document, each group in canonical order. In a
derived document each blank node has a placeholder for its name, ``urn:bnid:_:c14n0``; a checker puts the label back and
sorts again, because placeholders sort elsewhere than labels. Labels are never counted anew.

Spec: BBS+ Signatures 2020 (W3C CCG ldp-bbs2020), "Create Verify Data Algorithm", "Derive Proof Algorithm".
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Final
from weakref import WeakKeyDictionary

from sealwright.vc.canon.terms import Quad, line, parse_line
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ProofInvalid, TooComplex, VcError
from sealwright.vc.proofs.bbs.requests import MAX_MESSAGES
from sealwright.vc.proofs.canonical import CanonicalForms, OptionsHashes, options_key
from sealwright.vc.proofs.suites.disclosure import Covered
from sealwright.vc.proofs.suites.suite import Hashing, below_proof

PROOF_TYPE: Final = "BbsBlsSignature2020"
DERIVED_TYPE: Final = "BbsBlsSignatureProof2020"
BBS_CONTEXT: Final = "https://w3id.org/security/bbs/v1"
PLACEHOLDER: Final = "urn:bnid:"
SECURITY: Final = "https://w3id.org/security#"

_RDF_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
# The short name means nothing under other contexts, and would vanish there; the statement must hold the whole name.
_TYPE_STATEMENT: Final = f" {_RDF_TYPE} <{SECURITY}{PROOF_TYPE}> .".encode()
_METHOD: Final = f"<{SECURITY}verificationMethod>".encode()
_PLACED: Final = re.compile(r"<urn:bnid:(_:c14n(?:0|[1-9][0-9]{0,4}))>")
_MAX_TEXT: Final = 64 * 1024

# Whole batches carry one set of options; what strangers send must not push ours out.
_signing: Final[WeakKeyDictionary[CanonicalForms, OptionsHashes]] = WeakKeyDictionary()
_verifying: Final[WeakKeyDictionary[CanonicalForms, OptionsHashes]] = WeakKeyDictionary()


def messages_of(covered: Covered) -> tuple[list[bytes], list[bytes]]:
    """What a base proof signs: the messages of the proof options, and those of the document.

    Raises:
        DocumentRefused: A part would not be signed.
        ProofInvalid: The document's contexts do not define the proof, or it lacks a member.
        TooComplex: More than 1,024 messages.
    """
    options = option_messages(covered.options, covered.contexts, covered.hashing)
    document = document_messages(covered.document, covered.hashing)
    check_count(len(options) + len(document))
    return options, document


def option_messages(options: Mapping[str, JSONValue], contexts: JSONValue, hashing: Hashing) -> list[bytes]:
    """The statements of proof options as they were signed, whatever the type of the proof that repeats them.

    Args:
        options: The proof without value; of a derived proof also without nonce.
        contexts: The document's `@context`.
        hashing: Canonicalizer, and what it may accept.

    Raises:
        DocumentRefused: A member that the contexts do not define; pointers begin at ``/proof``.
        ProofInvalid: The contexts give the proof's type another meaning, or it names no method.
    """
    signed = {**options, "type": PROOF_TYPE}
    key = options_key(signed, contexts)
    memories = _verifying if hashing.stranger else _signing
    memory = memories.get(hashing.canon)
    if memory is None:
        memory = memories.setdefault(hashing.canon, OptionsHashes())
    form = None if key is None else memory.get(key)
    if form is None:
        form = _canonical_options(signed, contexts, hashing)
        if key is not None:
            memory.put(key, form)
    return _lines(form)


def document_messages(document: Mapping[str, JSONValue], hashing: Hashing) -> list[bytes]:
    """The statements of a document in canonical order, without line feeds.

    Raises:
        DocumentRefused: A part would not be signed.
    """
    return _lines(hashing.canon.canonicalize(document, allow_inline=hashing.allow_inline, stranger=hashing.stranger))


def check_count(count: int) -> None:
    """Refuse what has more statements than are signed at once.

    Raises:
        TooComplex: More than 1,024.
    """
    if count > MAX_MESSAGES:
        raise TooComplex(f"The document and its proof make {count} statements; at most {MAX_MESSAGES} are signed.")


def quads_of(messages: Sequence[bytes]) -> list[Quad]:
    """The terms of each statement."""
    return [parse_line(f"{message.decode()}\n") for message in messages]


def has_placeholder(quads: Sequence[Quad]) -> bool:
    """Whether an identifier looks like the placeholder of a blank node."""
    start = f"<{PLACEHOLDER}"
    return any(term.startswith(start) for quad in quads for term in quad)


def placed(term: str) -> str:
    """A blank node's placeholder in its place; any other term as it is."""
    return f"<{PLACEHOLDER}{term}>" if term.startswith("_:") else term


def signed_quads(messages: Sequence[bytes]) -> list[Quad]:
    """The statements of a derived document as they were signed: labels in place of placeholders, sorted again.

    Labels go where a node may stand, never into texts: a literal that spells a placeholder keeps it.

    Raises:
        ProofInvalid: A node without name, which would get a label that was another's; or a statement twice.
    """
    signed: dict[str, Quad] = {}
    for subject, predicate, object_, graph in quads_of(messages):
        if any(term.startswith("_:") for term in (subject, object_, graph)):
            raise ProofInvalid("A derived document must name all its nodes.")
        quad = (_labelled(subject), predicate, _labelled(object_), _labelled(graph))
        signed[line(quad)] = quad
    if len(signed) != len(messages):
        raise ProofInvalid("A derived document says one thing twice.")
    return [signed[text] for text in sorted(signed)]


def message(quad: Quad) -> bytes:
    """One statement as it is signed."""
    return line(quad)[:-1].encode()


def encode_text(data: bytes) -> str:
    """Bytes as this suite writes them: base64 with padding."""
    return b64encode(data).decode("ascii")


def decode_text(proof: Mapping[str, JSONValue], member: str) -> bytes:
    """The bytes of a member in base64 with padding, in their one spelling.

    Raises:
        ProofInvalid: Missing, empty, too long, or not so encoded.
    """
    text = proof.get(member)
    pointer = f"/proof/{member}"
    if not isinstance(text, str) or not text or len(text) > _MAX_TEXT:
        raise ProofInvalid(f"{member} is not text in base64.", pointer=pointer)
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise ProofInvalid(f"{member} is not text in base64.", pointer=pointer) from None
    if encode_text(data) != text:
        raise ProofInvalid(f"{member} ends in spare bits that are not zero.", pointer=pointer)
    return data


def _canonical_options(signed: Mapping[str, JSONValue], contexts: JSONValue, hashing: Hashing) -> bytes:
    document: dict[str, JSONValue] = {"@context": contexts, **signed}
    try:
        form = hashing.canon.canonicalize(document, allow_inline=hashing.allow_inline, stranger=hashing.stranger)
    except VcError as error:
        raise below_proof(error) from error
    lines = _lines(form)
    if not any(text.endswith(_TYPE_STATEMENT) for text in lines):
        raise ProofInvalid("The document's contexts do not define the proof's type.", pointer="/proof/type")
    # The method sorts behind every other member. So where the first messages are those of the options and this one is
    # the last of them, none of the options is hidden.
    if lines[-1].split(b" ", 2)[1] != _METHOD:
        raise ProofInvalid("The proof names no verification method.", pointer="/proof/verificationMethod")
    return form


def _lines(form: bytes) -> list[bytes]:
    return form[:-1].split(b"\n")


def _labelled(term: str) -> str:
    found = _PLACED.fullmatch(term)
    return found[1] if found else term
