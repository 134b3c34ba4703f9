"""Mass acts for admins (S11): choose an issuer's credentials, see what it comes to, revoke them or issue them anew."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from sealwright.domain.batch_errors import BatchNotFound
from sealwright.domain.batches import Selection
from sealwright.domain.credentials import ReasonCode
from sealwright.domain.dids import DIDRecord, KeyPurpose, MethodState
from sealwright.domain.errors import DIDRecordNotFound
from sealwright.locales import N_
from sealwright.services.mass_values import MassPreview, MassWish, ReissueWish
from sealwright.services.status_moves import Cause
from sealwright.web.panel.holders import REASON_WORDS
from sealwright.web.panel.moments import number_text
from sealwright.web.panel.own_forms import answer, form_of
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_tokens import own_issuer_dids
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

MASS: Final = "/admin/desk/mass"
PREVIEW: Final = f"{MASS}/preview"
# Above it the number is typed, so that nobody ends a year's work by two clicks.
TYPED_ABOVE: Final = 500
REVOKE, REISSUE = "revoke", "reissue"
_CHOICE: Final = (
    Field("did", max_length=2048, label=N_("Issuer")),
    Field("act", Kind.CHOICE, choices=(REVOKE, REISSUE), label=N_("What happens to them")),
    Field("key", max_length=2048, label=N_("Signed by the key")),
    Field("schema", max_length=2048, label=N_("Credential schema")),
    Field("batch", max_length=64, label=N_("Batch")),
    Field("from", Kind.DATE, label=N_("Issued on or after")),
    Field("to", Kind.DATE, label=N_("Issued on or before")),
)
_CODES: Final = tuple(code.value for code in ReasonCode)
FILTER: Final = Form(*_CHOICE)
ACT: Final = Form(
    *_CHOICE,
    Field("seen", Kind.NUMBER, required=True),
    Field("reason", required=True, label=N_("Reason")),
    Field(
        "code", Kind.CHOICE, choices=tuple(code.value for code in ReasonCode), label=N_("Reason that anybody may see")
    ),
    Field("count", max_length=20, label=N_("Number of credentials")),
)
_KEY_WORDS: Final = {
    MethodState.ACTIVE: N_("in use"),
    MethodState.RETIRED: N_("retired"),
    MethodState.COMPROMISED: N_("compromised"),
}
_CHANGED: Final = N_("The number has changed to %(count)s meanwhile. Look at it again.")
_TYPE_IT: Final = N_("Type the number %(count)s to go on.")
_NO_BATCH: Final = N_("There is no such batch.")


def show_choice(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/mass: whose credentials, and which of them."""
    issuer = _issuer(page)
    return page.render(
        "admin/mass.html",
        status=status,
        issuer=issuer,
        which=page.query if "act" in page.query or page.query.errors else page.fresh_form(FILTER),
        unknown=bool(page.query.text("did")) and issuer is None,
        dids=own_issuer_dids(page),
        keys=_keys(page, issuer) if issuer is not None else [],
        schemas=_schemas(page),
        preview=PREVIEW,
    )


def show_preview(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/mass/preview: what the act takes in, and the form that does it."""
    sent = page.form if page.form.form is ACT else page.query
    issuer = _issuer(page)
    if issuer is None:
        # Nothing was chosen yet, or nobody known: the page before says so.
        named = sent.text("did")
        return page.redirect(f"{MASS}?{urlencode({'did': named})}" if named else MASS)
    if sent is page.query:
        # What cannot be read must not count as left open, which takes in all.
        sent.judge(_CHOICE)
        if sent.errors:
            return show_choice(page, 422)
    is_reissue = sent.choice("act", REVOKE) == REISSUE
    try:
        found = _preview(page, issuer.did)
    except BatchNotFound:
        if sent is not page.query:
            raise
        sent.fail("batch", _NO_BATCH)
        return show_choice(page, 422)
    return page.render(
        "admin/mass_preview.html",
        status=status,
        issuer=issuer,
        act_form=form_of(page, ACT),
        is_reissue=is_reissue,
        found=found,
        number=number_text(found.count, page.texts),
        asks_count=found.count > TYPED_ABOVE,
        chosen=[(one.name, sent.text(one.name)) for one in _CHOICE if sent.text(one.name)],
        codes=[(code.value, page._(word)) for code, word in REASON_WORDS.items()],
        code=ReasonCode.KEY_COMPROMISE.value if sent.text("key") else ReasonCode.UNSPECIFIED.value,
        back=f"{MASS}?{urlencode([(one.name, sent.text(one.name)) for one in _CHOICE if sent.text(one.name)])}",
        action=MASS,
    )


def carry_out(page: PageCall) -> Reply:
    """POST /admin/desk/mass: goes on to the batch that does it."""
    form = page.form

    def act() -> Reply:
        issuer = _issuer(page)
        if issuer is None:
            raise DIDRecordNotFound("No such DID is kept here.")
        count = _preview(page, issuer.did).count
        if not _is_agreed(page, count):
            return show_preview(page, 422)
        cause = Cause(form.text("reason"), ReasonCode(form.choice("code", ReasonCode.UNSPECIFIED.value)))
        mass, selection = page.office.bulk.mass, _selection(page)
        if form.choice("act", REVOKE) == REVOKE:
            batch = mass.revoke(page.caller, MassWish(issuer.did, selection, cause))
            return page.done(f"/batches/{batch.batch_id}", Toast(page._("Revoking has begun. It goes on by itself.")))
        batches = mass.reissue(page.caller, ReissueWish(issuer.did, selection, None, cause))
        where = f"/batches/{batches[0].batch_id}" if len(batches) == 1 else "/batches"
        return page.done(where, Toast(page._("Issuing anew has begun. It goes on by itself.")))

    return answer(page, lambda status: show_preview(page, status), act)


def _is_agreed(page: PageCall, count: int) -> bool:
    """Tell whether it is still what was looked at, and typed where it is much; says so beside the field if not."""
    form = page.form
    shown = number_text(count, page.texts)
    if form.number("seen", -1) != count:
        form.fail("", _CHANGED, count=shown)
        return False
    typed = "".join(letter for letter in form.text("count") if letter.isdigit())
    if count > TYPED_ABOVE and typed != str(count):
        form.fail("count", _TYPE_IT, count=shown)
        return False
    return True


def _preview(page: PageCall, did: str) -> MassPreview:
    sent = page.form if page.form.form is ACT else page.query
    mass, cause, selection = page.office.bulk.mass, Cause(""), _selection(page)
    if sent.choice("act", REVOKE) == REISSUE:
        return mass.preview_reissue(page.caller, ReissueWish(did, selection, None, cause), page.view())
    return mass.preview(page.caller, MassWish(did, selection, cause), page.view())


def _selection(page: PageCall) -> Selection:
    sent = page.form if page.form.form is ACT else page.query
    last = sent.date("to")
    return Selection(
        schema_id=sent.optional("schema"),
        batch_id=sent.optional("batch"),
        verification_method=sent.optional("key"),
        issued_from=_midnight(page, sent.date("from")),
        issued_to=_midnight(page, last + timedelta(days=1), seconds=-1) if last is not None else None,
    )


def _midnight(page: PageCall, day: date | None, *, seconds: int = 0) -> datetime | None:
    """The beginning of a day where the viewer is."""
    if day is None:
        return None
    return datetime.combine(day, time(), tzinfo=page.zone).astimezone(UTC) + timedelta(seconds=seconds)


def _issuer(page: PageCall) -> DIDRecord | None:
    sent = page.form if page.form.form is ACT else page.query
    return page.view().did(sent.text("did")) if sent.text("did") else None


def _keys(page: PageCall, issuer: DIDRecord) -> list[tuple[str, str]]:
    """The keys that ever signed credentials, newest first, with what became of each."""
    signing = [method for method in issuer.methods if method.use is KeyPurpose.CREDENTIALS]
    named = [(one.id, f"{one.id} ({page._(_KEY_WORDS[one.state])})") for one in reversed(signing)]
    return [("", page._("Any key")), *named]


def _schemas(page: PageCall) -> list[tuple[str, str]]:
    found = page.office.schemas.list(active=None, limit=100, cursor=None)
    return [("", page._("Any")), *((one.schema_id, f"{one.name} ({one.schema_id})") for one in found.items)]


_A: Final = PageAudience.ADMIN
PAGES: Final = (
    PageRoute("GET", MASS, _A, show_choice, query=FILTER),
    PageRoute("GET", PREVIEW, _A, show_preview, query=FILTER, fresh=True),
    PageRoute("POST", MASS, _A, carry_out, form=ACT, fresh=True, deadline_seconds=300.0),
)
