"""Access tokens of wallets: made once, kept as digests, and each good for its own offer or person alone."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from sealwright.domain.ids import new_id
from sealwright.domain.people import Actor, ActorKind
from sealwright.domain.wallets import WalletAuthorization, WalletToken
from sealwright.protocols.openid4vci.errors import TokenRefused
from sealwright.services.dpop import DPoPDesk
from sealwright.services.office_secrets import same_secret, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

TOKEN_PREFIX: Final = "swa_"  # noqa: S105 - a public prefix, not a secret
_TOKEN_MAX: Final = 256
_SCHEMES: Final = {"bearer": "Bearer", "dpop": "DPoP"}
_WRONG: Final = "The access token is wrong, expired, or of another kind."


def wallet_actor(token: WalletToken | None) -> Actor:
    """Who an audit row names: the person who consented, else the part of the system that checked the secret."""
    if token is not None and token.user_id is not None:
        return Actor(ActorKind.USER, token.user_id, "wallet")
    return Actor(ActorKind.SYSTEM, "wallet", "link")


class WalletAccess:
    """Makes access tokens, and tells whose one comes along with a call."""

    def __init__(self, units: UnitOfWorkFactory, dpop: DPoPDesk, clock: Clock, ttl: timedelta) -> None:
        self._units = units
        self._dpop = dpop
        self._clock = clock
        self._ttl = ttl

    @property
    def ttl_seconds(self) -> int:
        """How long a token lives."""
        return int(self._ttl.total_seconds())

    def grant(
        self,
        uow: UnitOfWork,
        configuration_ids: tuple[str, ...],
        *,
        identifiers: tuple[str, ...],
        jkt: str | None,
        client_id: str | None,
        offer_id: str | None = None,
        authorization: WalletAuthorization | None = None,
    ) -> str:
        """Make an access token; its text is given once."""
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        now = self._clock.now()
        uow.wallets.add_token(
            WalletToken(
                token_id=new_id("wtk"),
                digest=secret_digest(text),
                configuration_ids=configuration_ids,
                created_at=now,
                expires_at=now + self._ttl,
                offer_id=offer_id,
                user_id=authorization.user_id if authorization is not None else None,
                identifiers=identifiers,
                jkt=jkt,
                client_id=client_id,
                authorization_id=authorization.authorization_id if authorization is not None else None,
            )
        )
        return text

    def authenticate(self, authorization: str | None, dpop: str | None, *, path: str) -> WalletToken:
        """The token that came along with a call; whether its time is over is `require_alive`'s to say.

        Args:
            authorization: The header, the only place where a token is looked for.
            dpop: The header of that name.
            path: Of the endpoint that was called.

        Raises:
            TokenRefused: No token, an unknown one, or one that is bound to a key and comes without proof of it.

        Spec: RFC 6750, "Authorization Request Header Field"; RFC 9449, "Protected Resource Access".
        """
        scheme, _, text = (authorization or "").partition(" ")
        text = text.strip()
        if not text:
            raise TokenRefused("An access token is needed, in the Authorization header.", is_missing=True)
        name = _SCHEMES.get(scheme.lower())
        if name is None:
            raise TokenRefused("Access tokens are sent as Bearer or DPoP.")
        token = self._find(text)
        if token is None:
            raise TokenRefused(_WRONG, scheme=name)
        if (token.jkt is not None) != (name == "DPoP"):
            detail = "This token is bound to a key." if token.jkt is not None else "This token is bound to no key."
            raise TokenRefused(detail, scheme="DPoP" if token.jkt is not None else "Bearer")
        if token.jkt is not None:
            self._require_key(token.jkt, text, dpop, path)
        return token

    def _find(self, text: str) -> WalletToken | None:
        if not text.startswith(TOKEN_PREFIX) or len(text) > _TOKEN_MAX:
            return None
        with self._units(write=False) as uow:
            token = uow.wallets.token_by_digest(secret_digest(text))
            if token is not None and token.user_id is not None:
                person = uow.people.get(token.user_id)
                # A closed account speaks for nobody, whatever was consented to before.
                return token if person is not None and person.active else None
        return token

    def _require_key(self, jkt: str, text: str, dpop: str | None, path: str) -> None:
        if dpop is None:
            raise TokenRefused("This token is bound to a key; a DPoP proof is needed.", scheme="DPoP")
        if not same_secret(self._dpop.check(dpop, path=path, token=text), jkt):
            raise TokenRefused("The DPoP proof is by another key than the token's.", scheme="DPoP")

    def is_alive(self, token: WalletToken) -> bool:
        """Tell whether a token's time is not over."""
        return self._clock.now() < token.expires_at

    def require_alive(self, token: WalletToken) -> None:
        """Raises TokenRefused for a token whose time is over."""
        if not self.is_alive(token):
            raise TokenRefused(_WRONG, scheme="DPoP" if token.jkt is not None else "Bearer")
