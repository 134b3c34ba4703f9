"""The office that keeps the delegations, as a resource server knows it: what it publishes, and what it may be asked.

Nothing else is fetched from anywhere: a token's chain names addresses, and only those of this office are followed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Generic, Protocol, TypeVar
from urllib.parse import quote

from sealwright.adapters.outbound import Allowance, Answer, FetchRefused, GuardedOutbound, parse_target
from sealwright.vc.dids.document import parse_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.errors import DIDNotFound, DIDUnresolvable, StatusListUnreadable, VcError

STATUS_AGE: Final = timedelta(seconds=30)
DID_AGE: Final = timedelta(minutes=1)
_UNKNOWN_SECONDS: Final = 5.0
_MOST_BYTES: Final = 1_048_576
_MOST_KEPT: Final = 1_024
_SCHEMA: Final = "agent-delegation"

T = TypeVar("T")


class Outbound(Protocol):
    """The way out."""

    def get(self, url: str, headers: Mapping[str, str], *, max_bytes: int) -> Answer: ...
    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, max_bytes: int) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the office said about an act.

    Args:
        code: Why it is refused; None where it is allowed.
    """

    allowed: bool
    code: str | None
    detail: str
    call_id: str | None
    remaining: Mapping[str, JSONValue] | None


class OfficeUnavailable(Exception):
    """The office could not be asked, or did not answer as it should: nobody can tell what it would say."""


@dataclass(slots=True)
class _Kept(Generic[T]):
    """Values that were fetched, each for a while; the oldest goes first where there are too many."""

    age_seconds: float
    most: int = _MOST_KEPT
    _values: dict[str, tuple[float, T]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str, now: float) -> T | None:
        known = self._values.get(name)
        return known[1] if known is not None and now - known[0] < self.age_seconds else None

    def put(self, name: str, value: T, now: float) -> T:
        with self._lock:
            self._values.pop(name, None)
            if len(self._values) >= self.most:
                del self._values[next(iter(self._values))]
            self._values[name] = (now, value)
        return value


class Office:
    """One office: DID documents, status lists and the context of delegations, remembered for a short while.

    Args:
        url: Its public address, without a slash at the end. Plain http is spoken with the machine itself only.
        api_key: To have acts counted against budgets with (`Verifier(authorize=True)`); a key of the office's own,
            or of an approved issuer or admin.
        status_age: How long a status list is taken for the present one: so long may a revoked delegation still pass
            a server that does not ask the office about each act.
        did_age: The same for DID documents.
        outbound: The way out, for tests.
        monotonic: Seconds that only grow.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        status_age: timedelta = STATUS_AGE,
        did_age: timedelta = DID_AGE,
        outbound: Outbound | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError for an address that is no https (or loopback http) address of an office."""
        self.url = url.rstrip("/")
        self._api_key = api_key
        self._outbound = outbound if outbound is not None else GuardedOutbound(_allowance(self.url))
        self._monotonic = monotonic
        self._dids: _Kept[ResolvedDID] = _Kept(did_age.total_seconds())
        # What is not known now may be made in a moment, but not everybody who asks for it is worth a call.
        self._unknown: _Kept[str] = _Kept(min(did_age.total_seconds(), _UNKNOWN_SECONDS))
        self._lists: _Kept[Mapping[str, JSONValue]] = _Kept(status_age.total_seconds(), 64)

    @property
    def can_authorize(self) -> bool:
        """Whether it was given a key to ask with."""
        return self._api_key is not None

    def resolve(self, did: str) -> ResolvedDID:
        """What a DID stands for, as the office says.

        Raises:
            InvalidDID: No DID.
            DIDNotFound: The office does not know it.
            DIDUnresolvable: The office does not answer.
        """
        now = self._monotonic()
        known = self._dids.get(did, now)
        if known is not None:
            return known
        why = self._unknown.get(did, now)
        if why is not None:
            raise DIDNotFound(why)
        parse_did(did)
        try:
            return self._dids.put(did, self._resolved(did), now)
        except DIDNotFound as error:
            self._unknown.put(did, error.detail, now)
            raise

    def fetch(self, url: str) -> Mapping[str, JSONValue]:
        """A status list of the office; no other address is asked.

        Raises:
            StatusListUnreadable: It could not be had.
        """
        now = self._monotonic()
        known = self._lists.get(url, now)
        if known is not None:
            return known
        if not url.startswith(f"{self.url}/status/"):
            raise StatusListUnreadable("The status list is not one of the office's.")
        try:
            found = _object(self._get(url, 200))
        except OfficeUnavailable as error:
            raise StatusListUnreadable("The status list could not be fetched.") from error
        return self._lists.put(url, found, now)

    def context(self, url: str) -> bytes | None:
        """The bytes of a context of the office's delegations; None for every other address, and if it is not to be had.

        Whoever pins them keeps them for good, so they are fetched once.
        """
        if not url.startswith(f"{self.url}/contexts/{_SCHEMA}/"):
            return None
        try:
            return self._get(url, 200).body
        except OfficeUnavailable:
            return None

    def authorize(
        self,
        *,
        agent: str,
        action: str,
        context: Mapping[str, JSONValue],
        credential_id: str,
        approval: str | None,
        once: str,
    ) -> Ruling:
        """Ask the office whether an act is allowed now, and have it counted against every budget of its chain.

        Args:
            credential_id: The delegation at the end of the chain.
            approval: Of a person, used up with the act.
            once: Names this one act: asked again under the same name, the office answers the same and counts nothing.

        Raises:
            OfficeUnavailable: It gave no ruling. Whether it counted the act is not known then.
        """
        question: dict[str, JSONValue] = {
            "agentDid": agent,
            "action": action,
            "context": dict(context),
            "credentialId": credential_id,
            "record": True,
        }
        if approval is not None:
            question["approvalId"] = approval
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": once,
        }
        try:
            answer = self._asked(dump_json(question), headers)
        except FetchRefused:
            # The act may have been counted and the answer lost: under the same key, asking again tells.
            try:
                answer = self._asked(dump_json(question), headers)
            except FetchRefused as error:
                raise OfficeUnavailable from error
        if answer.status != 200:
            raise OfficeUnavailable
        return _ruling(_object(answer))

    def _asked(self, question: bytes, headers: Mapping[str, str]) -> Answer:
        address = f"{self.url}/api/v1/delegations/authorize"
        return self._outbound.post(address, question, headers, max_bytes=_MOST_BYTES)

    def _resolved(self, did: str) -> ResolvedDID:
        """Fetch a resolution result; raises as `resolve`."""
        try:
            answer = self._get(f"{self.url}/1.0/identifiers/{quote(did, safe=':')}", 200, 404, 410, 501)
            source = _object(answer).get("didDocument")
            if answer.status != 200 or not isinstance(source, dict):
                raise DIDNotFound("The DID is ended." if answer.status == 410 else "The office does not know this DID.")
            document = parse_did_document(source)
        except DIDNotFound:
            raise
        except (OfficeUnavailable, VcError) as error:
            raise DIDUnresolvable("The DID could not be looked up now.") from error
        if document.id != did:
            raise DIDNotFound("The office knows this DID under another name.")
        return ResolvedDID(document)

    def _get(self, url: str, *statuses: int) -> Answer:
        try:
            answer = self._outbound.get(url, {}, max_bytes=_MOST_BYTES)
        except FetchRefused as error:
            raise OfficeUnavailable from error
        if answer.status not in statuses:
            raise OfficeUnavailable
        return answer


def _allowance(url: str) -> Allowance:
    try:
        target = parse_target(url)
    except FetchRefused:
        raise ValueError("An office's address is an https address without query.") from None
    if not target.is_secure and target.host not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("Plain http is spoken with the machine itself only.")
    # The operator of the server has named this one host; every other private address stays closed.
    return Allowance(hosts=frozenset({target.host}))


def _object(answer: Answer) -> dict[str, JSONValue]:
    try:
        value = parse_json(answer.body)
    except VcError as error:
        raise OfficeUnavailable from error
    if not isinstance(value, dict):
        raise OfficeUnavailable
    return value


def _ruling(said: Mapping[str, JSONValue]) -> Ruling:
    allowed, reasons, remaining, call_id = (said.get(name) for name in ("allowed", "reasons", "remaining", "callId"))
    if not isinstance(allowed, bool):
        raise OfficeUnavailable
    first = reasons[0] if isinstance(reasons, list) and reasons else {}
    code, detail = (first.get(name) for name in ("code", "detail")) if isinstance(first, dict) else (None, None)
    if not allowed and not isinstance(code, str):
        raise OfficeUnavailable
    return Ruling(
        allowed=allowed,
        code=None if allowed else str(code),
        detail=detail if isinstance(detail, str) else "The office refuses it.",
        call_id=call_id if isinstance(call_id, str) else None,
        remaining=remaining if isinstance(remaining, dict) else None,
    )
