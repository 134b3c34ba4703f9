"""Others' status lists, fetched through the guarded way out."""

from __future__ import annotations

from typing import Final

from sealwright.adapters.outbound import FetchRefused
from sealwright.services.ports import Outbound
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import StatusListUnreadable, VcError

_ACCEPT: Final = "application/vc, application/vc+ld+json, application/ld+json, application/json"
_MOST_BYTES: Final = 1_048_576


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
        if not self._enabled:
            raise StatusListUnreadable("Status lists of others are not fetched by this office.")
        try:
            value = parse_json(self._outbound.fetch(url, accept=_ACCEPT, max_bytes=_MOST_BYTES))
        except (FetchRefused, VcError) as error:
            raise StatusListUnreadable("The status list could not be fetched.") from error
        if not isinstance(value, dict):
            raise StatusListUnreadable("The status list could not be fetched.")
        return value
