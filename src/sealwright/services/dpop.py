"""DPoP at our doors: proofs hold for one call, and are used once."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sealwright.protocols.openid4vci.dpop import DPoPProof, check_dpop
from sealwright.protocols.openid4vci.errors import OAuthCode, TokenRefused, WalletRefused
from sealwright.protocols.openid4vci.jws import MAX_FUTURE, MAX_PAST, JWSRefused
from sealwright.services.office_secrets import secret_digest
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.wallet_nonces import DPOP_NONCE, WalletNonces

SPENT_KIND: Final = "dpop"
# A proof may be used until its date is too old; its id is remembered a little longer.
REMEMBERED: Final = MAX_PAST + MAX_FUTURE + timedelta(seconds=60)


class DPoPDesk:
    """Judges DPoP proofs.

    A proof needs no nonce of ours; one that carries a nonce must carry one of ours that is not too old. So a wallet
    that wants the stronger form asks the nonce endpoint, and one whose nonce has aged is told the next.
    """

    def __init__(self, units: UnitOfWorkFactory, nonces: WalletNonces, clock: Clock, public_url: str) -> None:
        self._units = units
        self._nonces = nonces
        self._clock = clock
        self._public_url = public_url

    def check(self, text: str, *, path: str, token: str | None = None) -> str:
        """Check the proof of a POST and spend it; gives the thumbprint of its key.

        Args:
            path: Of the endpoint that was called.
            token: The access token that came along; None where none is asked for.

        Raises:
            WalletRefused: ``invalid_dpop_proof``, ``use_dpop_nonce``; where a token came along it is a TokenRefused.
        """
        try:
            proof = check_dpop(text, method="POST", url=f"{self._public_url}{path}", now=self._clock.now(), token=token)
        except JWSRefused as error:
            raise self._refused(f"The DPoP proof is refused: {error}", token) from None
        if proof.nonce is not None and self._nonces.end_of(DPOP_NONCE, proof.nonce) is None:
            raise self._wrong_nonce(token)
        if not self._spend(proof):
            raise self._refused("The DPoP proof was used before.", token)
        return proof.jkt

    def _spend(self, proof: DPoPProof) -> bool:
        """Remember a proof's id in a transaction of its own, so that no later refusal makes it new again."""
        digest = secret_digest(f"{proof.jkt}\x00{proof.jti}")
        with self._units() as uow:
            is_new = uow.spent.spend(SPENT_KIND, digest, max(proof.issued_at, self._clock.now()) + REMEMBERED)
            uow.commit()
        return is_new

    def _wrong_nonce(self, token: str | None) -> WalletRefused:
        nonce, detail = self._nonces.make(DPOP_NONCE), "The nonce of the DPoP proof is not one of ours, or too old."
        if token is not None:
            return TokenRefused(detail, code=OAuthCode.USE_DPOP_NONCE, scheme="DPoP", nonce=nonce)
        return WalletRefused(OAuthCode.USE_DPOP_NONCE, detail, nonce=nonce)

    @staticmethod
    def _refused(description: str, token: str | None) -> WalletRefused:
        if token is not None:
            return TokenRefused(description, code=OAuthCode.INVALID_DPOP_PROOF, scheme="DPoP")
        return WalletRefused(OAuthCode.INVALID_DPOP_PROOF, description)
