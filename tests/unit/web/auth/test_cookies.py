"""The session cookie's attributes."""

from __future__ import annotations

import pytest

from sealwright.web.auth.cookies import cookie_name, end_cookie, outside_cookie, session_cookie
from sealwright.web.auth.same_origin import own_origins

HTTPS, LOOPBACK = "https://cred.example", "http://127.0.0.1:8000"


def test_cookie_over_https_is_bound_to_its_host() -> None:
    name, value = session_cookie(HTTPS, "abc", 60)
    assert (name, value) == (
        b"set-cookie",
        b"__Host-sealwright=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60",
    )


def test_cookie_over_plain_http_has_neither_prefix_nor_secure() -> None:
    assert session_cookie(LOOPBACK, "abc", 60)[1] == b"sealwright=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60"
    assert end_cookie(LOOPBACK)[1] == b"sealwright=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"


def test_outside_sign_in_has_a_cookie_of_its_own() -> None:
    assert outside_cookie(HTTPS, "abc", 300)[1].startswith(b"__Host-sealwright-outside=abc; ")
    with pytest.raises(ValueError):
        outside_cookie(HTTPS, "a;b", 300)


def test_outside_cookie_keeps_where_the_visitor_was_going() -> None:
    value = outside_cookie(HTTPS, "abc", 300, "/issuer?state=pending;ñ")[1].partition(b"; ")[0].partition(b"=")[2]
    assert value.startswith(b"abc.")
    assert b";" not in value
    assert outside_cookie(HTTPS, "abc", 300, "/" + "x" * 1000)[1].startswith(b"__Host-sealwright-outside=abc; ")


def test_names_and_origins() -> None:
    assert cookie_name(HTTPS) == "__Host-sealwright"
    assert own_origins(HTTPS) == {HTTPS}
    assert own_origins(LOOPBACK) == {LOOPBACK, "http://localhost:8000", "http://[::1]:8000"}
    assert own_origins("http://10.0.0.1") == {"http://10.0.0.1"}
