"""The OpenID provider as a peer, and a browser's part in signing in there: cookies, redirects, forms."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit
from urllib.request import HTTPCookieProcessor, HTTPHandler, OpenerDirector, Request

from tests.interop.peer import OPENID_PROVIDER, Peer, PeerMissing, start_node
from tests.support import tools

CALLBACK: Final = "/login/outside"
_ANSWER_SECONDS: Final = 30
_MOST_STEPS: Final = 12
_FORM: Final = re.compile(r'<form[^>]*\saction="([^"]+)"')
_PROMPT: Final = re.compile(r'name="prompt" value="(\w+)"')
_CANCEL: Final = re.compile(r'href="([^"]+/abort)"')


class OpenIDProvider:
    """`oidc-provider` with one client."""

    def __init__(self, peer: Peer, client: Mapping[str, Any], accounts: Mapping[str, Mapping[str, Any]]) -> None:
        self._peer = peer
        self._client = dict(client)
        self.issuer: str = peer.ask("start", clients=[self._client], accounts=accounts)["issuer"]

    def change(self, *, in_id_token: bool = False, **client: Any) -> None:
        """Run on with these members of the client changed, and claims in the identity token or not."""
        self._peer.ask("change", clients=[{**self._client, **client}], inIdToken=in_id_token)

    def rotate(self) -> None:
        """Sign with new keys, and publish the old ones no more."""
        self._peer.ask("rotate")

    def stop(self) -> None:
        """Let nothing listen at its address any more."""
        self._peer.ask("stop")

    def resume(self) -> None:
        """Listen there again."""
        self._peer.ask("resume")

    def heard(self) -> list[str]:
        """What it was asked and what it refused since the last call, in order: ``POST /token``, ``invalid_grant``."""
        return [one.get("error") or one["what"] for one in self._peer.ask("heard")]


@contextmanager
def openid_provider(client: Mapping[str, Any], accounts: Mapping[str, Mapping[str, Any]]) -> Iterator[OpenIDProvider]:
    """The provider for as long as the block runs; a loud skip where it cannot run."""
    try:
        peer = start_node(OPENID_PROVIDER, "peer.mjs", packages=OPENID_PROVIDER)
    except PeerMissing as error:
        tools.missing(str(error))
    try:
        yield OpenIDProvider(peer, client, accounts)
    finally:
        peer.stop()


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser got, redirects not followed."""

    url: str
    status: int
    location: str | None
    text: str


class Browser:
    """Keeps cookies as browsers do, follows redirects when told to, and fills in the provider's forms."""

    def __init__(self, office: str) -> None:
        self._office = office
        self._opener = OpenerDirector()
        self.jar = CookieJar()
        for handler in (HTTPHandler(), HTTPCookieProcessor(self.jar)):
            self._opener.add_handler(handler)

    def open(self, url: str, form: Mapping[str, str] | None = None) -> Page:
        """Ask one address once."""
        request = Request(url, None if form is None else urlencode(form).encode("ascii"))
        with self._opener.open(request, timeout=_ANSWER_SECONDS) as answer:
            location = answer.headers["Location"]
            text = answer.read().decode("utf-8")
            return Page(url, answer.status, location and urljoin(url, location), text)

    def leave(self, next_path: str = "") -> str:
        """Begin at the office, on the way to a page of it; gives the provider's address that it sends to."""
        page = self.open(f"{self._office}{CALLBACK}/start?{urlencode({'next': next_path})}")
        assert page.status == 303, page.text
        assert page.location is not None
        return page.location

    def sign_in_there(self, url: str, login: str) -> str:
        """Sign in and consent at the provider; gives the address at which it sends back, not visited yet."""
        return self._walk(url, login)

    def cancel_there(self, url: str) -> str:
        """Refuse to sign in at the provider; gives the address at which it sends back."""
        return self._walk(url, None)

    def _walk(self, url: str, login: str | None) -> str:
        page = self.open(url)
        for _ in range(_MOST_STEPS):
            if page.location is not None:
                if page.location.startswith(f"{self._office}{CALLBACK}?"):
                    return page.location
                page = self.open(page.location)
                continue
            assert page.status == 200, page.text
            if login is None:
                page = self.open(html.unescape(_found(_CANCEL, page)))
                continue
            prompt = _found(_PROMPT, page)
            fields = {"prompt": prompt} | ({"login": login, "password": "x"} if prompt == "login" else {})
            page = self.open(html.unescape(_found(_FORM, page)), fields)
        raise AssertionError(f"the provider leads nowhere: {page.url}")

    def sign_in(self, login: str) -> Page:
        """The whole way: out, through the provider, and back; gives the office's answer."""
        return self.open(self.sign_in_there(self.leave(), login))

    def who(self) -> str | None:
        """The address of whoever is signed in at the office in this browser."""
        page = self.open(f"{self._office}/me")
        if page.status == 401:
            return None
        assert page.status == 200, page.text
        email: str = json.loads(page.text)["emails"][0]["email"]
        return email


def _found(pattern: re.Pattern[str], page: Page) -> str:
    match = pattern.search(page.text)
    assert match is not None, page.text
    return match[1]


def with_query(url: str, **members: str | None) -> str:
    """An address with these members of its query changed, or left out where None."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | members
    return urlunsplit(parts._replace(query=urlencode({name: text for name, text in query.items() if text is not None})))


def query_of(url: str) -> dict[str, str]:
    """The members of an address's query."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
