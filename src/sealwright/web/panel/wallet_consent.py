"""A wallet asks for credentials of whoever signs in: the person sees which wallet wants what, and says yes or no.

The answer goes back by a plain link. Pages of ours may post to ourselves only, and browsers hold the redirect after a
post to that rule too, so it could not lead to an app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import NotFound
from sealwright.protocols.openid4vci.configurations import JWT_VC_JSON, LDP_VC, SD_JWT
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.wallet_sign_in import Consent
    from sealwright.web.panel.page_call import PageCall

PATH: Final = "/oid4vci/authorize"
_TEMPLATE: Final = "wallet/consent.html"
# Forms by the names that their specifications give them; these are the same in every language.
FORM_NAMES: Final = {LDP_VC: "JSON-LD", JWT_VC_JSON: "JWT", SD_JWT: "SD-JWT"}
_CLIENT: Final = Field("client_id", max_length=512)
_REQUEST: Final = Field("request_uri", max_length=600)
_QUERY: Final = Form(_CLIENT, _REQUEST)
_FORM: Final = Form(_CLIENT, _REQUEST, Field("decision", Kind.CHOICE, required=True, choices=("allow", "deny")))


def show(page: PageCall) -> Reply:
    """GET /oid4vci/authorize."""
    client_id, request_uri = page.query.text("client_id"), page.query.text("request_uri")
    try:
        consent = page.office.wallet_sign_in.look(client_id, request_uri)
    except NotFound:
        return _gone(page)
    return page.render(
        _TEMPLATE,
        state="asked",
        consent=consent,
        wanted=_wanted(page, consent),
        client_id=client_id,
        request_uri=request_uri,
    )


def _wanted(page: PageCall, consent: Consent) -> list[tuple[str, str]]:
    """Each kind that is asked for in the viewer's language, with the forms it is asked for in."""
    forms: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for kind, form in consent.kinds:
        labels[kind.name] = kind.labels.get(page.appearance.language) or kind.labels.get("", kind.name)
        forms.setdefault(kind.name, []).append(FORM_NAMES[form])
    return [(labels[name], ", ".join(found)) for name, found in forms.items()]


def answer(page: PageCall) -> Reply:
    """POST /oid4vci/authorize: the wallet's code, or that there is none, behind a link back to it."""
    form, desk = page.form, page.office.wallet_sign_in
    if form.errors:
        return _gone(page)
    is_allowed = form.text("decision") == "allow"
    act = desk.allow if is_allowed else desk.deny
    client_id, request_uri = form.text("client_id"), form.text("request_uri")
    try:
        back = page.act(lambda uow, me: act(uow, me, client_id, request_uri))
    except NotFound:
        return _gone(page)
    return page.render(_TEMPLATE, state="allowed" if is_allowed else "denied", back=back)


def _gone(page: PageCall) -> Reply:
    # Whoever opens the bare address has lost nothing.
    was_named = page.query.text("request_uri") or page.form.text("request_uri")
    return page.render(_TEMPLATE, status=410 if was_named else 200, state="gone")


PAGES: Final = (
    PageRoute("GET", PATH, PageAudience.SIGNED_IN, show, query=_QUERY),
    PageRoute("POST", PATH, PageAudience.SIGNED_IN, answer, form=_FORM),
)
