"""The outside sign-in: what it sends, and every identity token that it must not believe."""

from __future__ import annotations

import base64
import builtins
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from sealwright.adapters.oidc import OidcExtraMissing, OidcProvider
from sealwright.adapters.outbound import FetchRefused
from sealwright.domain.errors import SignInFailed

ISSUER = "https://id.example"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NONCE, VERIFIER, BACK = "n" * 64, "v" * 64, "https://cred.example/login/outside"
KEY = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"})
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://id.example/authorize?tenant=1",
    "token_endpoint": "https://id.example/token",
    "jwks_uri": "https://keys.example/jwks",
}


class Provider:
    """Stands in for the network: answers by address, and remembers what was posted."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = dict(METADATA)
        self.keys = [KEY]
        self.token = ""
        self.posts: list[tuple[str, bytes, str]] = []
        self.fetched: list[str] = []

    def fetch(self, url: str, *, accept: str, max_bytes: int) -> bytes:
        self.fetched.append(url)
        if url.endswith("/openid-configuration"):
            return json.dumps(self.metadata).encode()
        if url == "https://keys.example/jwks":
            return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()
        raise FetchRefused("url")

    def post_form(self, url: str, form: bytes, *, authorization: str, accept: str, max_bytes: int) -> bytes:
        self.posts.append((url, form, authorization))
        return json.dumps({"access_token": "x", "id_token": self.token}).encode()


@pytest.fixture
def network() -> Provider:
    return Provider()


@pytest.fixture
def provider(network: Provider) -> OidcProvider:
    return OidcProvider(ISSUER, "office", secret=lambda: "s:e c", outbound=network, now=lambda: NOW)  # type: ignore[arg-type]


def token(key: Any = KEY, algorithm: str = "ES256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": "office",
        "sub": "248289761001",
        "iat": int(NOW.timestamp()) - 5,
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
        "nonce": NONCE,
        "email": "ana@example.org",
        "email_verified": True,
        **changes,
    }
    members = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": "k1", **(header or {})}, members, key, algorithms=[algorithm])


def identity(provider: OidcProvider) -> Any:
    return provider.identity("the code", nonce=NONCE, verifier=VERIFIER, redirect_uri=BACK)


def test_address_carries_state_nonce_and_challenge(provider: OidcProvider) -> None:
    url = provider.authorization_url(state="s" * 43, nonce=NONCE, verifier=VERIFIER, redirect_uri=BACK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    assert query == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "office",
        "redirect_uri": BACK,
        "scope": "openid email",
        "state": "s" * 43,
        "nonce": NONCE,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    assert VERIFIER not in url


def test_code_is_redeemed_with_verifier_and_client_secret(provider: OidcProvider, network: Provider) -> None:
    network.token = token()
    found = identity(provider)
    assert (found.subject, found.email) == ("248289761001", "ana@example.org")
    [(url, form, authorization)] = network.posts
    assert url == METADATA["token_endpoint"]
    assert parse_qs(form.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["the code"],
        "redirect_uri": [BACK],
        "code_verifier": [VERIFIER],
    }
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"office:s%3Ae%20c"


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(iss="https://evil.example"),
        lambda: token(aud="another"),
        lambda: token(aud=["office", "another"]),
        lambda: token(aud=["office", "another"], azp="another"),
        lambda: token(azp="another"),
        lambda: token(nonce="m" * 64),
        lambda: token(nonce=None),
        lambda: token(exp=int(NOW.timestamp()) - 61),
        lambda: token(exp=None),
        lambda: token(exp="soon"),
        lambda: token(exp=True),
        lambda: token(iat=int(NOW.timestamp()) + 61),
        lambda: token(iat=int(NOW.timestamp()) - 601),
        lambda: token(email_verified=False),
        lambda: token(email_verified="true"),
        lambda: token(email_verified=None),
        lambda: token(email=None),
        lambda: token(sub=None),
        lambda: token(key=ECKey.generate_key("P-256")),
        lambda: token(key=OctKey.import_key("s:e c" * 8), algorithm="HS256"),
        lambda: token()[:-4] + "AAAA",
        lambda: ".".join([*base64_none(), ""]),
        lambda: "",
        lambda: "a.b.c",
    ],
)
def test_tokens_that_are_not_believed(provider: OidcProvider, network: Provider, make: Callable[[], str]) -> None:
    network.token = make()
    with pytest.raises(SignInFailed):
        identity(provider)


def base64_none() -> list[str]:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return [head, token().split(".")[1]]


def test_several_audiences_pass_when_the_token_was_made_for_us(provider: OidcProvider, network: Provider) -> None:
    network.token = token(aud=["office", "another"], azp="office")
    assert identity(provider).email == "ana@example.org"


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://id.example/"},
        {"issuer": None},
        {"token_endpoint": "http://id.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_metadata_that_is_not_believed(provider: OidcProvider, network: Provider, changes: dict[str, Any]) -> None:
    network.metadata |= changes
    with pytest.raises(SignInFailed):
        provider.authorization_url(state="s", nonce=NONCE, verifier=VERIFIER, redirect_uri=BACK)


def test_keys_are_kept_and_asked_for_again_only_when_they_do_not_help(
    provider: OidcProvider, network: Provider
) -> None:
    network.token = token()
    for _ in range(3):
        identity(provider)
    assert network.fetched.count("https://keys.example/jwks") == 1
    network.token = token(key=ECKey.generate_key("P-256"))
    for _ in range(3):
        with pytest.raises(SignInFailed):
            identity(provider)
    assert network.fetched.count("https://keys.example/jwks") == 1, "not more than once a minute, whoever asks"


def test_missing_extra_is_told_at_start(monkeypatch: pytest.MonkeyPatch, network: Provider) -> None:
    real = builtins.__import__

    def without(name: str, *given: Any, **named: Any) -> Any:
        if name.startswith("authlib"):
            raise ImportError(name)
        return real(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OidcExtraMissing, match=r"sealwright\[oidc\]"):
        OidcProvider(ISSUER, "office", secret=lambda: "x", outbound=network, now=lambda: NOW)  # type: ignore[arg-type]
