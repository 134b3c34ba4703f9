"""Signing in elsewhere: the organization's own sign-in says who somebody is; the account here must exist already."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sealwright.domain.errors import SignInFailed, StateConflict
from sealwright.domain.sign_in import ChallengePurpose
from sealwright.services.challenges import CHALLENGE_LIFE, keep_challenge
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.sessions import SignedIn
from sealwright.services.sign_in import FAILED, SignInDesk, Visitor

CALLBACK_PATH: Final = "/login/outside"
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_CODE_MAX: Final = 4_096
# Who confirms that it is them proves it anew there, or has just done so.
_AGAIN_MAX_AGE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class OutsideIdentity:
    """Whom another sign-in vouches for; the address is one that it has verified.

    Args:
        authenticated_at: When they last proved there who they are, which may be long ago; None where it does not say.
    """

    subject: str
    email: str
    authenticated_at: datetime | None = None


class OutsideProvider(Protocol):
    """An OpenID provider that the operator has set up."""

    def authorization_url(
        self, *, state: str, nonce: str, verifier: str, redirect_uri: str, max_age_seconds: int | None = None
    ) -> str:
        """Where to send the browser.

        Args:
            max_age_seconds: Whoever proved longer ago who they are is to do so again.

        Raises:
            OutsideSignInAway: The provider cannot be reached now.
            SignInFailed: What it says of itself is not believed.
        """

    def identity(self, code: str, *, issuer: str, nonce: str, verifier: str, redirect_uri: str) -> OutsideIdentity:
        """Redeem a code.

        Args:
            issuer: Whom the code comes from, as the browser brought it; empty where it brought none.

        Raises:
            OutsideSignInAway: The provider cannot be reached now.
            SignInFailed: Anything that does not hold, an unverified address included.
        """


@dataclass(frozen=True, slots=True, repr=False)
class OutsideStart:
    """The way out: the address to go to, and a value that ties the way back to this browser.

    Args:
        binding: For a cookie of ours; whoever comes back without it did not leave from this browser.
    """

    url: str
    binding: str
    max_age_seconds: int


class OutsideSignIn:
    """Sends browsers out and takes them in again; raises StateConflict everywhere when no provider is set up."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        sign_in: SignInDesk,
        provider: OutsideProvider | None,
        public_url: str,
    ) -> None:
        self._units = units
        self._clock = clock
        self._sign_in = sign_in
        self._provider = provider
        self._redirect_uri = f"{public_url}{CALLBACK_PATH}"

    @property
    def is_offered(self) -> bool:
        """Tell whether a provider is set up."""
        return self._provider is not None

    def start(self, *, again: bool = False) -> OutsideStart:
        """Begin: everything that must come back is remembered here, for five minutes and one use.

        Args:
            again: Somebody who is signed in confirms that it is them; a provider must not do that by itself.

        Raises:
            OutsideSignInAway: The provider cannot be reached now.
            SignInFailed: What it says of itself is not believed.
            StateConflict: None is set up.
        """
        provider = self._require_provider()
        binding = secrets.token_urlsafe(32)
        state = secrets.token_urlsafe(32)
        nonce, verifier = _derived(state, binding)
        url = provider.authorization_url(
            state=state,
            nonce=nonce,
            verifier=verifier,
            redirect_uri=self._redirect_uri,
            max_age_seconds=_AGAIN_MAX_AGE_SECONDS if again else None,
        )
        with self._units() as uow:
            keep_challenge(uow, self._clock, ChallengePurpose.OIDC, None, state.encode("ascii"))
            uow.commit()
        return OutsideStart(url, binding, int(CHALLENGE_LIFE.total_seconds()))

    def finish(self, code: str, state: str, binding: str | None, visitor: Visitor, *, issuer: str = "") -> SignedIn:
        """Take somebody in who comes back: the account is the one with the address that the provider verified.

        Args:
            code: Empty where the provider sends back an error instead.
            issuer: As `OutsideProvider.identity`.

        Raises:
            OutsideSignInAway: The provider cannot be reached now; the way must be begun anew.
            SignInFailed: Another browser's or an old state, a code that does not hold, or nobody with this address.
            StateConflict: None is set up.
        """
        provider = self._require_provider()
        if not _TEXT.fullmatch(state) or binding is None or not _TEXT.fullmatch(binding) or len(code) > _CODE_MAX:
            raise SignInFailed(FAILED)
        with self._units() as uow:
            digest = hashlib.sha256(state.encode("ascii")).digest()
            taken = uow.sign_ins.take_challenge(digest, ChallengePurpose.OIDC, self._clock.now())
            uow.commit()
        if taken is None or not code:
            raise SignInFailed(FAILED)
        nonce, verifier = _derived(state, binding)
        found = provider.identity(code, issuer=issuer, nonce=nonce, verifier=verifier, redirect_uri=self._redirect_uri)
        return self._sign_in.vouched(found.email, visitor, authenticated_at=found.authenticated_at)

    def _require_provider(self) -> OutsideProvider:
        if self._provider is None:
            raise StateConflict("No outside sign-in is set up.")
        return self._provider


def _derived(state: str, binding: str) -> tuple[str, str]:
    """Nonce and PKCE verifier: both follow from what the provider carries and what only this browser has.

    Another browser that comes back with this state has another binding, and so neither the nonce that stands in the
    identity token nor the verifier that redeems the code.
    """

    def part(name: str) -> str:
        return hmac.new(binding.encode("ascii"), f"{name} {state}".encode("ascii"), hashlib.sha256).hexdigest()

    return part("nonce"), part("verifier")
