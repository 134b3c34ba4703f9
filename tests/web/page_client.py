"""A browser without a window: cookies, forms and their tokens, and what a page says, as text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sealwright.domain.people import AccountRole
from sealwright.domain.sign_in import SignInMethod
from tests.support.office import add_person
from tests.web.conftest import Served

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_TAGS = re.compile(r"<(?:script|template)\b.*?</(?:script|template)>|<[^>]+>", re.DOTALL)


@dataclass
class PageVisitor:
    """Somebody who looks at pages.

    Args:
        cookies: By name; what answers set is kept.
    """

    served: Served
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *, headers: Iterable[tuple[str, str]] = ()) -> Any:
        """Ask for a page."""
        return self._call("GET", path, None, headers)

    def post(
        self,
        path: str,
        fields: Mapping[str, str | Sequence[str]] | None = None,
        *,
        token: str | None = None,
        headers: Iterable[tuple[str, str]] = (("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin")),
    ) -> Any:
        """Send a form; the token is read from a page of the office where none is given."""
        pairs = dict(fields or {})
        if token is None and "sealwright" in self.cookies:
            token = self.form_token()
        if token:
            pairs["csrf_token"] = token
        raw = urlencode(pairs, doseq=True).encode("ascii")
        return self._call("POST", path, raw, headers)

    def send(
        self,
        path: str,
        fields: Iterable[tuple[str, str]],
        files: Iterable[tuple[str, str, bytes]] = (),
    ) -> Any:
        """Send a form with files (field, name, content), as browsers do."""
        edge = "----edge"
        parts = [("csrf_token", self.form_token()), *fields]
        raw = b"".join(
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in parts
        )
        for name, file, content in files:
            head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'
            raw += head.encode() + content + b"\r\n"
        headers = (("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin"))
        kind = f"multipart/form-data; boundary={edge}"
        return self._call("POST", path, raw + f"--{edge}--\r\n".encode(), headers, kind)

    def form_token(self, path: str = "/settings") -> str:
        """The token that a page's forms carry."""
        found = _TOKEN.search(self.get(path).body.decode("utf-8"))
        assert found is not None, f"{path} has no form token"
        return html.unescape(found[1])

    def _call(
        self,
        method: str,
        path: str,
        raw: bytes | None,
        headers: Iterable[tuple[str, str]],
        kind: str = "application/x-www-form-urlencoded",
    ) -> Any:
        sent = list(headers)
        if self.cookies:
            sent.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        answer = self.served.client.call(method, path, raw=raw, headers=sent, content_type=kind)
        for line in (answer.headers.get("set-cookie") or "").split("\n"):
            name, _, rest = line.partition("=")
            if name:
                self.cookies[name] = rest.partition(";")[0]
        return answer


def sign_in(served: Served, name: str, *roles: AccountRole) -> PageVisitor:
    """Make an account and a session for it."""
    user_id = add_person(served.office, name, *roles)
    person = served.office.people.get(user_id)
    with served.office.units() as uow:
        signed_in = served.office.sessions.start(uow, person, SignInMethod.PASSWORD, label="Tests")
        uow.commit()
    return PageVisitor(served, {"sealwright": signed_in.cookie})


def text_of(answer: Any) -> str:
    """What a page says, without its markup."""
    return " ".join(html.unescape(_TAGS.sub(" ", answer.body.decode("utf-8"))).split())
