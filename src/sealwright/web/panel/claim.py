"""Taking a credential with a one-time link (S19): read from the address by script, or pasted.

The token travels in the bodies of forms and, between them and while somebody signs in, in a cookie of this page alone:
no address, no log and no other page ever has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.delivery_errors import (
    HolderMismatch,
    HolderProofRequired,
    InvalidTxCode,
    NotDeliverable,
    OfferNotFound,
    TokenExpired,
    TokenUsed,
    TxCodeLocked,
)
from sealwright.domain.errors import CredentialErased, CredentialNotFound, DomainError
from sealwright.domain.offers import OfferBinding
from sealwright.locales import N_
from sealwright.services.claim_words import member_words
from sealwright.web.panel.appearance import read_small_cookie
from sealwright.web.panel.credential import OWN
from sealwright.web.panel.page_call import LOGIN
from sealwright.web.panel.page_form import Field, Form, FormData
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.toasts import Toast
from sealwright.web.problems import problem_for

if TYPE_CHECKING:
    from sealwright.domain.offers import Offer
    from sealwright.services.redeeming import Redeemed
    from sealwright.web.panel.page_call import PageCall
    from sealwright.web.reply import Reply

CLAIM: Final = "/claim"
_TAKE: Final = "/claim/take"
_COOKIE: Final = "sealwright_claim"
# Long enough to sign in by a link from one's mail.
_COOKIE_SECONDS: Final = 1_800
_TOKEN_MAX: Final = 256

TOKEN_FORM: Final = Form(Field("token", required=True, max_length=2_000, label=N_("Link or token")))
TAKE_FORM: Final = Form(Field("tx_code", max_length=12, label=N_("Transaction code")))

_ENDS: Final[Mapping[type[DomainError], str]] = {
    TokenUsed: "used",
    TokenExpired: "expired",
    TxCodeLocked: "locked",
    NotDeliverable: "not_valid",
    HolderMismatch: "other",
    OfferNotFound: "unknown",
}
_REFUSALS: Final = tuple(_ENDS)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the page says of an offer."""

    label: str
    issuer: str
    offer: Offer
    is_bound: bool


def show(page: PageCall) -> Reply:
    """GET /claim: the form for the link, or the offer behind the link that was sent just before."""
    token = _kept(page)
    if token is None:
        return page.render("claim/claim.html", form=FormData.blank(TOKEN_FORM))
    try:
        return _offered(page, page.office.redeeming.look(token))
    except _REFUSALS as error:
        return _refused(page, token, error)


def send(page: PageCall) -> Reply:
    """POST /claim: look at the link; it is kept for the next step."""
    if page.form.errors:
        return page.invalid("claim/claim.html")
    token = page.form.text("token").rpartition("#")[2].strip()[:_TOKEN_MAX]
    try:
        page.office.redeeming.look(token)
    except _REFUSALS as error:
        return _refused(page, token, error)
    _keep(page, token, _COOKIE_SECONDS)
    return page.redirect(CLAIM)


def take(page: PageCall) -> Reply:
    """POST /claim/take: the credential goes to its holder's page; without a holder here, it is the answer."""
    token = _kept(page)
    if token is None:
        return page.redirect(CLAIM)
    try:
        if page.form.errors:
            return _offered(page, page.office.redeeming.look(token), status=422)
        redeemed = page.office.redeeming.redeem(
            page.signed_in, token, tx_code=_digits(page.form.text("tx_code")) or None
        )
    except InvalidTxCode:
        page.form.fail_in_words("tx_code", page._("The code is wrong. After five wrong tries the link is locked."))
        return _offered(page, page.office.redeeming.look(token), status=422)
    except HolderProofRequired:
        return page.redirect(f"{LOGIN}?next={CLAIM}")
    except _REFUSALS as error:
        return _refused(page, token, error)
    return _handed_over(page, redeemed)


def _offered(page: PageCall, offer: Offer, *, status: int = 200) -> Reply:
    form = page.form if page.form.form is TAKE_FORM else FormData.blank(TAKE_FORM)
    return page.render(
        "claim/offer.html",
        status=status,
        asked=_asked(page, offer),
        take_form=form,
        token_form=FormData.blank(TOKEN_FORM),
    )


def _asked(page: PageCall, offer: Offer) -> _Asked:
    view, language = page.view(), page.texts.language
    known = view.credential_type(offer.credential_type) if offer.credential_type is not None else None
    schema = view.schema(offer.schema_id) if offer.schema_id is not None else None
    issuer = view.did(offer.issuer_did) if offer.issuer_did is not None else None
    words = member_words(schema.type[-1]) if schema is not None else page._("A credential")
    return _Asked(
        label=known.label_in(language) if known is not None else words,
        issuer=(issuer.name if issuer is not None else None) or page.office.organization,
        offer=offer,
        is_bound=offer.binding is OfferBinding.HOLDER,
    )


def _handed_over(page: PageCall, redeemed: Redeemed) -> Reply:
    _keep(page, "", 0)
    record = redeemed.record
    if page.signed_in is not None:
        try:
            page.office.credential_sheets.own(page.caller, record.credential_id)
        except CredentialNotFound:
            pass
        else:
            said = Toast(page._("The credential is handed over. Here you find it whenever you need it."))
            return page.done(f"{OWN}/{record.credential_id}", said)
    file = page.office.downloads.document(record)
    return page.download(file.content, file.name, file.media_type)


def _refused(page: PageCall, token: str, error: DomainError) -> Reply:
    """Why nothing comes of a link, and whom to ask.

    Of one that was used its own holder, who may have lost the answer, comes to the credential all the same.
    """
    if isinstance(error, TokenUsed) and page.signed_in is not None:
        with suppress(*_REFUSALS, HolderProofRequired, CredentialErased):
            return _handed_over(page, page.office.redeeming.redeem(page.signed_in, token))
    _keep(page, "", 0)
    why = next(name for kind, name in _ENDS.items() if isinstance(error, kind))
    return page.render("claim/ended.html", status=problem_for(error).status, why=why)


def _digits(text: str) -> str:
    """A code as it was told, without the blanks and hyphens that people read into it."""
    return text.replace(" ", "").replace("-", "")


def _kept(page: PageCall) -> str | None:
    return read_small_cookie(page.exchange, _COOKIE) or None


def _keep(page: PageCall, token: str, seconds: int) -> None:
    """Keep the token for this page, in this browser; none for 0 seconds."""
    secure = "Secure; " if page.office.public_url.startswith("https://") else ""
    text = f"{_COOKIE}={token}; Path={CLAIM}; {secure}HttpOnly; SameSite=Lax; Max-Age={seconds}"
    page.set_cookie((b"set-cookie", text.encode("ascii")))


PAGES: Final = (
    PageRoute("GET", CLAIM, PageAudience.ANYONE, show),
    PageRoute("POST", CLAIM, PageAudience.ANYONE, send, form=TOKEN_FORM),
    PageRoute("POST", _TAKE, PageAudience.ANYONE, take, form=TAKE_FORM),
)
