"""What a derived proof proves to be absent: statements are signed in order, so two neighbours leave no room between.

A member of the credential that is not shown may have been left out by the issuer, or kept back by the holder. Where the
statements shown to both sides of its place have adjacent positions, nothing was kept back there. The same holds for
each further value of a member that is shown.

Some software orders by UTF-16 unit, not by code point. Where two statements of different nodes stand is decided within
their subjects, and a statement of the credential is always shown; so if what is shown stands in code point order, what
is hidden of the credential does not lie elsewhere.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.vc.credentials.model import MODEL_BY_CONTEXT, DataModel
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.proofs.suites.bbs2020_statements import PLACEHOLDER

VOCABULARY: Final = "https://www.w3.org/2018/credentials#"
_SEVERAL: Final = frozenset({"credentialSchema", "credentialStatus"})
_BY_MODEL: Final = {
    model: _SEVERAL | {model.from_member, model.until_member} for model in (DataModel.V1_1, DataModel.V2_0)
}
MEMBERS: Final = frozenset[str]().union(*_BY_MODEL.values())
"""Members of a credential whose absence says something to a verifier."""


@dataclass(frozen=True, slots=True)
class ShownStatement:
    """A statement of the document that is shown.

    Args:
        position: Among all statements of the document as signed, from 0.
        text: In canonical form with the signed labels.
    """

    position: int
    text: str


def may_hide(document: Mapping[str, JSONValue], shown: Sequence[ShownStatement], count: int) -> frozenset[str]:
    """The members of which not every value is shown, as far as anybody can tell.

    Args:
        document: The derived credential.
        shown: Its statements, in order.
        count: How many statements of the document were signed.
    """
    members = _members(document)
    subject = _subject(document)
    if subject is None or not any(statement.text.startswith(f"{subject} ") for statement in shown):
        return members
    return frozenset(
        member
        for member in members
        if not _is_whole(f"{subject} <{VOCABULARY}{member}> ", document, member, shown, count)
    )


def _members(document: Mapping[str, JSONValue]) -> frozenset[str]:
    """Those that the data model of the document knows; all of them where it has none."""
    contexts = document.get("@context")
    first = contexts[0] if isinstance(contexts, list) and contexts else None
    model = MODEL_BY_CONTEXT.get(first) if isinstance(first, str) else None
    return MEMBERS if model is None else _BY_MODEL[model]


def _subject(document: Mapping[str, JSONValue]) -> str | None:
    name = document.get("id")
    if not isinstance(name, str):
        return None
    label = name.removeprefix(PLACEHOLDER)
    return label if label.startswith("_:") and label != name else f"<{name}>"


def _is_whole(
    start: str, document: Mapping[str, JSONValue], member: str, shown: Sequence[ShownStatement], count: int
) -> bool:
    """Whether every statement that begins so is shown, and stands in the document under the member's own name."""
    first = bisect_left(shown, start, key=lambda statement: statement.text)
    last = first
    while last < len(shown) and shown[last].text.startswith(start):
        last += 1
    values = document.get(member, [])
    # A value under any other spelling of the member's name would be shown and yet not be read.
    if (len(values) if isinstance(values, list) else 1) != last - first:
        return False
    # A date stands once in a credential, so one that is shown is all of it.
    if last - first == 1 and member not in _SEVERAL:
        return True
    before = shown[first - 1] if first else None
    after = shown[last] if last < len(shown) else None
    room = (after.position if after else count) - (before.position if before else -1) - 1
    return room == last - first
