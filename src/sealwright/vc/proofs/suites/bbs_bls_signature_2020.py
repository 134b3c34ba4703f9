"""Legacy suite BbsBlsSignature2020: every statement is a message of a BBS+ signature, and holders show some of them.

Kept because the issuance API promises it for Data Model 1.1, and wallets of that generation hold and derive it. Base
proofs verify as they are; a derived proof is of another type and carries the verifier's nonce.

Spec: BBS+ Signatures 2020 (W3C CCG ldp-bbs2020).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, DocumentRefused, NestingTooDeep, ProofInvalid
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.bbs import legacy
from sealwright.vc.proofs.bbs.requests import Scheme, encode_request
from sealwright.vc.proofs.suites.bbs2020_absence import ShownStatement, may_hide
from sealwright.vc.proofs.suites.bbs2020_showing import shown_part
from sealwright.vc.proofs.suites.bbs2020_statements import (
    BBS_CONTEXT,
    DERIVED_TYPE,
    PROOF_TYPE,
    check_count,
    decode_text,
    document_messages,
    encode_text,
    message,
    messages_of,
    option_messages,
    signed_quads,
)
from sealwright.vc.proofs.suites.disclosure import Covered, DisclosureSuite, Shown, Wish

SIGNATURE_BYTES: Final = 112
NONCE_BYTES: Final = 32
MAX_NONCE_BYTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class LegacyDraft:
    """A base proof that lacks the issuer's signature only.

    Args:
        data_to_sign: A request for a signature under the scheme of 2020.
    """

    data_to_sign: bytes

    def proof_value(self, signature: bytes) -> str:
        """The signature in base64 with padding.

        Raises:
            ProofInvalid: It does not have 112 bytes.
        """
        if len(signature) != SIGNATURE_BYTES:
            raise ProofInvalid(f"A signature under {PROOF_TYPE} has {SIGNATURE_BYTES} bytes, not {len(signature)}.")
        return encode_text(signature)


def prepare(covered: Covered, _key: PublicKey, mandatory: tuple[str, ...]) -> LegacyDraft:
    """What is to be signed for a base proof.

    Raises:
        DocumentRefused: A part would not be signed, or there are more than 1,024 statements.
        DerivationInvalid: Mandatory pointers, which this suite does not know.
    """
    if mandatory:
        raise DerivationInvalid(f"Under {PROOF_TYPE} the holder alone decides.", pointer="/mandatoryPointers")
    options, document = messages_of(covered)
    return LegacyDraft(encode_request(Scheme.LEGACY_2020, b"", [*options, *document]))


def verify(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue]) -> Shown:
    """Check a base or a derived proof.

    Raises:
        ProofInvalid: Malformed, over other statements, or it does not hold.
        DocumentRefused: The document, or a member of the proof, is defined by no context.
        InvalidKey: The key is weak.
    """
    if proof.get("type") != DERIVED_TYPE:
        _verify_base(covered, key, proof)
        return Shown(is_derived=False)
    value, nonce = decode_text(proof, "proofValue"), decode_text(proof, "nonce")
    if len(nonce) > MAX_NONCE_BYTES:
        raise ProofInvalid(f"nonce has more than {MAX_NONCE_BYTES} bytes.", pointer="/proof/nonce")
    bare = {name: member for name, member in covered.options.items() if name != "nonce"}
    options = option_messages(bare, covered.contexts, covered.hashing)
    unsorted = document_messages(covered.document, covered.hashing)
    check_count(len(options) + len(unsorted))
    texts = [message(quad) for quad in signed_quads(unsorted)]
    count, disclosed = legacy.revealed_of(value)
    if len(disclosed) != len(options) + len(texts) or disclosed[: len(options)] != tuple(range(len(options))):
        raise ProofInvalid("The proof does not disclose the statements that are shown.", pointer="/proof/proofValue")
    legacy.verify_derived(key.raw, value, [*options, *texts], nonce)
    shown = [
        ShownStatement(place - len(options), text.decode())
        for place, text in zip(disclosed[len(options) :], texts, strict=True)
    ]
    hidden = may_hide(covered.document, shown, count - len(options))
    return Shown(is_derived=True, may_hide=hidden, nonce=nonce)


def derive(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue], wish: Wish) -> dict[str, JSONValue]:
    """The credential that shows a part, with its derived proof.

    Raises:
        DerivationInvalid: A pointer or frame that leads nowhere, nothing to show, or a proof that is derived already.
        ProofInvalid: The base proof does not hold.
        DocumentRefused: The credential would not be signed whole.
    """
    if proof.get("type") != PROOF_TYPE:
        raise DerivationInvalid("From a derived proof none can be derived.", pointer="/proof/type")
    if len(wish.nonce) > MAX_NONCE_BYTES:
        raise DerivationInvalid(f"A nonce has at most {MAX_NONCE_BYTES} bytes.", pointer="/nonce")
    options, document = _verify_base(covered, key, proof)
    try:
        part, positions = shown_part(covered, document, wish)
        derived_options = option_messages(covered.options, part["@context"], covered.hashing)
    except (DocumentRefused, NestingTooDeep) as error:
        raise DerivationInvalid(error.detail, pointer="/frame" if wish.frame is not None else "/reveal") from error
    if derived_options != options:
        raise DerivationInvalid("The frame's contexts give the proof another meaning.", pointer="/frame/@context")
    nonce = wish.nonce or secrets.token_bytes(NONCE_BYTES)
    disclosed = [*range(len(options)), *(len(options) + position for position in positions)]
    value = legacy.derive(key.raw, decode_text(proof, "proofValue"), [*options, *document], disclosed, nonce)
    derived: dict[str, JSONValue] = {
        **covered.options,
        "type": DERIVED_TYPE,
        "nonce": encode_text(nonce),
        "proofValue": encode_text(value),
    }
    return {**part, "proof": derived}


def _verify_base(covered: Covered, key: PublicKey, proof: Mapping[str, JSONValue]) -> tuple[list[bytes], list[bytes]]:
    """Check a base proof; the messages of its options and of its document."""
    signature = decode_text(proof, "proofValue")
    if len(signature) != SIGNATURE_BYTES:
        raise ProofInvalid(f"proofValue does not hold {SIGNATURE_BYTES} bytes.", pointer="/proof/proofValue")
    options, document = messages_of(covered)
    legacy.verify(key.raw, signature, [*options, *document])
    return options, document


BBS_BLS_SIGNATURE_2020: Final = DisclosureSuite(
    name=PROOF_TYPE,
    proof_type=PROOF_TYPE,
    derived_type=DERIVED_TYPE,
    cryptosuite=None,
    key_kinds=frozenset({"BLS12-381-G2"}),
    method_types=frozenset({"Bls12381G2Key2020", "Multikey"}),
    contexts=(BBS_CONTEXT,),
    base_contexts=frozenset(),
    takes_pointers=False,
    prepare=prepare,
    verify_base=verify,
    verify=verify,
    derive=derive,
)
