"""Webhook endpoints for admins (S11): events, secret, what was sent; test, resend, pause, rotate, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.parcels import Parcel, ParcelState
from sealwright.domain.webhooks import EVERY_EVENT, Webhook, WebhookStatus
from sealwright.locales import N_
from sealwright.services.events import SHOWN_KINDS
from sealwright.services.webhooks import DESCRIPTION_MAX, TEST_KIND, WebhookWish
from sealwright.web.panel.admin_audit_words import EVENT_WORDS
from sealwright.web.panel.own_forms import answer, form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

WEBHOOKS: Final = "/admin/desk/webhooks"
LIST: Final = Form(Field("cursor", max_length=500))
NEW: Final = Form(
    Field("url", required=True, max_length=2048),
    Field("description", max_length=DESCRIPTION_MAX),
    Field("all", Kind.FLAG),
    Field("events", Kind.CHOICE, many=True, choices=tuple(sorted(SHOWN_KINDS))),
)
_ROWS: Final = 20
# Kinds in groups as the reference has them, by what stands before the dot.
_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    N_("Requests and grants"): ("request", "grant"),
    N_("Credentials"): ("credential", "batch", "anchor"),
    N_("Delivery"): ("offer", "didcomm", "share"),
    N_("DIDs, schemas and credential types"): ("did", "schema", "credential_type"),
    N_("People"): ("user", "role", "issuer"),
    N_("Workflows and payouts"): ("workflow", "proposal", "step", "series", "absence", "payout"),
}
_ERROR_WORDS: Final = {
    "status": N_("The answer was no success."),
    "address": N_("The address may not be reached."),
    "refused": N_("No connection, or it broke."),
    "timeout": N_("No answer within five seconds."),
    "paused": N_("The endpoint was paused."),
    "host_rests": N_("The host failed a moment before."),
    "unready": N_("The message could not be made."),
}
_OWNER_WORDS: Final = {
    "admin": N_("Admin"),
    "user": N_("Keeper of a DID"),
    "api_key": N_("API key"),
    "operator": N_("Operator"),
}
_TEST_WORD: Final = N_("Test message")


def show(page: PageCall) -> Reply:
    """GET /admin/desk/webhooks."""
    found = page.office.webhooks.list(page.caller, limit=_ROWS, cursor=page.query.optional("cursor"))
    return page.render(
        "admin/webhooks.html",
        rows=[(one, _badge(one), _heard(page, one)) for one in found.items],
        owners={kind: page._(word) for kind, word in _OWNER_WORDS.items()},
        next_href=page.href(cursor=found.next_cursor) if found.next_cursor else None,
        is_first=not page.query.text("cursor"),
    )


def show_new(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/webhooks/new."""
    form = form_of(page, NEW)
    chosen = {kind.split(".")[0] for kind in form.many("events")}
    return page.render(
        "admin/new_webhook.html",
        status=status,
        hook_form=form,
        families=[
            (page._(name), _kinds_of(page, prefixes), not chosen.isdisjoint(prefixes))
            for name, prefixes in _FAMILIES.items()
        ],
    )


def make(page: PageCall) -> Reply:
    """POST /admin/desk/webhooks: the secret stands in this answer and in no other."""
    form = page.form
    events = (EVERY_EVENT,) if form.flag("all") else form.many("events")
    if not events:
        form.fail("all", N_("Choose every event, or some."))

    def act() -> Reply:
        wish = WebhookWish(url=form.text("url"), events=events, description=form.optional("description"))
        page.office.webhooks.judge(page.caller, form.text("url"))
        webhook, secret = page.act(lambda uow, me: page.office.webhooks.create(uow, me, wish))
        return _one(page, webhook, secret=secret)

    return answer(page, lambda status: show_new(page, status), act)


# -- one endpoint ----------------------------------------------------------------------------------


def show_one(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/webhooks/{id}: what it is, and what was sent to it."""
    return _one(page, page.office.webhooks.get(page.caller, page.params["id"]), status=status)


def _one(page: PageCall, webhook: Webhook, *, status: int = 200, secret: str | None = None) -> Reply:
    cursor = page.query.optional("cursor")
    found = page.office.webhooks.deliveries(page.caller, webhook.webhook_id, limit=_ROWS, cursor=cursor)
    base = f"{WEBHOOKS}/{webhook.webhook_id}"
    return page.render(
        "admin/webhook.html",
        status=status,
        webhook=webhook,
        badge=_badge(webhook),
        heard=[page._(EVENT_WORDS.get(kind, kind)) for kind in webhook.events]
        if EVERY_EVENT not in webhook.events
        else None,
        owner=page._(_OWNER_WORDS.get(webhook.owner_kind, webhook.owner_kind)),
        is_paused=webhook.status is WebhookStatus.PAUSED,
        parcels=[_line(page, one) for one in found.items],
        next_href=f"{base}?cursor={found.next_cursor}" if found.next_cursor else None,
        is_first=cursor is None,
        base=base,
        secret=secret,
        form=page.form,
    )


def rotate(page: PageCall) -> Reply:
    """POST /admin/desk/webhooks/{id}/rotate: the new secret stands in this answer and in no other."""

    def act() -> Reply:
        webhook, secret = page.act(lambda uow, me: page.office.webhooks.rotate(uow, me, page.params["id"]))
        return _one(page, webhook, secret=secret)

    return answer(page, lambda status: show_one(page, status), act)


def ask_delete(page: PageCall) -> Reply:
    """GET /admin/desk/webhooks/{id}/delete: what it takes away."""
    webhook = page.office.webhooks.get(page.caller, page.params["id"])
    return page.render(
        "admin/webhook_delete.html",
        dialog="dialog",
        webhook=webhook,
        action=page.path,
        back=f"{WEBHOOKS}/{webhook.webhook_id}",
    )


def delete(page: PageCall) -> Reply:
    """POST /admin/desk/webhooks/{id}/delete."""
    page.act(lambda uow, me: page.office.webhooks.delete(uow, me, page.params["id"]))
    return page.done(WEBHOOKS, Toast(page._("The endpoint is deleted.")))


def _does(act: Callable[[Any, Any, PageCall], object], said: str) -> Callable[[PageCall], Reply]:
    def post(page: PageCall) -> Reply:
        def run() -> tuple[str, Toast | None]:
            page.act(lambda uow, me: act(uow, me, page))
            return f"{WEBHOOKS}/{page.params['id']}", Toast(page._(said))

        return save(page, lambda status: show_one(page, status), run)

    return post


def _pause(uow: Any, me: Any, page: PageCall) -> object:
    return page.office.webhooks.change(uow, me, page.params["id"], WebhookWish(paused=True))


def _resume(uow: Any, me: Any, page: PageCall) -> object:
    return page.office.webhooks.change(uow, me, page.params["id"], WebhookWish(paused=False))


def _test(uow: Any, me: Any, page: PageCall) -> object:
    return page.office.webhooks.test(uow, me, page.params["id"])


def _resend(uow: Any, me: Any, page: PageCall) -> object:
    return page.office.webhooks.resend(uow, me, page.params["delivery_id"])


pause: Final = _does(_pause, N_("The endpoint rests. What happens now is kept for it, for seven days."))
resume: Final = _does(_resume, N_("The endpoint hears again."))
test: Final = _does(_test, N_("The test message is on its way."))
resend: Final = _does(_resend, N_("The delivery is on its way again."))


# -- words -----------------------------------------------------------------------------------------


def _badge(webhook: Webhook) -> str:
    if webhook.status is WebhookStatus.PAUSED:
        return "webhook_paused"
    return "webhook_failing" if webhook.failing_since is not None else "webhook_active"


def _heard(page: PageCall, webhook: Webhook) -> str:
    if EVERY_EVENT in webhook.events:
        return page._("Every event")
    return page.ngettext("%(num)s kind", "%(num)s kinds", len(webhook.events))


def _kinds_of(page: PageCall, prefixes: tuple[str, ...]) -> list[tuple[str, str]]:
    # In the order of the words, which is that of a life; a kind without words comes last.
    ordered = (*EVENT_WORDS, *sorted(SHOWN_KINDS - set(EVENT_WORDS)))
    found = [kind for prefix in prefixes for kind in ordered if kind.split(".")[0] == prefix and kind in SHOWN_KINDS]
    return [(kind, page._(EVENT_WORDS.get(kind, kind))) for kind in found]


def _line(page: PageCall, parcel: Parcel) -> dict[str, Any]:
    """A row of the log."""
    word = _TEST_WORD if parcel.label == TEST_KIND else EVENT_WORDS.get(parcel.label, parcel.label)
    reason = _ERROR_WORDS.get(parcel.last_error or "")
    return {
        "parcel": parcel,
        "word": page._(word),
        "event_id": page.office.webhooks.event_id(parcel),
        "badge": f"parcel_{parcel.state.value}",
        "reason": page._(reason) if reason is not None else None,
        "is_waiting": parcel.state is ParcelState.WAITING,
    }


_A: Final = PageAudience.ADMIN
_ONE: Final = f"{WEBHOOKS}/{{id}}"
PAGES: Final = (
    PageRoute("GET", WEBHOOKS, _A, show, query=LIST),
    PageRoute("GET", f"{WEBHOOKS}/new", _A, show_new),
    PageRoute("POST", WEBHOOKS, _A, make, form=NEW),
    PageRoute("GET", _ONE, _A, show_one, query=LIST),
    PageRoute("POST", f"{_ONE}/rotate", _A, rotate),
    PageRoute("POST", f"{_ONE}/pause", _A, pause),
    PageRoute("POST", f"{_ONE}/resume", _A, resume),
    PageRoute("POST", f"{_ONE}/test", _A, test),
    PageRoute("GET", f"{_ONE}/delete", _A, ask_delete),
    PageRoute("POST", f"{_ONE}/delete", _A, delete),
    PageRoute("POST", f"{_ONE}/deliveries/{{delivery_id}}/resend", _A, resend),
)
