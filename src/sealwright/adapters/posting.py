"""The guarded way out for messages of ours: webhooks and DIDComm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.adapters.outbound import FetchRefused, GuardedOutbound
from sealwright.domain.delivery_errors import UrlNotAllowed
from sealwright.services.delivery_ports import NotSent, Posted

_MOST_BYTES: Final = 65_536
# What the guard found before a connection was opened; everything else is the other side's.
_OF_THE_ADDRESS: Final = frozenset({"url", "name", "address", "scheme"})


class GuardedPoster:
    """Posts through the guard of outbound calls; its errors in the words of the dispatcher."""

    def __init__(self, outbound: GuardedOutbound) -> None:
        self._outbound = outbound

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Post to an address, which is judged at this very moment.

        Raises:
            NotSent: Nothing was answered.
        """
        try:
            answer = self._outbound.post(url, body, headers, max_bytes=_MOST_BYTES)
        except FetchRefused as refused:
            raise NotSent(_reason(refused.reason)) from refused
        return Posted(answer.status, answer.body, answer.retry_after)

    def judge(self, url: str) -> None:
        """Judge an address when it is registered.

        Raises:
            UrlNotAllowed: We do not go there; it is not told why, for that would let strangers map our network.
        """
        try:
            self._outbound.judge(url)
        except FetchRefused as refused:
            raise UrlNotAllowed("The guard of outbound calls does not let us reach this address.") from refused


def _reason(code: str) -> str:
    if code in _OF_THE_ADDRESS:
        return "address"
    return "timeout" if code == "deadline" else "refused"
