"""The form of a credential's single members: subjects, dates, typed objects, texts and related resources."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sealwright.vc.credentials.form import MISSING, Findings, is_url
from sealwright.vc.credentials.model import DataModel
from sealwright.vc.encoding.multibase import multibase_decode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import InvalidDate, InvalidEncoding

PinnedContent = Callable[[str], bytes | None]

# A dictionary first: nearly everything is one, and to ask for any mapping takes ten times as long.
_OBJECT: Final = (dict, Mapping)
_LIST_OR_OBJECT: Final = (list, dict, Mapping)

STARTS: Final = ("issuanceDate", "validFrom")
ENDS: Final = ("expirationDate", "validUntil")
_DATE_MEMBERS: Final = ("issuanceDate", "expirationDate", "validFrom", "validUntil")
_LANGUAGE_VALUE_MEMBERS: Final = frozenset({"@value", "@language", "@direction"})
_SRI_HASHES: Final = ("sha256", "sha384", "sha512")
# Multihash prefixes: SHA-256 and SHA-384, each with the length of its digest.
_MULTIHASHES: Final[Mapping[bytes, str]] = {b"\x12\x20": "sha256", b"\x20\x30": "sha384", b"\x13\x40": "sha512"}


def check_subjects(document: Mapping[str, JSONValue], found: Findings) -> None:
    """Check `credentialSubject`: an object that says something, or a non-empty array of such."""
    value = document.get("credentialSubject", MISSING)
    if value is MISSING:
        found.add("/credentialSubject", "MISSING_FIELD", "credentialSubject is missing.")
        return
    if not isinstance(value, _LIST_OR_OBJECT):
        found.add("/credentialSubject", "INVALID_TYPE", "credentialSubject must be an object or an array of objects.")
        return
    if not value:
        found.add("/credentialSubject", "INVALID_VALUE", "credentialSubject says nothing.")
        return
    several = isinstance(value, list)
    for index, subject in enumerate(value if isinstance(value, list) else [value]):
        pointer = f"/credentialSubject/{index}" if several else "/credentialSubject"
        if not isinstance(subject, _OBJECT):
            found.add(pointer, "INVALID_TYPE", "A subject must be an object.")
        elif not subject:
            found.add(pointer, "INVALID_VALUE", "A subject says nothing.")
        else:
            _check_id(subject, pointer, found)


def check_dates(document: Mapping[str, JSONValue], model: DataModel, found: Findings) -> None:
    """Check every date that is there, in either model's spelling, and that no validity ends before it begins."""
    moments: dict[str, datetime] = {}
    for member in _DATE_MEMBERS:
        value = document.get(member, MISSING)
        if value is MISSING:
            continue
        if not isinstance(value, str):
            found.add(f"/{member}", "INVALID_TYPE", f"{member} must be text.")
            continue
        try:
            moments[member] = parse_xsd_datetime_stamp(value)
        except InvalidDate:
            found.add(f"/{member}", "INVALID_DATE", f"{member} must be a date-time with a zone.")
    if model is DataModel.V1_1 and "issuanceDate" not in document:
        found.add("/issuanceDate", "MISSING_FIELD", "issuanceDate is missing.")
    starts = [moments[member] for member in STARTS if member in moments]
    for member in ENDS:
        if member in moments and starts and moments[member] < max(starts):
            found.add(f"/{member}", "INVALID_VALUE", f"{member} lies before the beginning of validity.")


def check_typed_members(document: Mapping[str, JSONValue], members: tuple[str, ...], found: Findings) -> None:
    """Check members that hold one object or an array of objects, each of which must state its type."""
    for member in members:
        value = document.get(member, MISSING)
        if value is MISSING:
            continue
        pointer = f"/{member}"
        if isinstance(value, _OBJECT):
            _check_typed(member, value, pointer, found)
        elif not isinstance(value, list) or not value:
            found.add(pointer, "INVALID_TYPE", f"{member} must be an object or a non-empty array of objects.")
        else:
            for index, entry in enumerate(value):
                if isinstance(entry, _OBJECT):
                    _check_typed(member, entry, f"{pointer}/{index}", found)
                else:
                    found.add(f"{pointer}/{index}", "INVALID_TYPE", f"{member} must hold objects.")


def check_texts(document: Mapping[str, JSONValue], pointer: str, found: Findings) -> None:
    """Check `name` and `description`: text, or language values with nothing beside value, language and direction.

    Spec: Verifiable Credentials Data Model 2.0, "Names and Descriptions", "Language and Base Direction".
    """
    for member in ("name", "description"):
        value = document.get(member, MISSING)
        if value is MISSING or isinstance(value, str):
            continue
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if not isinstance(entry, Mapping) or not isinstance(entry.get("@value"), str):
                found.add(f"{pointer}/{member}", "INVALID_TYPE", f"{member} must be text or language values.")
            elif not entry.keys() <= _LANGUAGE_VALUE_MEMBERS:
                found.add(f"{pointer}/{member}", "UNKNOWN_FIELD", f"A language value of {member} has another member.")


def check_related_resources(document: Mapping[str, JSONValue], found: Findings, pinned: PinnedContent | None) -> None:
    """Check `relatedResource`: objects with unique URL ids, each with a digest that fits what we hold of it.

    Spec: Verifiable Credentials Data Model 2.0, "Integrity of Related Resources".
    """
    value = document.get("relatedResource", MISSING)
    if value is MISSING:
        return
    seen: set[str] = set()
    for index, entry in enumerate(value if isinstance(value, list) else [value]):
        pointer = f"/relatedResource/{index}" if isinstance(value, list) else "/relatedResource"
        if not isinstance(entry, Mapping):
            found.add(pointer, "INVALID_TYPE", "A related resource must be an object.")
            continue
        address = entry.get("id")
        if not isinstance(address, str) or not is_url(address):
            found.add(f"{pointer}/id", "INVALID_VALUE", "A related resource needs a URL as id.")
            continue
        if address in seen:
            found.add(f"{pointer}/id", "INVALID_VALUE", "A related resource is named twice.")
        seen.add(address)
        _check_digests(entry, address, pointer, found, pinned)


def _check_typed(member: str, value: Mapping[str, JSONValue], pointer: str, found: Findings) -> None:
    types = value.get("type", MISSING)
    if types is MISSING:
        found.add(f"{pointer}/type", "MISSING_FIELD", f"{member} has no type.")
    elif not _is_type(types):
        found.add(f"{pointer}/type", "INVALID_TYPE", f"The type of {member} must be text or an array of texts.")
    if member == "credentialSchema" and "id" not in value:
        found.add(f"{pointer}/id", "MISSING_FIELD", "credentialSchema needs the URL of the schema as id.")
    _check_id(value, pointer, found)


def _is_type(types: object) -> bool:
    if isinstance(types, list):
        return bool(types) and all(isinstance(entry, str) and entry for entry in types)
    return isinstance(types, str) and bool(types)


def _check_id(value: Mapping[str, JSONValue], pointer: str, found: Findings) -> None:
    if "id" in value and not is_url(value["id"]):
        code = "INVALID_VALUE" if isinstance(value["id"], str) else "INVALID_TYPE"
        found.add(f"{pointer}/id", code, "An id must be one URL.")


def _check_digests(
    entry: Mapping[str, JSONValue], address: str, pointer: str, found: Findings, pinned: PinnedContent | None
) -> None:
    given = [member for member in ("digestSRI", "digestMultibase") if member in entry]
    if not given:
        found.add(pointer, "MISSING_FIELD", "A related resource needs digestSRI or digestMultibase.")
        return
    content = pinned(address) if pinned is not None else None
    for member in given:
        text = entry[member]
        stated = _read_digest(member, text) if isinstance(text, str) else None
        if stated is None:
            found.add(f"{pointer}/{member}", "INVALID_VALUE", f"{member} is not a digest in its text form.")
        elif content is not None and not _is_digest_of(content, stated):
            found.add(f"{pointer}/{member}", "INVALID_VALUE", f"{member} is not the digest of the resource held here.")


def _read_digest(member: str, text: str) -> tuple[str, bytes] | None:
    """Hash name and digest bytes, or None where the text is neither an SRI value nor a multihash."""
    if member == "digestSRI":
        name, _, encoded = text.partition("-")
        try:
            digest = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return None
    else:
        try:
            decoded = multibase_decode(text)
        except InvalidEncoding:
            return None
        name, digest = _MULTIHASHES.get(decoded[:2], ""), decoded[2:]
    if name not in _SRI_HASHES or len(digest) != hashlib.new(name).digest_size:
        return None
    return name, digest


def _is_digest_of(content: bytes, stated: tuple[str, bytes]) -> bool:
    name, digest = stated
    return hmac.compare_digest(hashlib.new(name, content).digest(), digest)
