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
from sealwright.domain.errors import OutsideSignInAway, SignInFailed

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


# Keys of kinds, curves and lengths that we do not know: they spoil nothing for the others.
STRANGE = [
    {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
    {"kty": "EC", "crv": "brainpoolP256r1", "x": "AA", "y": "AA"},
    {"kty": "OKP", "crv": "Ed448", "x": "AAAA"},
    {"kty": "RSA"},
    "a key",
]


class Provider:
    """Stands in for the network: answers by address, and remembers what was posted."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = dict(METADATA)
        self.keys = [KEY]
        self.token = ""
        self.access: Any = "x"
        self.told: Any = {}
        self.failure: str | None = None
        self.posts: list[tuple[str, bytes, str]] = []
        self.fetched: list[str] = []

    def fetch(self, url: str, *, accept: str, max_bytes: int, authorization: str | None = None) -> bytes:
        self.fetched.append(url)
        if self.failure is not None:
            raise FetchRefused(self.failure)
        if url == "https://id.example/userinfo":
            assert authorization == "Bearer x"
            return json.dumps(self.told).encode()
        assert authorization is None
        if url.endswith("/openid-configuration"):
            return json.dumps(self.metadata).encode()
        if url == "https://keys.example/jwks":
            return json.dumps({"keys": [*STRANGE, *(key.as_dict(private=False) for key in self.keys)]}).encode()
        raise FetchRefused("url")

    def post_form(self, url: str, form: bytes, *, authorization: str, accept: str, max_bytes: int) -> bytes:
        self.posts.append((url, form, authorization))
        if self.failure is not None:
            raise FetchRefused(self.failure)
        return json.dumps({"access_token": self.access, "id_token": self.token}).encode()


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


def identity(provider: OidcProvider, issuer: str = "") -> Any:
    return provider.identity("the code", issuer=issuer, nonce=NONCE, verifier=VERIFIER, redirect_uri=BACK)


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
    again = provider.authorization_url(
        state="s" * 43, nonce=NONCE, verifier=VERIFIER, redirect_uri=BACK, max_age_seconds=60
    )
    assert parse_qs(urlsplit(again).query)["max_age"] == ["60"]


@pytest.mark.parametrize(
    ("auth_time", "moment"),
    [
        (int(NOW.timestamp()) - 90, NOW - timedelta(seconds=90)),
        (None, None),
        ("soon", None),
        (True, None),
        (1e300, None),
    ],
)
def test_moment_of_the_proof_there_is_told(
    provider: OidcProvider, network: Provider, auth_time: Any, moment: datetime | None
) -> None:
    network.token = token(auth_time=auth_time)
    assert identity(provider).authenticated_at == moment


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


def test_new_key_is_asked_for_at_once(provider: OidcProvider, network: Provider) -> None:
    network.token = token()
    identity(provider)
    newer = ECKey.generate_key("P-256", {"kid": "k2", "use": "sig", "alg": "ES256"})
    network.keys = [newer]
    network.token = token(key=newer, header={"kid": "k2"})
    for _ in range(2):
        assert identity(provider).email == "ana@example.org"
    assert network.fetched.count("https://keys.example/jwks") == 2


def test_set_without_a_key_that_can_be_used_is_refused(provider: OidcProvider, network: Provider) -> None:
    network.keys, network.token = [], token()
    with pytest.raises(SignInFailed):
        identity(provider)


# -- what stands at the userinfo endpoint ---------------------------------------------------------------------

TOLD = {"sub": "248289761001", "email": "bea@example.org", "email_verified": True}


def with_userinfo(network: Provider, told: Any) -> None:
    network.metadata["userinfo_endpoint"] = "https://id.example/userinfo"
    network.told = told


def test_address_that_the_token_lacks_is_asked_for(provider: OidcProvider, network: Provider) -> None:
    with_userinfo(network, TOLD)
    network.token = token(email=None, email_verified=None)
    assert identity(provider).email == "bea@example.org"


def test_address_is_taken_with_what_vouches_for_it(provider: OidcProvider, network: Provider) -> None:
    """Never the one of the token with the verification of the other."""
    with_userinfo(network, TOLD)
    network.token = token(email_verified=None)
    assert identity(provider).email == "bea@example.org"
    network.token = token(email_verified=False)
    with pytest.raises(SignInFailed):
        identity(provider)


@pytest.mark.parametrize(
    "told",
    [
        TOLD | {"sub": "another"},
        {"email": "bea@example.org", "email_verified": True},
        TOLD | {"email_verified": "true"},
        {"sub": "248289761001", "email": "bea@example.org"},
        {"sub": "248289761001", "email_verified": True},
        [],
    ],
)
def test_userinfo_that_is_not_believed(provider: OidcProvider, network: Provider, told: Any) -> None:
    with_userinfo(network, told)
    network.token = token(email=None, email_verified=None)
    with pytest.raises(SignInFailed):
        identity(provider)


@pytest.mark.parametrize("access", [None, "", "two words", "x\r\nHost: evil.example", 7])
def test_access_token_that_is_none_is_not_sent(provider: OidcProvider, network: Provider, access: Any) -> None:
    with_userinfo(network, TOLD)
    network.access = access
    network.token = token(email=None, email_verified=None)
    with pytest.raises(SignInFailed):
        identity(provider)
    assert "https://id.example/userinfo" not in network.fetched


def test_userinfo_over_plain_http_is_refused(provider: OidcProvider, network: Provider) -> None:
    network.metadata["userinfo_endpoint"] = "http://id.example/userinfo"
    network.token = token()
    with pytest.raises(SignInFailed):
        identity(provider)


# -- whom the answer comes from, and providers that are away ---------------------------------------------------


@pytest.mark.parametrize(("says_so", "issuer", "holds"), [
    (True, ISSUER, True), (True, "", False), (True, "https://evil.example", False),
    (False, ISSUER, True), (False, "", True), (False, "https://evil.example", False),
])  # fmt: skip
def test_code_of_another_issuer_is_not_sent(
    provider: OidcProvider, network: Provider, says_so: bool, issuer: str, holds: bool
) -> None:
    network.metadata["authorization_response_iss_parameter_supported"] = says_so
    network.token = token()
    if holds:
        assert identity(provider, issuer).email == "ana@example.org"
        return
    with pytest.raises(SignInFailed):
        identity(provider, issuer)
    assert network.posts == []


@pytest.mark.parametrize(("reason", "is_away"), [("exchange", True), ("deadline", True), ("name", True),
                                                 ("status", False), ("type", False), ("address", False)])  # fmt: skip
def test_provider_that_is_away_is_told_from_one_that_refuses(
    provider: OidcProvider, network: Provider, caplog: pytest.LogCaptureFixture, reason: str, is_away: bool
) -> None:
    network.failure = reason
    with pytest.raises(SignInFailed) as refusal:
        provider.authorization_url(state="s", nonce=NONCE, verifier=VERIFIER, redirect_uri=BACK)
    assert isinstance(refusal.value, OutsideSignInAway) is is_away
    network.failure = None
    provider.authorization_url(state="s", nonce=NONCE, verifier=VERIFIER, redirect_uri=BACK)
    network.failure = reason
    with pytest.raises(SignInFailed) as refusal:
        identity(provider)
    assert isinstance(refusal.value, OutsideSignInAway) is is_away
    assert f"token endpoint ({reason})" in caplog.text
    assert "the code" not in caplog.text


def test_missing_extra_is_told_at_start(monkeypatch: pytest.MonkeyPatch, network: Provider) -> None:
    real = builtins.__import__

    def without(name: str, *given: Any, **named: Any) -> Any:
        if name.startswith("authlib"):
            raise ImportError(name)
        return real(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OidcExtraMissing, match=r"sealwright\[oidc\]"):
        OidcProvider(ISSUER, "office", secret=lambda: "x", outbound=network, now=lambda: NOW)  # type: ignore[arg-type]
