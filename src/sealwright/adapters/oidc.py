"""An OpenID provider as an outside sign-in: authorization code with PKCE, through the guarded door.

Needs the extra `oidc`; the office says so at start when it is set up without.
"""

from __future__ import annotations

import base64
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sealwright.adapters.outbound import FetchRefused, GuardedOutbound
from sealwright.domain.errors import SignInFailed
from sealwright.services.outside_sign_in import OutsideIdentity
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import VcError

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
SCOPE: Final = "openid email"
_JSON: Final = "application/json"
_JWKS: Final = "application/json, application/jwk-set+json"
_MAX_BYTES: Final = 64 * 1024
_KEEP_SECONDS: Final = 3_600.0
_ASK_AGAIN_SECONDS: Final = 60.0
_SKEW: Final = timedelta(seconds=60)
_AGE_MOST: Final = timedelta(minutes=10)
_FAILED: Final = "The outside sign-in did not work; try again, or sign in another way."


class OidcExtraMissing(Exception):
    """The extra is not installed."""


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class OidcProvider:
    """One OpenID provider.

    Args:
        secret: Gives the client secret; read anew each time, so that it can be changed while the server runs.
        now: The present moment.

    Raises:
        OidcExtraMissing: authlib is not installed.

    Spec: OpenID Connect Core 1.0, "Authentication using the Authorization Code Flow"; RFC 7636.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        secret: Callable[[], str],
        outbound: GuardedOutbound,
        now: Callable[[], datetime],
    ) -> None:
        try:
            import authlib.oauth2.rfc7636  # noqa: F401
        except ImportError as error:
            raise OidcExtraMissing("OIDC_ISSUER is set, and authlib is missing: install sealwright[oidc]") from error
        self._issuer = issuer
        self._client_id = client_id
        self._secret = secret
        self._outbound = outbound
        self._now = now
        self._lock = threading.Lock()
        self._metadata: tuple[float, _Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def authorization_url(self, *, state: str, nonce: str, verifier: str, redirect_uri: str) -> str:
        """Where to send the browser; raises SignInFailed when the provider cannot be reached."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        url: str = prepare_grant_uri(
            self._described().authorization_endpoint,
            self._client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=SCOPE,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return url

    def identity(self, code: str, *, nonce: str, verifier: str, redirect_uri: str) -> OutsideIdentity:
        """Redeem a code and check the identity token; raises SignInFailed for anything that does not hold."""
        token = self._redeemed(code, verifier, redirect_uri)
        return self._judged(self._claims(token), nonce)

    def _redeemed(self, code: str, verifier: str, redirect_uri: str) -> str:
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        form = prepare_token_request("authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier)
        # Each part is form-encoded before they are joined (RFC 6749, "Client Password").
        try:
            pair = f"{quote(self._client_id, safe='')}:{quote(self._secret(), safe='')}"
            answer = self._outbound.post_form(
                self._described().token_endpoint,
                form.encode("ascii"),
                authorization=f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}",
                accept=_JSON,
                max_bytes=_MAX_BYTES,
            )
        except (FetchRefused, OSError, UnicodeError) as error:
            raise SignInFailed(_FAILED) from error
        token = _object(answer).get("id_token")
        if not isinstance(token, str):
            raise SignInFailed(_FAILED)
        return token

    def _claims(self, token: str) -> dict[str, object]:
        for keys in self._key_sets():
            try:
                return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)
            except (JoseError, ValueError):
                continue
        raise SignInFailed(_FAILED)

    def _judged(self, claims: dict[str, object], nonce: str) -> OutsideIdentity:
        now = self._now().timestamp()
        audience = claims.get("aud")
        listed = audience if isinstance(audience, list) else [audience]
        expires, issued = claims.get("exp"), claims.get("iat")
        stated, email, subject = claims.get("nonce"), claims.get("email"), claims.get("sub")
        skew = _SKEW.total_seconds()
        holds = (
            claims.get("iss") == self._issuer
            and self._client_id in listed
            # A token for several parties must have been made for us.
            and (len(listed) == 1 or claims.get("azp") == self._client_id)
            and claims.get("azp", self._client_id) == self._client_id
            and _is_number(expires)
            and now < float(str(expires)) + skew
            and _is_number(issued)
            and now - _AGE_MOST.total_seconds() < float(str(issued)) < now + skew
            and isinstance(stated, str)
            and hmac.compare_digest(stated.encode(), nonce.encode())
        )
        if not holds or not isinstance(subject, str) or not isinstance(email, str):
            raise SignInFailed(_FAILED)
        if claims.get("email_verified") is not True:
            # Anybody can claim an address; only one that the provider has verified finds an account.
            raise SignInFailed("The outside sign-in has not verified your e-mail address.")
        return OutsideIdentity(subject, email)

    # -- what the provider says of itself ----------------------------------------------------------

    def _described(self) -> _Metadata:
        with self._lock:
            if self._metadata is not None and time.monotonic() - self._metadata[0] < _KEEP_SECONDS:
                return self._metadata[1]
        members = self._fetched(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", _JSON)
        if members.get("issuer") != self._issuer:
            raise SignInFailed(_FAILED)
        endpoints = [members.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if not all(isinstance(url, str) and self._is_as_safe(url) for url in endpoints):
            raise SignInFailed(_FAILED)
        found = _Metadata(*map(str, endpoints))
        with self._lock:
            self._metadata = (time.monotonic(), found)
        return found

    def _is_as_safe(self, url: str) -> bool:
        """Tell whether an endpoint is on https, or on plain http where the issuer itself is (loopback only)."""
        scheme = urlsplit(url).scheme
        return scheme == "https" or (scheme == "http" and self._issuer.startswith("http://"))

    def _key_sets(self) -> Iterator[KeySet]:
        """The keys that are known; and, where those do not help and are not quite new, the present ones."""
        with self._lock:
            known = self._keys
        age = time.monotonic() - known[0] if known is not None else _KEEP_SECONDS
        if known is not None and age < _KEEP_SECONDS:
            yield known[1]
        if age >= _ASK_AGAIN_SECONDS:
            members = self._fetched(self._described().jwks_uri, _JWKS)
            try:
                fresh = KeySet.import_key_set(members)  # type: ignore[arg-type]
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise SignInFailed(_FAILED) from error
            with self._lock:
                self._keys = (time.monotonic(), fresh)
            yield fresh

    def _fetched(self, url: str, accept: str) -> dict[str, JSONValue]:
        try:
            return _object(self._outbound.fetch(url, accept=accept, max_bytes=_MAX_BYTES))
        except FetchRefused as error:
            raise SignInFailed(_FAILED) from error


def _object(text: bytes) -> dict[str, JSONValue]:
    try:
        members = parse_json(text)
    except VcError as error:
        raise SignInFailed(_FAILED) from error
    if not isinstance(members, dict):
        raise SignInFailed(_FAILED)
    return members


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
