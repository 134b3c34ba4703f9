"""Others' status lists, fetched through the guarded way out."""

from __future__ import annotations

from typing import Final

from sealwright.adapters.outbound import FetchRefused
from sealwright.services.ports import Outbound
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import StatusListUnreadable, VcError

_ACCEPT: Final = "application/vc, application/vc+ld+json, application/ld+json, application/json"
_ACCEPT_TOKEN: Final = "application/statuslist+jwt"  # noqa: S105 - a media type
_MOST_BYTES: Final = 1_048_576
_NOT_FETCHED: Final = "The status list could not be fetched."


class GuardedStatusSource:
    """Fetches status list credentials, where the operator switched that on; keeps none.

    Args:
        outbound: The way out.
        enabled: False refuses every fetch.
    """

    def __init__(self, outbound: Outbound, *, enabled: bool) -> None:
        self._outbound = outbound
        self._enabled = enabled

    def fetch(self, url: str) -> dict[str, JSONValue]:
        """Get a status list credential as strict JSON; nothing of it is believed yet.

        Raises:
            StatusListUnreadable: Switched off, not reachable, or no JSON object; never "not revoked".
        """
        try:
            value = parse_json(self._fetch(url, _ACCEPT))
        except VcError as error:
            raise StatusListUnreadable(_NOT_FETCHED) from error
        if not isinstance(value, dict):
            raise StatusListUnreadable(_NOT_FETCHED)
        return value

    def fetch_token(self, url: str) -> str:
        """Get a status list token; nothing of it is believed yet.

        Raises:
            StatusListUnreadable: Switched off, not reachable, or no ASCII text; never "not revoked".
        """
        try:
            return self._fetch(url, _ACCEPT_TOKEN).decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise StatusListUnreadable(_NOT_FETCHED) from error

    def _fetch(self, url: str, accept: str) -> bytes:
        if not self._enabled:
            raise StatusListUnreadable("Status lists of others are not fetched by this office.")
        try:
            return self._outbound.fetch(url, accept=accept, max_bytes=_MOST_BYTES)
        except FetchRefused as error:
            raise StatusListUnreadable(_NOT_FETCHED) from error
