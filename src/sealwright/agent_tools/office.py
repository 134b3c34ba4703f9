"""The office as an agent's tools see it: HTTP with the agent's key, and refusals as a code and a sentence."""

from __future__ import annotations

import ipaddress
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from sealwright.adapters.outbound import Allowance, Answer, FetchRefused, GuardedOutbound, parse_target
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.errors import VcError

# As long as the office takes at most for one call, and a little for the way.
DEADLINE_SECONDS: Final = 35.0
_MOST_BYTES: Final = 4 << 20
Members = dict[str, Any]


class OfficeRefused(Exception):
    """The office refused a call, or did not answer it.

    Args:
        code: The stable code of the refusal; UNAVAILABLE where there was no answer.
        detail: A sentence for whoever reads it.
        faults: ``pointer``, ``code`` and ``detail`` of each member that was refused.
        retryable: The same call may succeed later.
    """

    def __init__(
        self, code: str, detail: str, *, faults: Sequence[Mapping[str, str]] = (), retryable: bool = False
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.faults = tuple(faults)
        self.retryable = retryable

    def __str__(self) -> str:
        # What the refusal as a whole says is not repeated for its place.
        told = ((one.get("pointer") or "", str(one.get("detail") or "").removesuffix(".")) for one in self.faults)
        whole = self.detail.removesuffix(".")
        places = [" ".join(filter(None, (where, "" if what == whole else what))) for where, what in told]
        return f"{self.code}: {self.detail}" + (f" ({'; '.join(filter(None, places))})" if any(places) else "")


class AddressRefused(Exception):
    """No address of an office to which a key may be sent."""


class AgentOffice:
    """One office, asked as one agent.

    Args:
        url: Where the office is: https, or http on one's own machine, without a path.
        key: The API key that is bound to the agent's DID.
        outbound: What goes over the network; by default it reaches this office, wherever it stands, and nothing else.

    Raises:
        AddressRefused: The address is another one: over plain http whoever listens would learn the key.
    """

    def __init__(self, url: str, key: str, outbound: GuardedOutbound | None = None) -> None:
        self._url = url.rstrip("/")
        self._key = key
        try:
            target = parse_target(self._url)
        except FetchRefused:
            raise AddressRefused("is no address") from None
        if target.target != "/" or not (target.is_secure or _is_own_machine(target.host)):
            raise AddressRefused("has a path, or is neither https nor on this machine")
        allowed = Allowance(hosts=frozenset({target.host}))
        self._outbound = outbound or GuardedOutbound(allowed, deadline_seconds=DEADLINE_SECONDS)
        self._lock = threading.Lock()
        self._did: str | None = None

    @property
    def did(self) -> str:
        """The agent's DID, as the office knows it by the key; asked once.

        Raises:
            OfficeRefused: NOT_AN_AGENT where the key is not that of one agent; else as `get`.
        """
        with self._lock:
            if self._did is None:
                listed = self.get("/api/v1/agents", limit="2").get("data")
                if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0].get("did"), str):
                    raise OfficeRefused("NOT_AN_AGENT", "This key is not bound to the DID of one agent.")
                self._did = listed[0]["did"]
            return self._did

    @property
    def path(self) -> str:
        """Where the agent itself is found at the office."""
        return f"/api/v1/agents/{quote(self.did, safe=':')}"

    def get(self, path: str, **query: str) -> Members:
        """Read something. Blocking.

        Raises:
            OfficeRefused: The office said no, or nothing.
        """
        asked = f"{path}?{urlencode(query)}" if query else path
        return self._answer(lambda: self._outbound.get(self._url + asked, self._headers(), max_bytes=_MOST_BYTES))

    def post(self, path: str, body: Mapping[str, JSONValue], *, once: bool = False) -> Members:
        """Have something done. Blocking.

        Args:
            once: For acts that must not happen twice: one whose answer was lost is asked for again under the same key.

        Raises:
            OfficeRefused: The office said no, or nothing.
        """
        headers = {**self._headers(), "Content-Type": "application/json", "Sealwright-Via": "tools"}
        content = dump_json(dict(body))

        def post() -> Answer:
            return self._outbound.post(self._url + path, content, headers, max_bytes=_MOST_BYTES)

        if not once:
            return self._answer(post)
        headers["Idempotency-Key"] = str(uuid.uuid4())
        try:
            return self._answer(post)
        except OfficeRefused as error:
            if error.code != "UNAVAILABLE":
                raise
        return self._answer(post)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def _answer(self, ask: Callable[[], Answer]) -> Members:
        try:
            answer = ask()
        except FetchRefused as error:
            detail = "The office cannot be reached now."
            raise OfficeRefused("UNAVAILABLE", detail, retryable=True) from error
        try:
            members = parse_json(answer.body)
        except VcError as error:
            detail = f"What answered with status {answer.status} is not an office."
            raise OfficeRefused("UNAVAILABLE", detail) from error
        if not isinstance(members, dict):
            raise OfficeRefused("UNAVAILABLE", f"What answered with status {answer.status} is not an office.")
        if 200 <= answer.status < 300:
            return members
        raise _refusal(members, answer.status)


def _is_own_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refusal(members: Members, status: int) -> OfficeRefused:
    code, detail, faults = members.get("code"), members.get("detail"), members.get("errors")
    if not isinstance(code, str) or not isinstance(detail, str):
        return OfficeRefused("UNAVAILABLE", f"What answered with status {status} is not an office.")
    listed = [fault for fault in faults if isinstance(fault, dict)] if isinstance(faults, list) else []
    return OfficeRefused(code, detail, faults=listed, retryable=members.get("retryable") is True)
