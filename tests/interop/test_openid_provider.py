"""Signing in through a certified OpenID provider: a server of ours, the provider, and a browser between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.interop.openid_walk import CALLBACK, Browser, OpenIDProvider, Page, openid_provider, query_of, with_query
from tests.support import postgres, quick
from tests.support.server import RunningServer, serve

pytestmark = pytest.mark.timeout(120)

CLIENT_ID: Final = "office"
# Such secrets come out of generators, and must be form-encoded before they are joined with the client id.
SECRET: Final = "s:e c+r/e%t=&~"
ACCOUNTS: Final[Mapping[str, Mapping[str, object]]] = {
    "ivo": {"email": "Improver@Demo.Example", "email_verified": True},
    "ines": {"email": "issuer@demo.example", "email_verified": False},
    "vera": {"email": "voter1@demo.example"},
    "stranger": {"email": "stranger@demo.example", "email_verified": True},
    "nameless": {},
}
IVO: Final = "improver@demo.example"
REFUSED: Final = "Your organization’s sign-in did not let you in here."
AWAY: Final = "Your organization’s sign-in does not answer now."


@dataclass(frozen=True, slots=True)
class Town:
    """Office and provider, and what the office said while the provider had not been there yet."""

    server: RunningServer
    provider: OpenIDProvider
    secret_file: Path
    before: Page

    def browser(self) -> Browser:
        """A browser that has been nowhere."""
        return Browser(self.server.url)


@pytest.fixture(scope="module")
def whole_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    bind = f"127.0.0.1:{postgres.free_port()}"
    secret_file = tmp_path_factory.mktemp("secret") / "client-secret"
    secret_file.touch(0o600)
    secret_file.write_text(f"{SECRET}\n", encoding="utf-8")
    client = {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "redirect_uris": [f"http://{bind}{CALLBACK}"],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    }
    with openid_provider(client, ACCOUNTS) as provider:
        provider.stop()
        with serve(
            "sqlite",
            program=quick.program(),
            SEALWRIGHT_BIND=bind,
            SEALWRIGHT_OIDC_ISSUER=provider.issuer,
            SEALWRIGHT_OIDC_CLIENT_ID=CLIENT_ID,
            SEALWRIGHT_OIDC_CLIENT_SECRET_FILE=str(secret_file),
        ) as server:
            before = Browser(server.url).open(f"{server.url}{CALLBACK}/start")
            provider.resume()
            yield Town(server, provider, secret_file, before)


@pytest.fixture
def town(whole_town: Town) -> Town:
    """The town as it was made, nothing heard yet."""
    whole_town.provider.change()
    whole_town.provider.heard()
    return whole_town


def is_refused(browser: Browser, page: Page) -> bool:
    """Tell whether the office's answer is its one refusal, and nobody is signed in."""
    return page.status == 422 and REFUSED in page.text and browser.who() is None


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_known_person_signs_in_by_the_address_that_the_provider_verified(town: Town, algorithm: str) -> None:
    town.provider.change(id_token_signed_response_alg=algorithm)
    browser = town.browser()
    page = browser.sign_in("ivo")
    assert (page.status, page.location) == (303, f"{town.server.url}/improver")
    assert browser.who() == IVO
    heard = town.provider.heard()
    # As the specification has it, an address that a scope stands for is told at the userinfo endpoint only.
    assert [one for one in heard if one in {"POST /token", "GET /me"}] == ["POST /token", "GET /me"]
    assert [one for one in heard if one.endswith("error")] == []


def test_who_signs_in_there_goes_on_where_they_were_going(town: Town) -> None:
    browser = town.browser()
    page = browser.open(browser.sign_in_there(browser.leave("/settings/emails?a=1&b=2"), "ivo"))
    assert page.location == f"{town.server.url}/settings/emails?a=1&b=2"


def test_being_let_pass_there_is_no_fresh_sign_in_here(town: Town) -> None:
    def must_confirm() -> bool:
        return browser.open(f"{town.server.url}/login").status == 200

    browser = town.browser()
    browser.sign_in("ivo")
    assert must_confirm(), "the provider has not said when they proved who they are"
    out = browser.leave()
    assert query_of(out)["max_age"] == "60"
    town.provider.heard()
    browser.open(browser.sign_in_there(with_query(out, max_age=None), "ivo"))
    assert not any(one.startswith("POST /interaction") for one in town.provider.heard()), "it asks nobody twice"
    assert must_confirm()
    browser.open(browser.sign_in_there(with_query(browser.leave(), max_age="0"), "ivo"))
    assert any(one.startswith("POST /interaction") for one in town.provider.heard())
    assert not must_confirm()
    browser.open(browser.sign_in_there(browser.leave(), "ivo"))
    assert not must_confirm()


def test_address_in_the_identity_token_is_not_asked_for_again(town: Town) -> None:
    town.provider.change(in_id_token=True)
    browser = town.browser()
    browser.sign_in("ivo")
    assert browser.who() == IVO
    assert "GET /me" not in town.provider.heard()


@pytest.mark.parametrize("in_id_token", [False, True], ids=["told at userinfo", "told in the identity token"])
@pytest.mark.parametrize("login", ["ines", "vera", "nameless"])
def test_address_that_is_not_verified_finds_nobody(town: Town, login: str, in_id_token: bool) -> None:
    town.provider.change(in_id_token=in_id_token)
    browser = town.browser()
    assert is_refused(browser, browser.sign_in(login))


def test_new_person_gets_no_account(town: Town) -> None:
    for _ in range(2):
        browser = town.browser()
        assert is_refused(browser, browser.sign_in("stranger"))
    people = str(town.server.command("user", "list"))
    assert IVO in people
    assert "stranger@demo.example" not in people


def test_way_back_works_once(town: Town) -> None:
    browser = town.browser()
    back = browser.sign_in_there(browser.leave(), "ivo")
    assert browser.open(back).status == 303
    town.provider.heard()
    assert browser.open(back).status == 422
    assert town.provider.heard() == []
    # The code with a state that is fresh: the provider itself remembers that it was redeemed, and for whom.
    fresh = query_of(browser.leave())["state"]
    assert browser.open(with_query(back, state=fresh)).status == 422
    assert "invalid_grant" in town.provider.heard()


def test_only_the_browser_that_left_comes_back(town: Town) -> None:
    victim, thief = town.browser(), town.browser()
    back = victim.sign_in_there(victim.leave(), "ivo")
    thief.leave()
    town.provider.heard()
    nobody = town.browser()
    for browser, url in (
        (nobody, back),
        (victim, with_query(back, state="A" * 43)),
        (victim, with_query(back, state=None)),
    ):
        assert is_refused(browser, browser.open(url))
    assert town.provider.heard() == [], "none of them is worth a question"


def test_code_of_another_browser_is_refused_by_the_provider(town: Town) -> None:
    victim, thief = town.browser(), town.browser()
    code = query_of(victim.sign_in_there(victim.leave(), "ivo"))["code"]
    back = thief.sign_in_there(thief.leave(), "stranger")
    town.provider.heard()
    assert is_refused(thief, thief.open(with_query(back, code=code)))
    assert "invalid_grant" in town.provider.heard(), "the verifier is not the one that the code was asked with"


@pytest.mark.parametrize("nonce", ["0" * 64, None])
def test_identity_token_for_another_nonce_is_not_believed(town: Town, nonce: str | None) -> None:
    browser = town.browser()
    back = browser.sign_in_there(with_query(browser.leave(), nonce=nonce), "ivo")
    town.provider.heard()
    assert is_refused(browser, browser.open(back))
    assert "GET /me" not in town.provider.heard()


@pytest.mark.parametrize("issuer", ["https://evil.example", None], ids=["of another", "left out"])
def test_answer_of_another_issuer_is_not_redeemed(town: Town, issuer: str | None) -> None:
    browser = town.browser()
    back = browser.sign_in_there(browser.leave(), "ivo")
    assert query_of(back)["iss"] == town.provider.issuer
    town.provider.heard()
    assert is_refused(browser, browser.open(with_query(back, iss=issuer)))
    assert town.provider.heard() == [], "a code must not reach an issuer that it does not come from"


def test_who_cancels_there_is_back_at_the_door(town: Town) -> None:
    browser = town.browser()
    back = browser.cancel_there(browser.leave())
    assert query_of(back)["error"] == "access_denied"
    town.provider.heard()
    assert is_refused(browser, browser.open(back))
    assert town.provider.heard() == []
    browser.sign_in("ivo")
    assert browser.who() == IVO


@pytest.mark.parametrize(
    ("change", "error"),
    [({"prompt": "none"}, "login_required"), ({"scope": "email"}, "invalid_request")],
    ids=["nobody is signed in there", "the way out was garbled"],
)
def test_error_instead_of_a_code_is_a_refusal(town: Town, change: Mapping[str, str], error: str) -> None:
    browser = town.browser()
    back = browser.sign_in_there(with_query(browser.leave(), **change), "ivo")
    assert query_of(back)["error"] == error
    town.provider.heard()
    assert is_refused(browser, browser.open(back))
    assert town.provider.heard() == [], "there is no code to redeem"


def test_changed_client_secret_is_taken_up_without_a_restart(town: Town) -> None:
    town.provider.change(client_secret="another")
    browser = town.browser()
    assert is_refused(browser, browser.sign_in("ivo"))
    assert "invalid_client" in town.provider.heard()
    town.secret_file.write_text("another", encoding="utf-8")
    try:
        browser.sign_in("ivo")
        assert browser.who() == IVO
    finally:
        town.secret_file.write_text(SECRET, encoding="utf-8")


def test_new_keys_of_the_provider_are_taken_up_at_once(town: Town) -> None:
    for _ in range(2):
        browser = town.browser()
        browser.sign_in("ivo")
        assert browser.who() == IVO
        town.provider.rotate()
    browser = town.browser()
    browser.sign_in("ivo")
    assert browser.who() == IVO
    assert town.provider.heard().count("GET /jwks") <= 3, "keys that help are kept"


def test_provider_that_is_away_is_said_to_be_away(town: Town) -> None:
    assert town.before.status == 503
    assert AWAY in town.before.text
    browser = town.browser()
    back = browser.sign_in_there(browser.leave(), "ivo")
    town.provider.stop()
    try:
        page = browser.open(back)
        assert (page.status, AWAY in page.text, browser.who()) == (503, True, None)
    finally:
        town.provider.resume()
    browser.sign_in("ivo")
    assert browser.who() == IVO
