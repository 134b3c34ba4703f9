"""Presentations of holders who keep their key themselves: looked at as others are, and signed where the key is.

Nothing is kept and nothing is recorded: the office has no part in what is shown, and does not even see the key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sealwright.domain.errors import HolderNotFound
from sealwright.domain.ids import credential_urn, new_credential_uid
from sealwright.services.holder_signing import (
    ALGORITHMS,
    PURPOSE,
    USUAL,
    Contents,
    Occasion,
    Signing,
    sign_presentation,
)
from sealwright.services.ports import Clock
from sealwright.services.presentation_making import PresentationMaking, PresentationWish, inside, model_of
from sealwright.services.verification import PresentationOptions, Verifier, VerifyOptions
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ProofInvalid, UnsupportedProofType
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.key_binding import confirmation_key
from sealwright.vc.proofs.registry import SUITES, issuing_suite
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt, open_sd_jwt
from sealwright.vc.proofs.sd_jwt_showing import bound
from sealwright.vc.proofs.suites.suite import Suite
from sealwright.vc.verification.report import PROOF_CHECKS, Check

_OWN_CHECKS: Final = ("structure", "proof", "holder", "challenge", "domain")


@dataclass(frozen=True, slots=True)
class OutsideKey:
    """A holder's key: what is public of it, and what signs with the rest, wherever that may be."""

    public: PublicKey
    sign: Callable[[bytes], bytes] = field(repr=False)


class OutsidePresenting:
    """Presents with keys that are not kept here."""

    def __init__(
        self,
        *,
        making: PresentationMaking,
        verifier: Verifier,
        resolver: DIDResolver,
        canon: Canonicalizer,
        clock: Clock,
    ) -> None:
        self._making = making
        self._verifier = verifier
        self._resolver = resolver
        self._canon = canon
        self._clock = clock

    def present(self, wish: PresentationWish, key: OutsideKey) -> dict[str, JSONValue] | str:
        """Make a presentation: a document, or an SD-JWT with its key binding as text.

        Args:
            wish: With the credentials themselves; ids of stored ones are not looked at.

        Raises:
            HolderNotFound: The holder's DID lists no such key for authentication.
            HolderMismatch: A credential is not about this DID.
            ProofInvalid: One does not hold, or an SD-JWT is bound to another key.
            DerivationInvalid: One is for its holder alone, or cannot be shown as asked.
            UnsupportedProofType, ProofTypeUnavailable: Of the presentation, or of what is to be shown in part.
            DIDNotResolved, UnsupportedDIDMethod, InvalidDID: Nobody knows the holder's DID.
        """
        method_id, method_type = self._method(wish.holder_did, key.public)
        shown = self._making.look(wish, wish.holder_did, wish.credentials, "/credentials")
        now = self._clock.now()
        occasion = Occasion(wish.challenge, wish.domain, now, now + wish.life)
        first = shown[0]
        if isinstance(first, str) and is_sd_jwt(first):
            return self._bound(first, key, wish, occasion)
        model = model_of(shown)
        suite = _suite_for(key.public, method_type, wish.proof_type, model.value)
        listed = tuple(inside(one) for one in shown)
        contents = Contents(credential_urn(new_credential_uid()), model.base_context, listed)
        who = Signing(wish.holder_did, method_id, suite)
        made = sign_presentation(who, contents, occasion, self._canon, key.sign)
        asked = PresentationOptions(
            challenge=wish.challenge, domain=wish.domain, checks=PROOF_CHECKS, allow_inline=True
        )
        report = self._verifier.verify_presentation(made, asked).presentation
        _require_met([report.check(name) for name in _OWN_CHECKS])
        return made

    def _bound(self, text: str, key: OutsideKey, wish: PresentationWish, occasion: Occasion) -> str:
        if wish.proof_type is not None:
            raise UnsupportedProofType("An SD-JWT is bound by its holder's key, and takes no other proof.")
        opened = open_sd_jwt(text)
        if confirmation_key(opened.claims) != key.public:
            raise ProofInvalid("The credential is bound to another key.")
        algorithm = ALGORITHMS.get(key.public.kind)
        if algorithm is None:
            raise ProofInvalid(f"Keys of the kind {key.public.kind} bind no SD-JWT here.")
        made = bound(
            text,
            key.sign,
            algorithm,
            nonce=occasion.challenge,
            audience=occasion.domain,
            now=occasion.created,
            hash_name=opened.hash_name,
        )
        asked = VerifyOptions(challenge=occasion.challenge, domain=occasion.domain, checks=PROOF_CHECKS | {"holder"})
        _require_met(self._verifier.verify(made, asked).checks)
        return made

    def _method(self, did: str, key: PublicKey) -> tuple[str, str]:
        """Id and type of the method by which a DID proves with a key."""
        document = self._resolver.resolve(did).document
        for address in document.relationship(PURPOSE):
            method = document.method(address)
            if method is not None and method.public_key == key:
                return address, method.type
        raise HolderNotFound(f"{did} does not list this key for authentication.")


def _suite_for(key: PublicKey, method_type: str, proof_type: str | None, model: str) -> str:
    """The suite that is asked for, or the first usual one, under which this key signs a presentation."""
    wanted = (proof_type,) if proof_type is not None else tuple(name for name in USUAL[model] if name in SUITES)
    for name in wanted:
        suite = issuing_suite(name)
        if not isinstance(suite, Suite):
            raise UnsupportedProofType(f"A presentation is signed whole, and not under {name}.")
        if key.kind in suite.key_kinds and method_type in suite.method_types:
            return name
    raise UnsupportedProofType(f"A key of the kind {key.kind} does not sign presentations under {', '.join(wanted)}.")


def _require_met(checks: tuple[Check, ...] | list[Check]) -> None:
    """Nothing leaves that its verifier would refuse; raises ProofInvalid with the first reason."""
    for check in checks:
        if not check.is_met:
            raise ProofInvalid(check.detail)
