"""The checks on revocation and suspension: every entry of the credential is read, and each answer is kept apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sealwright.vc.credentials.form import as_objects
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import StatusListRefused, StatusListUnreadable
from sealwright.vc.status.documents import REVOCATION, SUSPENSION
from sealwright.vc.verification.report import Findings, ReportCode
from sealwright.vc.verification.status_reading import StatusReader, parse_entry

_INFORMATIVE_PURPOSES = frozenset({"message", "refresh"})
_CODES = {REVOCATION: ReportCode.REVOKED, SUSPENSION: ReportCode.SUSPENDED}
_CLEAR = {purpose: f"The status list was read: no {purpose}." for purpose in _CODES}


_MEMBER = "credentialStatus"


def check_status(
    found: Findings,
    document: Mapping[str, JSONValue],
    issuer: str,
    reader: StatusReader,
    may_hide: Collection[str] = frozenset(),
) -> None:
    """Record the checks `revocation` and `suspension` of a verified credential.

    Entries of an unknown type, or with a purpose that nobody here understands, leave the check of revocation open:
    what cannot be read is not "not revoked". So does an entry that the holder may have kept back.
    """
    for _, source in as_objects(document.get(_MEMBER), ""):
        stated = source.get("statusPurpose")
        if isinstance(stated, str) and stated in _INFORMATIVE_PURPOSES:
            continue
        purpose = stated if isinstance(stated, str) and stated in _CODES else REVOCATION
        if not found.is_wanted(purpose):
            continue
        _check_entry(found, source, purpose, issuer, reader)
    for purpose in _CODES:
        if _MEMBER in may_hide:
            found.worsen_to_unchecked(purpose, ReportCode.STATUS_UNREADABLE, "A status entry may have been kept back.")
        elif not found.is_set(purpose):
            found.not_applicable(purpose, f"The credential has no entry for {purpose}.")


def _check_entry(
    found: Findings, source: Mapping[str, JSONValue], purpose: str, issuer: str, reader: StatusReader
) -> None:
    try:
        entry = parse_entry(source)
        if entry is None or entry.purpose != purpose:
            found.worsen_to_unchecked(purpose, ReportCode.STATUS_UNREADABLE, "The status entry is of an unknown kind.")
        elif reader.is_set(entry, issuer):
            found.worsen_to_failed(purpose, _CODES[purpose], f"The status list says {_CODES[purpose].value.lower()}.")
        elif not found.is_set(purpose):
            found.passed(purpose, _CLEAR[purpose])
    except StatusListUnreadable as error:
        found.worsen_to_unchecked(purpose, ReportCode.STATUS_UNREADABLE, error.detail)
    except StatusListRefused as error:
        found.worsen_to_failed(purpose, ReportCode.STATUS_INVALID, error.detail)
