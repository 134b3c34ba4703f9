"""A holder under BbsBlsSignature2020 who keeps to no rule: shows whatever statements they like, where they like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sealwright.vc.canon.terms import parse_line
from sealwright.vc.proofs.bbs import legacy
from sealwright.vc.proofs.registry import disclosure_suite
from sealwright.vc.proofs.suites.bbs2020_statements import (
    DERIVED_TYPE,
    PROOF_TYPE,
    decode_text,
    document_messages,
    encode_text,
    message,
    messages_of,
    placed,
    signed_quads,
)
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Shown, Wish
from sealwright.vc.proofs.suites.suite import Hashing
from tests.support.proving import ISSUER, canonicalizer

NONCE = b"nonce of the verifier"
KEY = ISSUER.method_for(PROOF_TYPE).public_key


def suite() -> DisclosureSuite:
    """The suite as the registry has it."""
    found = disclosure_suite(PROOF_TYPE)
    assert found is not None
    return found


def covered_by(document: Mapping[str, Any]) -> Covered:
    """What the document's one proof stands over."""
    bare = {name: value for name, value in document.items() if name != "proof"}
    options = {name: value for name, value in document["proof"].items() if name != "proofValue"}
    return Covered(bare, options, bare["@context"], Hashing(canonicalizer(), stranger=True))


def check(document: Mapping[str, Any]) -> Shown:
    """What the suite says of the document's one proof."""
    return suite().verify(covered_by(document), KEY, document["proof"])


def derive(document: Mapping[str, Any], *pointers: str, **wish: Any) -> dict[str, Any]:
    """A derived credential by the rules."""
    asked = Wish(pointers=pointers, **{"nonce": NONCE, **wish})
    return suite().derive(covered_by(document), KEY, document["proof"], asked)


def signed_texts(document: Mapping[str, Any]) -> list[str]:
    """The document's statements as they were signed."""
    return [text.decode() for text in messages_of(covered_by(document))[1]]


def texts_shown(derived: Mapping[str, Any]) -> list[str]:
    """The statements that a derived document shows, as they were signed."""
    return [
        message(quad).decode() for quad in signed_quads(document_messages(_bare(derived), Hashing(canonicalizer())))
    ]


def show(
    signed: Mapping[str, Any], part: Mapping[str, Any], *, nonce: bytes = NONCE, said: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A derived credential that shows a part written by hand: any part whose statements were signed.

    Args:
        said: Other words for the same statements, where the part is spelled so that nobody here reads it.
    """
    texts = [text.encode() for text in texts_shown(said or part)]
    return {**_bare(part), "proof": proof_over(signed, [signed_texts(signed).index(t.decode()) for t in texts], nonce)}


def proof_over(
    signed: Mapping[str, Any], positions: Sequence[int], nonce: bytes = NONCE, skip: int = 0
) -> dict[str, Any]:
    """A derived proof over the statements at these positions and the proof's own, but for the first `skip` of those."""
    options, document = messages_of(covered_by(signed))
    disclosed = [*range(skip, len(options)), *(len(options) + position for position in sorted(positions))]
    value = legacy.derive(KEY.raw, decode_text(signed["proof"], "proofValue"), [*options, *document], disclosed, nonce)
    return {
        **signed["proof"],
        "type": DERIVED_TYPE,
        "nonce": encode_text(nonce),
        "proofValue": encode_text(value),
    }


def framed(signed: Mapping[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    """A document that shows exactly these signed statements."""
    quads = [parse_line(f"{text}\n") for text in texts]
    renamed = [(placed(s), p, placed(o), placed(g)) for s, p, o, g in quads]
    frame = {"@context": signed["@context"], "@id": signed.get("id", "urn:bnid:_:c14n0")}
    part = canonicalizer().frame(renamed, frame)
    return {**part, "@context": signed["@context"]}


def _bare(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "proof"}
