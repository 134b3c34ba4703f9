"""The catalog of credential types for admins (S11): every member, what uses a type, retiring and deleting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.catalog import CredentialType, RevocationPolicy, Visibility
from sealwright.domain.dids import DIDKind
from sealwright.locales import LANGUAGES, N_, language_name
from sealwright.services.catalog import TypeMembers
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind, Upload
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.proof_words import FIRST, KNOWN, NO_KEY, absent_hint, proof_options, signable_by
from sealwright.web.panel.settings_tokens import open_schemas, own_issuer_dids
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.dids import DIDRecord
    from sealwright.web.panel.page_call import PageCall

TYPES: Final = "/admin/desk/credential-types"
_NEW: Final = f"{TYPES}/new"
_OTHER_LANGUAGES: Final = tuple(code for code in LANGUAGES if code != "en")
# Names of no meaning that people give while trying something out, and then keep for years.
_THROWAWAY: Final = re.compile(r"(cred|credential|type|test|tmp|foo|new)_?[0-9]*")

VISIBILITY_WORDS: Final = {
    Visibility.PUBLIC: N_("Public: everybody sees it and may ask"),
    Visibility.UNLISTED: N_("Unlisted: only by its join link"),
    Visibility.PRIVATE: N_("Private: nobody asks; issuers grant it"),
}
POLICY_WORDS: Final = {
    RevocationPolicy.KEEP_CURRENT_RELEASE_FUTURE: N_(
        "Keep current, release future: work that has begun may be completed, work that has not is released"
    ),
    RevocationPolicy.RELEASE_UNSTARTED: N_("Release unstarted: only work in progress may be completed"),
    RevocationPolicy.RELEASE_ALL: N_("Release all: work in progress is released too"),
    RevocationPolicy.RETAIN_ALL: N_("Retain all: everything stays, nothing new is assigned"),
}
_MEMBERS: Final = (
    Field("label", required=True, max_length=120),
    *(Field(f"label_{code}", max_length=120) for code in _OTHER_LANGUAGES),
    Field("visibility", Kind.CHOICE, required=True, choices=tuple(one.value for one in Visibility)),
    Field("description", max_length=5000),
    Field("criteria", max_length=5000),
    Field("checklist", max_length=20_000),
    Field("questions", max_length=20_000),
    Field("badge", Kind.FILE),
    Field("validity_days", Kind.NUMBER),
    Field("renewal_reminder_days", Kind.NUMBER),
    Field("target_hours", Kind.NUMBER),
    Field("schema_id", max_length=1000),
    Field("issuer_did", max_length=1000),
    Field("proof_type", Kind.CHOICE, choices=KNOWN),
    Field("revocation_policy", Kind.CHOICE, required=True, choices=tuple(one.value for one in RevocationPolicy)),
    Field("suspendable", Kind.FLAG),
    Field("two_person", Kind.FLAG),
    Field("approval_note_required", Kind.FLAG),
)
NEW_FORM: Final = Form(Field("value", required=True, max_length=64), Field("sure", Kind.FLAG), *_MEMBERS)
EDIT_FORM: Final = Form(*_MEMBERS, Field("version", Kind.NUMBER, required=True))
STRANGE_NAME: Final = N_("This value stands in credentials and programs for good. Tick below if it is really meant.")


def show_list(page: PageCall) -> Reply:
    """GET /admin/desk/credential-types."""
    language = page.appearance.language
    rows = [
        (one, one.label_in(language), page.office.catalog.usage(page.caller, one.value))
        for one in page.office.catalog.all(page.caller)
    ]
    return page.render(
        "admin/types.html",
        rows=rows,
        visibility={one: page._(word).partition(":")[0] for one, word in VISIBILITY_WORDS.items()},
    )


def _around(page: PageCall, form: Form, known: CredentialType | None = None) -> dict[str, Any]:
    present = known.proof_type if known is not None else FIRST
    offered = signable_by(_issuers(page))
    return {
        "proofs": proof_options(page, offered, present),
        "proof": present,
        "no_proofs": absent_hint(page, offered),
        "type_form": form_of(page, form),
        "visibilities": [(one.value, page._(word)) for one, word in VISIBILITY_WORDS.items()],
        "policies": [(one.value, page._(word)) for one, word in POLICY_WORDS.items()],
        "schemas": [("", page._("Its own: one is registered")), *open_schemas(page)],
        "issuers": [("", page._("The office's own")), *own_issuer_dids(page)],
        "languages": [(code, language_name(code)) for code in _OTHER_LANGUAGES],
    }


def _issuers(page: PageCall) -> list[DIDRecord]:
    """The DIDs that the form offers to sign; the office's own is among them."""
    view = page.view()
    named = (view.did(did) for did, _ in own_issuer_dids(page))
    return [one for one in named if one is not None]


def _require_key(page: PageCall, before: CredentialType | None) -> None:
    """Who signs must have a key for the proof type; the office's own DID where nobody is named."""
    form = page.form
    named = form.optional("issuer_did") or (before.issuer_did if before is not None else None)
    proof = form.choice("proof_type", before.proof_type if before is not None else FIRST)
    if before is not None and (before.proof_type, before.issuer_did) == (proof, named):
        return
    signers = [one for one in _issuers(page) if (one.did == named if named else one.kind is DIDKind.PLATFORM)]
    if signers and not signable_by(signers).count(proof):
        form.fail("proof_type", NO_KEY)


def show_new(page: PageCall, status: int = 200, *, asks_if_sure: bool = False) -> Reply:
    """GET /admin/desk/credential-types/new."""
    return page.render(
        "admin/type.html", status=status, type=None, usage=None, asks_if_sure=asks_if_sure, **_around(page, NEW_FORM)
    )


def create(page: PageCall) -> Reply:
    """POST /admin/desk/credential-types."""
    form, value = page.form, page.form.text("value")
    _require_key(page, None)
    is_strange = _THROWAWAY.fullmatch(value) is not None and not form.flag("sure")
    if is_strange:
        form.fail("value", STRANGE_NAME)

    def act() -> tuple[str, Toast | None]:
        members = _members(page, None)
        page.office.catalog.prepare(value, members)
        made = page.act(lambda uow, me: page.office.catalog.create(uow, me, value, members), changes_registry=True)
        return f"{TYPES}/{made.value}", Toast(page._("The credential type is there."))

    return save(page, lambda status: show_new(page, status, asks_if_sure=is_strange), act)


def _members(page: PageCall, before: CredentialType | None) -> TypeMembers:
    """What a form says of a type; what a browser cannot send for an unchanged file or choice stays."""
    form = page.form
    members: TypeMembers = {
        "label": form.text("label"),
        "labels": {code: text for code in _OTHER_LANGUAGES if (text := form.text(f"label_{code}"))},
        "visibility": Visibility(form.text("visibility")),
        "description": form.optional("description"),
        "criteria": form.optional("criteria"),
        "checklist": _lines(form.text("checklist")),
        "questions": _lines(form.text("questions")),
        "validity_days": form.number("validity_days") or None,
        "renewal_reminder_days": form.number("renewal_reminder_days") or None,
        "target_hours": form.number("target_hours") or None,
        "revocation_policy": RevocationPolicy(form.text("revocation_policy")),
        "suspendable": form.flag("suspendable"),
        "two_person": form.flag("two_person"),
        "proof_type": form.choice("proof_type", before.proof_type if before is not None else FIRST),
        "approval_note_required": form.flag("approval_note_required"),
    }
    if schema_id := form.optional("schema_id") or (before.schema_id if before else None):
        members["schema_id"] = schema_id
    if issuer_did := form.optional("issuer_did") or (before.issuer_did if before else None):
        members["issuer_did"] = issuer_did
    badge = form.file("badge")
    if badge is not None:
        members["badge_attachment_id"] = _kept_badge(page, badge)
    return members


def _kept_badge(page: PageCall, badge: Upload) -> str:
    return page.act(lambda uow, me: page.office.attachments.upload(uow, me, badge.name, badge.content)).attachment_id


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def show_one(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/credential-types/{value}."""
    value = page.params["value"]
    known = page.office.catalog.get(page.caller, value)
    return page.render(
        "admin/type.html",
        status=status,
        type=known,
        usage=page.office.catalog.usage(page.caller, value),
        asks_if_sure=False,
        join_link=f"{page.office.public_url}/improver/requests/new/{value}",
        **_around(page, EDIT_FORM, known),
    )


def update(page: PageCall) -> Reply:
    """POST /admin/desk/credential-types/{value}."""
    value, form = page.params["value"], page.form
    before = page.office.catalog.get(page.caller, value)
    _require_key(page, before)

    def act() -> tuple[str, Toast | None]:
        members = _members(page, before)
        page.act(
            lambda uow, me: page.office.catalog.update(
                uow, me, value, members, expected_version=form.number("version")
            ),
            changes_registry=True,
        )
        return f"{TYPES}/{value}", Toast(page._("The credential type is saved."))

    return save(page, lambda status: show_one(page, status), act)


def retire(page: PageCall) -> Reply:
    """POST /admin/desk/credential-types/{value}/retire."""
    value = page.params["value"]
    page.act(lambda uow, me: page.office.catalog.retire(uow, me, value), changes_registry=True)
    return page.done(f"{TYPES}/{value}", Toast(page._("Retired: no new requests and grants. What was granted stays.")))


def reactivate(page: PageCall) -> Reply:
    """POST /admin/desk/credential-types/{value}/reactivate."""
    value = page.params["value"]
    page.act(lambda uow, me: page.office.catalog.reactivate(uow, me, value), changes_registry=True)
    return page.done(f"{TYPES}/{value}", Toast(page._("The type can be asked for again.")))


def delete(page: PageCall) -> Reply:
    """POST /admin/desk/credential-types/{value}/delete: only while nothing refers to it."""
    value = page.params["value"]

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.catalog.delete(uow, me, value), changes_registry=True)
        return TYPES, Toast(page._("The credential type is deleted."))

    return save(page, lambda status: show_one(page, status), act)


_A: Final = PageAudience.ADMIN
_ONE: Final = f"{TYPES}/{{value}}"

PAGES: Final = (
    PageRoute("GET", TYPES, _A, show_list),
    PageRoute("POST", TYPES, _A, create, form=NEW_FORM, uploads=True),
    PageRoute("GET", _NEW, _A, show_new),
    PageRoute("GET", _ONE, _A, show_one),
    PageRoute("POST", _ONE, _A, update, form=EDIT_FORM, uploads=True),
    PageRoute("POST", f"{_ONE}/retire", _A, retire),
    PageRoute("POST", f"{_ONE}/reactivate", _A, reactivate),
    PageRoute("POST", f"{_ONE}/delete", _A, delete),
)
