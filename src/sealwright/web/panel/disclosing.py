"""Showing a part of one's credential: what to show, what a verifier will see of it, and the ways to hand it over (S10).

What is previewed is derived by the same call that the acts make, and each act takes its choice from the preview.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from sealwright.domain.formats import CredentialFormat
from sealwright.locales import N_
from sealwright.services.claim_words import member_words, spelled_claims
from sealwright.services.deriving import can_be_shown_in_part
from sealwright.services.verify_content import content_of
from sealwright.services.verify_reading import Brought
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.web.panel.credential import OWN
from sealwright.web.panel.disclosed import file_of
from sealwright.web.panel.disclosing_tree import (
    Box,
    around_of,
    boxes_of,
    free_around_of,
    is_seen,
    leaves,
    schema_content,
)
from sealwright.web.panel.issuer import labels_of, types_of
from sealwright.web.panel.json_text import spread
from sealwright.web.panel.own_forms import answer, form_of, save
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.qr import qr_svg
from sealwright.web.panel.toasts import Toast
from sealwright.web.panel.verify_view import Part, finding_values
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.credentials import CredentialRecord
    from sealwright.services.credential_sheets import CredentialSheet
    from sealwright.services.deriving import Choice
    from sealwright.services.disclosing import Derived, MadeDisclosure
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{OWN}/{{id}}/disclose"
_TEMPLATE: Final = "credential/disclose.html"
LIVES: Final[Mapping[str, tuple[timedelta, str]]] = {
    "minutes": (timedelta(minutes=15), N_("15 minutes")),
    "hour": (timedelta(hours=1), N_("1 hour")),
    "day": (timedelta(days=1), N_("1 day")),
}
_SHOWN: Final = Field("shown", many=True, max_length=2048)
CHOICE_FORM: Final = Form(_SHOWN, Field("life", Kind.CHOICE, choices=tuple(LIVES)))
_NOTHING: Final = N_("Tick at least one thing to show.")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a verifier will see.

    Args:
        raw: The derived credential, for reading.
        unseen: Labels of the claims that it does not show.
        chosen: The pointers that it was derived by.
    """

    verdict: str
    sentence: str
    part: Part
    raw: str
    unseen: tuple[str, ...]
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkLine:
    """An open link with its code."""

    disclosure_id: str
    address: str
    code: str
    shows: tuple[str, ...]
    opened: int
    opened_at: datetime | None
    expires_at: datetime


def show(page: PageCall) -> Reply:
    """GET /improver/credentials/{id}/disclose."""
    return _page(page, FormData.blank(CHOICE_FORM))


def preview(page: PageCall) -> Reply:
    """POST /improver/credentials/{id}/disclose: nothing is kept; what a verifier would see is shown."""
    return answer(page, partial(_again, page), lambda: _page(page, page.form))


def make_link(page: PageCall) -> Reply:
    """POST /improver/credentials/{id}/disclose/links."""
    credential_id = _sheet(page).record.credential_id

    def act() -> tuple[str, Toast | None]:
        derived = page.office.disclosing.derive(page.caller, credential_id, page.form.many("shown"))
        life = LIVES[page.form.choice("life", "minutes")][0]
        page.act(lambda uow, me: page.office.disclosing.make(uow, me, credential_id, derived, life=life))
        return f"{_path(credential_id)}#links", Toast(page._("The link is made. It ends by itself."))

    _ask_for_something(page)
    return save(page, partial(_again, page), act)


def take_back(page: PageCall) -> Reply:
    """POST /improver/credentials/{id}/disclose/links/{disclosure}/end."""
    credential_id = _sheet(page).record.credential_id

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.disclosing.take_back(uow, me, credential_id, page.params["disclosure"]))
        return f"{_path(credential_id)}#links", Toast(page._("Taken back. The link shows nothing any more."))

    return save(page, partial(_again, page), act)


def document(page: PageCall) -> Reply:
    """POST /improver/credentials/{id}/disclose/document: the derived credential as a file."""
    credential_id = _sheet(page).record.credential_id

    def act() -> Reply:
        derived = page.office.disclosing.derive(page.caller, credential_id, page.form.many("shown"))
        return file_of(page, _text_of(derived), is_text=isinstance(derived, str))

    _ask_for_something(page)
    return answer(page, partial(_again, page), act)


def make_copy(page: PageCall) -> Reply:
    """POST /improver/credentials/{id}/disclose/copy: a form of a whole credential that can be shown in part."""
    record = _sheet(page).record

    def act() -> tuple[str, Toast | None]:
        copy = page.office.copies.for_download(record, CredentialFormat.SD_JWT)
        return _path(copy.credential_id), Toast(page._("The SD-JWT is made. Choose what to show of it."))

    return save(page, partial(_again, page), act)


def _again(page: PageCall, status: int) -> Reply:
    sent = form_of(page, CHOICE_FORM)
    return _page(page, sent, status)


def _page(page: PageCall, sent: FormData, status: int = 200) -> Reply:
    sheet = _sheet(page)
    record, credential_id = sheet.record, sheet.record.credential_id
    types = labels_of(page, types_of(page)) if sheet.type is None else {}
    label = sheet.type.label_in(page.texts.language) if sheet.type is not None else _type_name(record, types)
    is_whole = record.document is None or not can_be_shown_in_part(record)
    chosen = sent.many("shown")
    offered = () if is_whole else page.office.deriving.offered(record)
    boxes = _boxes(page, record, offered, chosen)
    free = free_around_of(offered, chosen)
    seen = _preview(page, sheet, (*boxes, *free), chosen) if chosen and not is_whole and not sent.errors else None
    return page.render(
        _TEMPLATE,
        partial="preview",
        status=status,
        label=label,
        record=record,
        path=_path(credential_id),
        back=f"{OWN}/{credential_id}",
        is_whole=is_whole,
        is_erased=record.document is None,
        can_copy=record.copy_of is None and sheet.is_deliverable(page.now),
        boxes=boxes,
        free=free,
        around=around_of(page, offered),
        seen=seen,
        choice_form=sent,
        lives=[(name, page._(word)) for name, (_, word) in LIVES.items()],
        life=sent.choice("life", "minutes"),
        links=_links(page, credential_id),
    )


def _boxes(
    page: PageCall, record: CredentialRecord, offered: Sequence[Choice], chosen: Sequence[str]
) -> tuple[Box, ...]:
    schema = page.view().schema(record.schema_id) if record.schema_id is not None else None
    content = schema_content(schema.content if schema is not None else None)
    return boxes_of(offered, chosen, content, page._("DID of the holder"))


def _preview(page: PageCall, sheet: CredentialSheet, boxes: Sequence[Box], chosen: tuple[str, ...]) -> Preview:
    derived = page.office.disclosing.derive(page.caller, sheet.record.credential_id, chosen)
    text = _text_of(derived)
    # Read again from its bytes, as the verifier's page does.
    source = text if isinstance(derived, str) else _object(parse_json(text.encode("utf-8")))
    values = finding_values(page, page.office.verify_desk.check(Brought(source, text)))
    opened: JSONValue = open_sd_jwt(source).claims if isinstance(source, str) else dict(source)
    return Preview(
        verdict=values["verdict"],
        sentence=values["sentence"],
        part=values["parts"][0],
        raw=source if isinstance(source, str) else spread(dict(source)),
        unseen=tuple(label for box, label in leaves(boxes) if not is_seen(opened, box, chosen)),
        chosen=chosen,
    )


def _links(page: PageCall, credential_id: str) -> list[LinkLine]:
    """Open links, the newest first."""
    made = page.office.disclosing.own(page.caller, credential_id)
    return [_line(page, one) for one in reversed(made)]


def _line(page: PageCall, made: MadeDisclosure) -> LinkLine:
    link = made.link
    text = link.document.decode("utf-8")
    claims = content_of(text if link.is_text else parse_json(link.document)).claims
    return LinkLine(
        disclosure_id=link.disclosure_id,
        address=made.address,
        code=qr_svg(made.address, page._("QR code of the link")),
        shows=tuple(label for label, _ in spelled_claims(claims)),
        opened=link.opened,
        opened_at=link.opened_at,
        expires_at=link.expires_at,
    )


def _ask_for_something(page: PageCall) -> None:
    if not page.form.many("shown"):
        page.form.fail("shown", _NOTHING)


def _sheet(page: PageCall) -> CredentialSheet:
    return page.office.credential_sheets.own(page.caller, page.params["id"])


def _type_name(record: CredentialRecord, labels: Mapping[str, str]) -> str:
    name = next((one for one in record.types if one != "VerifiableCredential"), "VerifiableCredential")
    return labels.get(name, member_words(name))


def _text_of(derived: Derived) -> str:
    return derived if isinstance(derived, str) else dump_json(derived).decode("utf-8")


def _object(value: JSONValue) -> dict[str, JSONValue]:
    if not isinstance(value, dict):
        raise TypeError("a derived credential is an object or a text")
    return value


def _path(credential_id: str) -> str:
    return f"{OWN}/{credential_id}/disclose"


PAGES: Final = (
    PageRoute("GET", _ONE, PageAudience.SIGNED_IN, show),
    PageRoute("POST", _ONE, PageAudience.SIGNED_IN, preview, form=CHOICE_FORM),
    PageRoute("POST", f"{_ONE}/links", PageAudience.SIGNED_IN, make_link, form=CHOICE_FORM),
    PageRoute("POST", f"{_ONE}/links/{{disclosure}}/end", PageAudience.SIGNED_IN, take_back),
    PageRoute("POST", f"{_ONE}/document", PageAudience.SIGNED_IN, document, form=CHOICE_FORM),
    PageRoute("POST", f"{_ONE}/copy", PageAudience.SIGNED_IN, make_copy),
)
