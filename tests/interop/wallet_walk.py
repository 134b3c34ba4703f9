"""Strangers' wallets as peers, and a browser's part in letting one of them ask."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPHandler, OpenerDirector, Request

from tests.interop.peer import Peer, PeerMissing, PeerRefused, start_node
from tests.support import tools

OID4VCI: Final = Path(__file__).parent / "oid4vci"
SPHEREON: Final = Path(__file__).parent / "oid4vci_sphereon"
_SECONDS: Final = 30
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]+)"')
_BACK: Final = re.compile(r'href="([^"]+)"[^>]*>Back to the wallet')


class WalletPeer:
    """A wallet over the OpenID4VC libraries; each `start` is a new one with new keys."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def do(self, command: str, **members: Any) -> Any:
        """One step.

        Raises:
            PeerRefused: The library refused it, or told of the issuer's refusal; `reasons` holds the issuer's codes.
        """
        return self._peer.ask(command, **members)

    def refusal(self, command: str, **members: Any) -> tuple[str, ...]:
        """The issuer's codes for a step that it must refuse."""
        try:
            answer = self._peer.ask(command, **members)
        except PeerRefused as error:
            return error.reasons
        raise AssertionError(f"{command} was not refused: {answer}")


@contextmanager
def wallet_peer(folder: Path = OID4VCI) -> Iterator[WalletPeer]:
    """The peer of a folder for as long as the block runs; a loud skip where it cannot run."""
    try:
        peer = start_node(folder, "wallet.mjs", packages=folder)
    except PeerMissing as error:
        tools.missing(str(error))
    try:
        yield WalletPeer(peer)
    finally:
        peer.stop()


class Browser:
    """Keeps cookies, sends forms as browsers do, follows no redirects."""

    def __init__(self, office: str) -> None:
        self._office = office
        self._opener = OpenerDirector()
        for handler in (HTTPHandler(), HTTPCookieProcessor(CookieJar())):
            self._opener.add_handler(handler)

    def open(self, url: str, form: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and text of an address."""
        headers = {"Origin": self._office, "Sec-Fetch-Site": "same-origin"} if form is not None else {}
        request = Request(url, None if form is None else urlencode(form).encode("ascii"), headers)
        with self._opener.open(request, timeout=_SECONDS) as answer:
            return answer.status, answer.read().decode("utf-8")

    def sign_in(self, url: str) -> None:
        """Take a sign-in link to its end."""
        assert self.open(url)[0] == 200
        assert self.open(url, {})[0] == 303

    def consent(self, url: str, decision: str) -> str:
        """Answer a wallet's request; gives where the link back leads."""
        status, text = self.open(url)
        assert status == 200, text
        fields = dict(re.findall(r'type="hidden" name="(client_id|request_uri)" value="([^"]+)"', text))
        token = _TOKEN.search(text)
        assert token is not None, text
        form = {name: html.unescape(value) for name, value in fields.items()}
        status, text = self.open(
            f"{self._office}/oid4vci/authorize",
            {**form, "decision": decision, "csrf_token": html.unescape(token[1])},
        )
        assert status == 200, text
        back = _BACK.search(text)
        assert back is not None, text
        return html.unescape(back[1])
