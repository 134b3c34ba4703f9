"""What an agent asks a person to let it sign or file: every word of it, to be read before it is approved (S16)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from sealwright.domain.delegations import FILED, SIGNED
from sealwright.services.claim_words import spelled_claims
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.web.panel import moments
from sealwright.web.panel.delegations_words import did_name, schema_name

if TYPE_CHECKING:
    from sealwright.domain.delegations import Approval, Delegation
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.web.panel.page_call import PageCall

ROWS_MOST: Final = 60
TEXT_MOST: Final = 400
_LABEL_MOST: Final = 120
_SEEN: Final = frozenset("\n\t")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class ContentRow:
    """One line of what would be signed or filed.

    Args:
        code: An id that stands behind the text; empty where the text is all.
    """

    word: str
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class ShownContent:
    """What an act would sign or file.

    Args:
        lines: In whose name, for whom, of what kind, until when; then the statements, in words.
        is_cut: Some of them are left out or shortened; `exact` has them whole.
        exact: All of it, as it would be signed or filed, as JSON.
    """

    title: str
    lines: tuple[ContentRow, ...]
    is_cut: bool
    exact: str


def content_of(page: PageCall, approval: Approval, chain: tuple[Delegation, ...]) -> ShownContent | None:
    """What a question is about, where it would sign or file something and still may.

    Args:
        chain: The delegations that it would act under, the root first.
    """
    signed, filed = approval.content(SIGNED), approval.content(FILED)
    content = signed if signed is not None else filed
    if content is None:
        return None
    name = _text(content, "onBehalfOf") or chain[0].delegator_did
    given = ContentRow(page._("In the name of"), visible(did_name(page, name)), name)
    if signed is not None:
        title, frame = page._("It would sign this credential:"), _frame_of_credential(page, signed)
    else:
        title, frame = page._("It would file this request:"), _frame_of_request(page, content)
    claims, is_cut = _claims(content)
    exact = visible(json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True))
    return ShownContent(title, (given, *frame, *claims), is_cut, exact)


def visible(text: str) -> str:
    """A text in which nothing is hidden: what has no look of its own, or turns the text around it, by its number."""
    return "".join(
        f"[U+{ord(one):04X}]" if one not in _SEEN and unicodedata.category(one) in _UNSEEN else one for one in text
    )


def _frame_of_credential(page: PageCall, signed: Mapping[str, JSONValue]) -> Iterable[ContentRow]:
    holder, schema = _text(signed, "holderDid"), _text(signed, "schemaId")
    yield ContentRow(page._("About"), visible(did_name(page, holder)), holder)
    yield ContentRow(page._("Kind"), visible(schema_name(page, schema)), schema)
    until = _text(signed, "expirationDate")
    yield ContentRow(
        page._("Valid until"), moments.utc_text(parse_rfc3339(until), page.texts) if until else page._("No end is said")
    )
    yield ContentRow(page._("Can be revoked"), _yes_or_no(page, signed.get("revocable")))
    yield ContentRow(page._("Can be paused"), _yes_or_no(page, signed.get("suspendable")))
    yield ContentRow(page._("Kind of proof"), visible(_text(signed, "proofType")))


def _frame_of_request(page: PageCall, filed: Mapping[str, JSONValue]) -> Iterable[ContentRow]:
    value = _text(filed, "credentialType")
    kind = page.view().credential_type(value)
    yield ContentRow(page._("It asks for"), visible(kind.label if kind is not None else value), value)
    note = _text(filed, "note")
    if note:
        yield ContentRow(page._("Note to the reviewers"), _cut(note))


def _claims(content: Mapping[str, JSONValue]) -> tuple[tuple[ContentRow, ...], bool]:
    """The statements in words, as many and as long as a person reads; and whether that is not all of them."""
    claims, answers = content.get("claims"), content.get("answers")
    # One more than is shown tells that there are more.
    found = list(islice(spelled_claims(claims), ROWS_MOST + 1)) if isinstance(claims, dict) else []
    if isinstance(answers, dict):
        found += [(question, str(answer)) for question, answer in islice(answers.items(), ROWS_MOST + 1)]
    note = _text(content, "note")
    is_cut = len(found) > ROWS_MOST or len(note) > TEXT_MOST
    shown = []
    for label, text in found[:ROWS_MOST]:
        is_cut = is_cut or len(text) > TEXT_MOST or len(label) > _LABEL_MOST
        shown.append(ContentRow(_cut(label, _LABEL_MOST), _cut(text)))
    return tuple(shown), is_cut


def _cut(text: str, most: int = TEXT_MOST) -> str:
    return visible(text if len(text) <= most else f"{text[:most]}…")


def _text(content: Mapping[str, JSONValue], name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _yes_or_no(page: PageCall, value: object) -> str:
    return page._("Yes") if value is True else page._("No")
