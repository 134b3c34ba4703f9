"""Pushed authorization requests, addresses back to wallets, and PKCE."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from sealwright.protocols.openid4vci.authorization import (
    is_verifier_of,
    read_authorization_request,
    require_redirect,
    shown_target,
    way_back,
)
from sealwright.protocols.openid4vci.errors import WalletRefused

# RFC 7636, appendix B.
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
FORM = {
    "response_type": "code",
    "client_id": "com.example.wallet",
    "redirect_uri": "com.example.wallet:/callback",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "scope": "a.ldp_vc b.ldp_vc a.ldp_vc",
}


def test_requests_are_read() -> None:
    read = read_authorization_request({**FORM, "state": "s", "issuer_state": "o", "unknown": "x"})
    assert (read.configuration_ids, read.by_scope, read.state) == (("a.ldp_vc", "b.ldp_vc"), True, "s")


def test_verifiers_belong_to_their_challenge() -> None:
    assert is_verifier_of(CHALLENGE, VERIFIER)
    for other in (VERIFIER[:-1] + "x", "short", VERIFIER + "é", ""):
        assert not is_verifier_of(CHALLENGE, other)


@pytest.mark.parametrize(
    "address",
    [
        "https://wallet.example/cb",
        "https://wallet.example:8443/cb?x=1",
        "http://127.0.0.1:3000/cb",
        "http://[::1]/cb",
        "http://localhost/cb",
        "com.example.wallet:/cb",
        "openid-credential-offer://",
        "haip-vci://cb",
    ],
)
def test_addresses_that_lead_back_to_wallets(address: str) -> None:
    assert read_authorization_request({**FORM, "redirect_uri": address}).redirect_uri == address
    back = way_back(address, "https://office.example", None, code="c")
    assert back.startswith(address)
    assert shown_target(back) == shown_target(address)
    assert parse_qs(urlsplit(back).query)["code"] == ["c"]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://a.example/x",
        "http://wallet.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "https://user@wallet.example/cb",
        "https:///cb",
        "https://wallet.example/cb#fragment",
        "https://wallet.example/c b",
        'https://wallet.example/"onclick=x',
        "https://wallet.example/<b>",
        "https://wallet.example\\@evil.example/cb",
        "HTTPS://wallet.example/cb",
        " com.example.wallet:/cb",
        "com.example.wallet:/cb\n",
        "//wallet.example/cb",
        "wallet.example",
        "https://[::1/cb",
        "https://wallet.example/" + "x" * 2000,
        "",
    ],
)
def test_addresses_that_no_browser_is_led_to(address: str) -> None:
    with pytest.raises(WalletRefused) as refused:
        require_redirect(address)
    assert refused.value.code.value == "invalid_request"


def test_people_are_shown_where_the_answer_goes() -> None:
    assert shown_target("https://wallet.example:8443/cb?x=1") == "wallet.example:8443"
    assert shown_target("com.example.wallet:/cb") == "com.example.wallet:"


def test_the_way_back_names_the_issuer_and_keeps_what_was_there() -> None:
    back = way_back("https://wallet.example/cb?x=1", "https://office.example", "a&b=c d", code="k+/=")
    assert parse_qs(urlsplit(back).query) == {
        "x": ["1"],
        "code": ["k+/="],
        "state": ["a&b=c d"],
        "iss": ["https://office.example"],
    }
    assert "state" not in way_back("com.example.wallet:/cb", "https://office.example", None, error="access_denied")
