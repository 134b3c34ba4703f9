"""An OpenID provider as an outside sign-in: authorization code with PKCE, through the guarded door.

Needs the extra `oidc`; the office says so at start when it is set up without.
"""

from __future__ import annotations

import base64
import hmac
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from sealwright.adapters.outbound import FetchRefused, GuardedOutbound
from sealwright.domain.errors import OutsideSignInAway, SignInFailed
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
_AWAY: Final = "The outside sign-in does not answer now; try again in a moment, or sign in another way."
# Reasons for which there was no answer at all, as the outbound door tells them.
_NO_ANSWER: Final = frozenset({"deadline", "exchange", "name"})
_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_log: Final = logging.getLogger(__name__)


class OidcExtraMissing(Exception):
    """The extra is not installed."""


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool


@dataclass(frozen=True, slots=True, repr=False)
class _Tokens:
    identity: str
    access: str | None


class OidcProvider:
    """One OpenID provider.

    Args:
        secret: Gives the client secret; read anew each time, so that it can be changed while the server runs.
        now: The present moment.

    Raises:
        OidcExtraMissing: authlib is not installed.

    Spec: OpenID Connect Core 1.0, "Authentication using the Authorization Code Flow", "UserInfo Endpoint"; RFC 7636;
    RFC 9207.
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

    def authorization_url(
        self, *, state: str, nonce: str, verifier: str, redirect_uri: str, max_age_seconds: int | None = None
    ) -> str:
        """Where to send the browser; raises OutsideSignInAway when the provider cannot be reached."""
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
            **({} if max_age_seconds is None else {"max_age": str(max_age_seconds)}),
        )
        return url

    def identity(self, code: str, *, issuer: str, nonce: str, verifier: str, redirect_uri: str) -> OutsideIdentity:
        """Redeem a code, check the identity token, and ask whose it is where the token does not say.

        Raises:
            OutsideSignInAway: The provider cannot be reached now.
            SignInFailed: Anything that does not hold.
        """
        if issuer != self._issuer and (issuer or self._described().names_itself):
            # Somebody else's code, brought to us so that we would hand it to this provider, or the other way round.
            raise _refused("another issuer")
        tokens = self._redeemed(code, verifier, redirect_uri)
        claims = self._claims(tokens.identity)
        subject = self._subject(claims, nonce)
        return _identity(subject, self._about(subject, claims, tokens.access), _moment(claims.get("auth_time")))

    def _redeemed(self, code: str, verifier: str, redirect_uri: str) -> _Tokens:
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
        except FetchRefused as error:
            raise _unanswered("token endpoint", error) from error
        except (OSError, UnicodeError) as error:
            raise _refused("client secret") from error
        members = _object(answer)
        token, access = members.get("id_token"), members.get("access_token")
        if not isinstance(token, str):
            raise _refused("no identity token")
        return _Tokens(token, access if isinstance(access, str) and _BEARER.fullmatch(access) else None)

    def _claims(self, token: str) -> dict[str, object]:
        kept, age = self._kept_keys()
        try:
            if kept is not None:
                return _decoded(token, kept)
        except InvalidKeyIdError:
            # The provider has a new key. Each try costs a code of its own, so that asking it is nobody's lever.
            pass
        except (JoseError, ValueError) as error:
            if age < _ASK_AGAIN_SECONDS:
                raise _refused("signature of the identity token") from error
        fresh = _keys(self._fetched(self._described().jwks_uri, _JWKS))
        with self._lock:
            self._keys = (time.monotonic(), fresh)
        try:
            return _decoded(token, fresh)
        except (JoseError, ValueError) as error:
            raise _refused("signature of the identity token") from error

    def _about(self, subject: str, claims: dict[str, object], access: str | None) -> Mapping[str, object]:
        """What the provider says of somebody: in the token, or, as the specification has it, at an endpoint beside."""
        url = self._described().userinfo_endpoint
        if "email_verified" in claims or url is None or access is None:
            return claims
        told = self._fetched(url, _JSON, authorization=f"Bearer {access}")
        if told.get("sub") != subject:
            # It may stand for somebody else; the specification forbids to use the rest of it.
            raise _refused("another subject at the userinfo endpoint")
        return told

    def _subject(self, claims: dict[str, object], nonce: str) -> str:
        now = self._now().timestamp()
        audience = claims.get("aud")
        listed = audience if isinstance(audience, list) else [audience]
        expires, issued = claims.get("exp"), claims.get("iat")
        stated, subject = claims.get("nonce"), claims.get("sub")
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
        if not holds or not isinstance(subject, str):
            raise _refused("claims of the identity token")
        return subject

    # -- what the provider says of itself ----------------------------------------------------------

    def _described(self) -> _Metadata:
        with self._lock:
            if self._metadata is not None and time.monotonic() - self._metadata[0] < _KEEP_SECONDS:
                return self._metadata[1]
        members = self._fetched(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", _JSON)
        if members.get("issuer") != self._issuer:
            raise _refused("issuer of the metadata")
        endpoints = [members.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        userinfo = members.get("userinfo_endpoint")
        needed = endpoints if userinfo is None else [*endpoints, userinfo]
        if not all(isinstance(url, str) and self._is_as_safe(url) for url in needed):
            raise _refused("endpoints of the metadata")
        authorization, token, jwks = map(str, endpoints)
        names_itself = members.get("authorization_response_iss_parameter_supported") is True
        found = _Metadata(authorization, token, jwks, None if userinfo is None else str(userinfo), names_itself)
        with self._lock:
            self._metadata = (time.monotonic(), found)
        return found

    def _is_as_safe(self, url: str) -> bool:
        """Tell whether an endpoint is on https, or on plain http where the issuer itself is (loopback only)."""
        scheme = urlsplit(url).scheme
        return scheme == "https" or (scheme == "http" and self._issuer.startswith("http://"))

    def _kept_keys(self) -> tuple[KeySet | None, float]:
        """The keys as they were last fetched, and how many seconds ago; None when that is too long."""
        with self._lock:
            known = self._keys
        age = time.monotonic() - known[0] if known is not None else _KEEP_SECONDS
        return (known[1] if known is not None and age < _KEEP_SECONDS else None), age

    def _fetched(self, url: str, accept: str, *, authorization: str | None = None) -> dict[str, JSONValue]:
        try:
            return _object(self._outbound.fetch(url, accept=accept, max_bytes=_MAX_BYTES, authorization=authorization))
        except FetchRefused as error:
            raise _unanswered(urlsplit(url).path, error) from error


def _identity(subject: str, about: Mapping[str, object], authenticated_at: datetime | None) -> OutsideIdentity:
    email = about.get("email")
    if not isinstance(email, str) or about.get("email_verified") is not True:
        # Anybody can claim an address; only one that the provider has verified finds an account.
        raise _refused("no verified address")
    return OutsideIdentity(subject, email, authenticated_at)


def _moment(seconds: object) -> datetime | None:
    """A time of the identity token in whole seconds; None for what is none."""
    try:
        return datetime.fromtimestamp(int(float(str(seconds))), UTC) if _is_number(seconds) else None
    except (ValueError, OverflowError, OSError):
        return None


def _decoded(token: str, keys: KeySet) -> dict[str, object]:
    return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)


def _refused(reason: str) -> SignInFailed:
    """The one refusal; operators find in the log which it was, and nothing about whom."""
    _log.warning("outside sign-in refused: %s", reason)
    return SignInFailed(_FAILED)


def _unanswered(what: str, error: FetchRefused) -> SignInFailed:
    if error.reason in _NO_ANSWER:
        _log.warning("outside sign-in away: %s (%s)", what, error.reason)
        return OutsideSignInAway(_AWAY)
    return _refused(f"{what} ({error.reason})")


def _keys(members: Mapping[str, JSONValue]) -> KeySet:
    """The keys that we can use; others of the set are passed over.

    Spec: RFC 7517, "JWK Set Format".
    """
    listed = members.get("keys")
    found: list[Key] = []
    for one in listed if isinstance(listed, list) else []:
        try:
            found.append(JWKRegistry.import_key(one))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            continue
    if not found:
        raise _refused("no key that can be used")
    return KeySet(found)


def _object(text: bytes) -> dict[str, JSONValue]:
    try:
        members = parse_json(text)
    except VcError as error:
        raise _refused("an answer that is no JSON") from error
    if not isinstance(members, dict):
        raise _refused("an answer that is no object")
    return members


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
