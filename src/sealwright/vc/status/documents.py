"""Status list documents and the entries that point into them, unsigned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import StatusListInvalid
from sealwright.vc.status.bitstring import (
    MIN_LIST_BITS,
    encode_bitstring_status_list,
    encode_status_list_2021,
)

STATUS_LIST_2021_CONTEXT: Final = "https://w3id.org/vc/status-list/2021/v1"
REVOCATION: Final = "revocation"
SUSPENSION: Final = "suspension"


class StatusListKind(Enum):
    """The two kinds of status list that are credentials, by the type of their credential."""

    STATUS_LIST_2021 = "StatusList2021Credential"
    BITSTRING = "BitstringStatusListCredential"

    @property
    def entry_type(self) -> str:
        """The type of a `credentialStatus` entry that points into such a list."""
        return "StatusList2021Entry" if self is StatusListKind.STATUS_LIST_2021 else "BitstringStatusListEntry"

    @property
    def subject_type(self) -> str:
        """The type of the list's own subject."""
        return "StatusList2021" if self is StatusListKind.STATUS_LIST_2021 else "BitstringStatusList"


@dataclass(frozen=True, slots=True)
class StatusListParts:
    """What a status list credential is made of.

    Args:
        url: Where the list is served; its id.
        issuer: The DID that issues the credentials it speaks about.
        purpose: ``revocation`` or ``suspension``; a list serves one.
        bitstring: Expanded bits, 131,072 or more.
        valid_from: Aware, whole seconds.
        valid_until: When a cached copy stops counting.
    """

    url: str
    issuer: str
    purpose: str
    bitstring: bytes
    valid_from: datetime
    valid_until: datetime

    def __post_init__(self) -> None:
        if 8 * len(self.bitstring) < MIN_LIST_BITS:
            raise StatusListInvalid("A status list has at least 131,072 entries.")
        if self.valid_until <= self.valid_from:
            raise StatusListInvalid("A status list must end after it begins.")


def build_status_list_credential(kind: StatusListKind, parts: StatusListParts) -> dict[str, JSONValue]:
    """The unsigned status list credential: Data Model 1.1 for StatusList2021, 2.0 for the bitstring list.

    Spec: Status List 2021, "StatusList2021Credential"; Bitstring Status List 1.0, "BitstringStatusListCredential".
    """
    is_2021 = kind is StatusListKind.STATUS_LIST_2021
    encode = encode_status_list_2021 if is_2021 else encode_bitstring_status_list
    contexts: list[JSONValue] = (
        ["https://www.w3.org/2018/credentials/v1", STATUS_LIST_2021_CONTEXT]
        if is_2021
        else ["https://www.w3.org/ns/credentials/v2"]
    )
    return {
        "@context": contexts,
        "id": parts.url,
        "type": ["VerifiableCredential", kind.value],
        "issuer": parts.issuer,
        "issuanceDate" if is_2021 else "validFrom": format_timestamp(parts.valid_from),
        "expirationDate" if is_2021 else "validUntil": format_timestamp(parts.valid_until),
        "credentialSubject": {
            # The subject is the list, the credential is the statement about it: two things, so two ids.
            "id": f"{parts.url}#list",
            "type": kind.subject_type,
            "statusPurpose": parts.purpose,
            "encodedList": encode(parts.bitstring),
        },
    }


def status_entry(kind: StatusListKind, *, purpose: str, list_url: str, index: int) -> dict[str, JSONValue]:
    """One `credentialStatus` entry; the index is decimal text in both kinds."""
    return {
        "id": f"{list_url}#{index}",
        "type": kind.entry_type,
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": list_url,
    }


def status_entries(
    kind: StatusListKind, *, list_urls: Mapping[str, str], index: int
) -> tuple[dict[str, JSONValue], ...]:
    """The entries of one credential, one per purpose, sharing one index.

    Args:
        kind: Which kind of list the entries point into.
        list_urls: Purpose → address of the list that serves it, in the order in which they shall stand.
        index: 0-based place in every one of them.
    """
    return tuple(status_entry(kind, purpose=purpose, list_url=url, index=index) for purpose, url in list_urls.items())


def as_member(entries: Sequence[dict[str, JSONValue]]) -> JSONValue:
    """Entries as the member `credentialStatus` carries them: one as an object, several as an array."""
    if len(entries) == 1:
        return entries[0]
    several: list[JSONValue] = list(entries)
    return several
