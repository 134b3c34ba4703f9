"""What a credential type may say of itself, and the schema that one gets that names none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.catalog import RESERVED_VALUES
from sealwright.domain.errors import InvalidTypeValue, MalformedBody
from sealwright.domain.shown_text import require_length, require_plain_label
from sealwright.services.schemas import NewSchema
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault
from sealwright.vc.proofs.registry import issuing_suite

if TYPE_CHECKING:
    from sealwright.services.catalog import TypeMembers

LABEL_MAX: Final = 120
TEXT_MAX: Final = 5_000
ITEM_MAX: Final = 500
ITEMS_MAX: Final = 50
_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
# The longest validity is what issuing allows at most anyway: a hundred years.
_NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "validity_days": (1, 36_500),
    "renewal_reminder_days": (1, 36_500),
    "target_hours": (1, 100_000),
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def check_members(members: TypeMembers) -> None:
    """Refuse members that no credential type may have.

    Raises:
        MalformedBody: A label that hides something, an empty or overlong text, a number out of its bounds.
        UnsupportedProofType, ProofTypeUnavailable: A proof type that cannot be made here.
    """
    given: Mapping[str, Any] = members
    if "label" in given:
        _label(given["label"], "/label")
    for locale, label in given.get("labels", {}).items():
        if not _LOCALE.fullmatch(locale):
            raise _refused("/labels", "Labels are named by language tags such as es or zh-Hant.")
        _label(label, f"/labels/{locale}")
    for name in ("description", "criteria"):
        if given.get(name) is not None:
            require_length(given[name], f"/{name}", TEXT_MAX)
    for name in ("checklist", "questions"):
        _items(given.get(name, ()), name)
    for name, (least, most) in _NUMBERS.items():
        if given.get(name) is not None and not least <= given[name] <= most:
            raise _refused(f"/{name}", f"The number must lie between {least} and {most}.")
    if "proof_type" in given:
        issuing_suite(given["proof_type"])


def default_schema(value: str, label: str) -> NewSchema:
    """The credential schema that is registered for a type without one: it states the qualification by its value.

    Raises:
        InvalidTypeValue: The value has another form.
    """
    # The name of a schema is the last part of a DID, so the catalog's underscore becomes a hyphen.
    name = value.strip("_").replace("_", "-")
    while "--" in name:
        name = name.replace("--", "-")
    if not name or value in RESERVED_VALUES:
        raise InvalidTypeValue("A credential type's value is 1 to 64 of a–z, 0–9 and _, and not the word all.")
    words = "".join(part.capitalize() for part in name.split("-"))
    content: dict[str, JSONValue] = {
        "$schema": _DIALECT,
        "title": label,
        "type": "object",
        "description": label,
        "additionalProperties": False,
        "required": ["qualification"],
        "properties": {
            "qualification": {
                "type": "string",
                "description": "Name of the qualification in the catalog.",
                "enum": [value],
            },
            "qualificationLevel": {
                "type": "string",
                "description": "Level that was reached, in words.",
                "minLength": 1,
                "maxLength": 200,
            },
        },
    }
    prefix = "" if words[0].isalpha() else "Type"
    return NewSchema(
        name=name,
        type=(f"{prefix}{words}Credential",),
        schema=content,
        description=label,
        credential_type=value,
    )


def _label(text: str, pointer: str) -> None:
    require_plain_label(require_length(text, pointer, LABEL_MAX), pointer)


def _items(items: Any, name: str) -> None:
    if len(items) > ITEMS_MAX:
        raise _refused(f"/{name}", f"At most {ITEMS_MAX} are kept.")
    for index, text in enumerate(items):
        require_plain_label(require_length(text, f"/{name}/{index}", ITEM_MAX), f"/{name}/{index}")
    if len(set(items)) != len(items):
        raise _refused(f"/{name}", "The same text stands here twice.")


def _refused(pointer: str, detail: str) -> MalformedBody:
    return MalformedBody(detail, faults=[Fault(pointer, "INVALID_VALUE", detail)])
