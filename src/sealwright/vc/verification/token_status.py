"""Reading one entry of a Token Status List, after the list was verified as strictly as the credential.

Spec: Token Status List, "Status List Token", "Validation Rules".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, cast

from sealwright.vc.credentials.form import is_url
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import (
    DIDUnresolvable,
    InvalidDID,
    StatusListInvalid,
    StatusListRefused,
    StatusListUnreadable,
    VcError,
)
from sealwright.vc.proofs.compact import JWT_ALGORITHMS, CompactToken, open_compact
from sealwright.vc.proofs.token_keys import verify_with_method
from sealwright.vc.proofs.verifying import MAX_SKEW, check_control
from sealwright.vc.status.documents import REVOCATION, SUSPENSION
from sealwright.vc.status.token_list import (
    REVOKED,
    SUSPENDED,
    VALID,
    TokenBits,
    decode_token_list,
    read_token_status,
)
from sealwright.vc.verification.report import Findings, ReportCode

LIST_TYPE: Final = "statuslist+jwt"
_SIZES: Final = frozenset({1, 2, 4, 8})


class TokenSource(Protocol):
    """Gives status list tokens by address."""

    def fetch_token(self, url: str) -> str:
        """The token at `url`, not judged yet.

        Raises:
            StatusListUnreadable: It could not be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class TokenStatusReader:
    """Reads entries of one issuer's credentials.

    Args:
        source: Where lists come from.
        resolver: Finds the documents of DIDs.
        now: Aware UTC.
    """

    source: TokenSource
    resolver: DIDResolver
    now: datetime

    def read(self, uri: str, index: int, issuer: str) -> int:
        """The status at an index, as the list gives it.

        Args:
            issuer: The credential's issuer, a DID; the list must be of the same.

        Raises:
            StatusListInvalid: The list does not hold.
            StatusIndexOutOfRange: The entry lies outside the list.
            StatusListUnreadable: The list could not be had or not be checked now.
        """
        payload = self._verified(self.source.fetch_token(uri), uri, issuer)
        held = payload.get("status_list")
        bits = held.get("bits") if isinstance(held, dict) else None
        text = held.get("lst") if isinstance(held, dict) else None
        if isinstance(bits, bool) or not isinstance(bits, int) or bits not in _SIZES or not isinstance(text, str):
            raise StatusListInvalid("The status list token holds no list that is understood here.")
        return read_token_status(decode_token_list(text), index, bits=cast("TokenBits", bits))

    def _verified(self, text: str, uri: str, issuer: str) -> Mapping[str, JSONValue]:
        try:
            token = open_compact(text)
            address = _key_address(token, issuer)
            proven = verify_with_method(
                token, address, resolver=self.resolver, accepted=JWT_ALGORITHMS, purpose="assertionMethod"
            )
            check_control(proven, issuer)
        except DIDUnresolvable as error:
            raise StatusListUnreadable("The status list's issuer could not be resolved now.") from error
        except StatusListRefused:
            raise
        except VcError as error:
            raise StatusListInvalid("The status list token does not verify.") from error
        if token.kind != LIST_TYPE or token.payload.get("sub") != uri:
            raise StatusListInvalid("The token is no status list, or that of another address.")
        self._check_dates(token.payload)
        return token.payload

    def _check_dates(self, payload: Mapping[str, JSONValue]) -> None:
        made, end = payload.get("iat"), payload.get("exp")
        if isinstance(made, bool) or not isinstance(made, int | float):
            raise StatusListInvalid("The status list token does not say when it was made.")
        if made > (self.now + MAX_SKEW).timestamp():
            raise StatusListInvalid("The status list token was made in the future.")
        if end is None:
            return
        if isinstance(end, bool) or not isinstance(end, int | float) or end < (self.now - MAX_SKEW).timestamp():
            raise StatusListInvalid("The status list token has expired.")


def _key_address(token: CompactToken, issuer: str) -> str:
    kid = token.header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise StatusListInvalid("The status list token names no key.")
    if not kid.startswith("did:"):
        return f"{issuer}#{kid.removeprefix('#')}"
    if kid.partition("#")[0] != issuer:
        raise StatusListInvalid("The status list is not of the credential's issuer.")
    return kid


def check_token_status(found: Findings, status: JSONValue, issuer: str, reader: TokenStatusReader) -> None:
    """Record the checks `revocation` and `suspension` of a verified token's member `status`; None is no entry."""
    if status is None:
        for purpose in (REVOCATION, SUSPENSION):
            found.not_applicable(purpose, f"The credential has no entry for {purpose}.")
        return
    entry = status.get("status_list") if isinstance(status, dict) else None
    if not isinstance(entry, dict):
        _both(found, "unchecked", ReportCode.STATUS_UNREADABLE, "The status entry is of an unknown kind.")
        return
    uri, index = entry.get("uri"), entry.get("idx")
    if not is_url(uri) or not isinstance(uri, str) or isinstance(index, bool) or not isinstance(index, int):
        _both(found, "failed", ReportCode.STATUS_INVALID, "The status entry names no list or no place in it.")
        return
    try:
        value = reader.read(uri, index, issuer)
    except StatusListUnreadable as error:
        _both(found, "unchecked", ReportCode.STATUS_UNREADABLE, error.detail)
    except (StatusListRefused, InvalidDID) as error:
        _both(found, "failed", ReportCode.STATUS_INVALID, error.detail)
    else:
        _record(found, value)


def _record(found: Findings, value: int) -> None:
    if value not in (VALID, REVOKED, SUSPENDED):
        _both(found, "unchecked", ReportCode.STATUS_UNREADABLE, "The status list says what is not understood here.")
        return
    for purpose, bad, code in (
        (REVOCATION, REVOKED, ReportCode.REVOKED),
        (SUSPENSION, SUSPENDED, ReportCode.SUSPENDED),
    ):
        if value == bad:
            found.failed(purpose, code, f"The status list says {code.value.lower()}.")
        else:
            found.passed(purpose, f"The status list was read: no {purpose}.")


def _both(found: Findings, how: str, code: ReportCode, detail: str) -> None:
    record = found.unchecked if how == "unchecked" else found.failed
    for purpose in (REVOCATION, SUSPENSION):
        record(purpose, code, detail)
