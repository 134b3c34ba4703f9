"""Settings: personal tokens and one's own API keys; every secret is shown once."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Final

from sealwright.services.people import TOKEN_LIFE
from sealwright.web.panel.own_forms import answer, form_of
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_frame import TOKENS, show_tab
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

_LIVES: Final = ("7", "30", "90", "365")
TOKEN_FORM: Final = Form(
    Field("name", required=True, max_length=100), Field("days", Kind.CHOICE, required=True, choices=_LIVES)
)
KEY_FORM: Final = Form(
    Field("name", required=True, max_length=100),
    Field("issuer_dids", required=True, many=True, max_length=1000),
    Field("schemas", many=True, max_length=1000),
    Field("expires", Kind.DATE),
    Field("issue_per_minute", Kind.NUMBER),
)
ROTATE_FORM: Final = Form(Field("overlap_hours", Kind.NUMBER))


def show(page: PageCall, status: int = 200, **more: Any) -> Reply:
    """GET /settings/tokens."""
    office, person = page.office, page.person
    keys = [key for key in office.api_keys.list(page.caller) if key.owner_user_id == person.user_id]
    values: dict[str, Any] = {
        "tokens": office.people.tokens_of(person.user_id),
        "keys": [(key, key.status_at(page.now)) for key in keys],
        "owns_dids": bool(own_issuer_dids(page)),
        "token_form": form_of(page, TOKEN_FORM),
        "lives": [(days, page.ngettext("%(num)s day", "%(num)s days", int(days))) for days in _LIVES],
        "usual_days": str(TOKEN_LIFE.days),
        "secret": None,
        **more,
    }
    return show_tab(page, TOKENS, "settings/tokens.html", status=status, **values)


def own_issuer_dids(page: PageCall) -> list[tuple[str, str]]:
    """The active DIDs that the caller may bind keys to, with what they are called."""
    found = page.office.dids.list(page.caller, limit=100, cursor=None)
    return [(one.did, f"{one.name} ({one.did})" if one.name else one.did) for one in found.items if one.is_active]


def open_schemas(page: PageCall) -> list[tuple[str, str]]:
    """The active credential schemas, with what they are called."""
    found = page.office.schemas.list(active=True, limit=100, cursor=None)
    return [(one.schema_id, f"{one.name} ({one.schema_id})") for one in found.items]


def make_token(page: PageCall) -> Reply:
    """POST /settings/tokens: the token stands in this answer and in no other."""
    form, person = page.form, page.person

    def act() -> Reply:
        seconds = form.number("days", TOKEN_LIFE.days) * 86_400
        token, secret = page.act(
            lambda uow, me: page.office.people.create_token(uow, me, person.user_id, form.text("name"), seconds),
            changes_registry=True,
        )
        return show(page, secret=(page._("Personal token %(name)s", name=token.name), secret.text))

    return answer(page, lambda status: show(page, status), act)


def revoke_token(page: PageCall) -> Reply:
    """POST /settings/tokens/{token_id}/revoke."""
    page.act(lambda uow, me: page.office.people.revoke_token(uow, me, page.params["token_id"]), changes_registry=True)
    return page.done(TOKENS, Toast(page._("The token is revoked. It opens nothing any more.")))


def show_new_key(page: PageCall, status: int = 200) -> Reply:
    """GET /settings/tokens/keys/new."""
    return show_tab(
        page,
        TOKENS,
        "settings/new_key.html",
        status=status,
        key_form=form_of(page, KEY_FORM),
        dids=own_issuer_dids(page),
        schemas=open_schemas(page),
        action=f"{TOKENS}/keys",
        back=TOKENS,
    )


def read_key_form(page: PageCall) -> dict[str, Any]:
    """What a form asks of a new API key, as its desk takes it."""
    form = page.form
    day = form.date("expires")
    return {
        "name": form.text("name"),
        "issuer_dids": form.many("issuer_dids"),
        "schemas": form.many("schemas") or None,
        "expires_at": datetime.combine(day, time(23, 59, 59), UTC) if day is not None else None,
        "issue_per_minute": form.number("issue_per_minute") or None,
    }


def make_key(page: PageCall) -> Reply:
    """POST /settings/tokens/keys: the key stands in this answer and in no other."""

    def act() -> Reply:
        wish = read_key_form(page)
        key, secret = page.act(lambda uow, me: page.office.api_keys.create(uow, me, **wish), changes_registry=True)
        return show(page, secret=(page._("API key %(name)s", name=key.name), secret.text))

    return answer(page, lambda status: show_new_key(page, status), act)


def rotate_key(page: PageCall) -> Reply:
    """POST /settings/tokens/keys/{key_id}/rotate."""

    def act() -> Reply:
        overlap = max(0, min(page.form.number("overlap_hours"), 168)) * 3600
        key, secret = page.act(
            lambda uow, me: page.office.api_keys.rotate(uow, me, page.params["key_id"], overlap),
            changes_registry=True,
        )
        return show(page, secret=(page._("API key %(name)s", name=key.name), secret.text))

    return answer(page, lambda status: show(page, status), act)


def revoke_key(page: PageCall) -> Reply:
    """POST /settings/tokens/keys/{key_id}/revoke."""
    page.act(lambda uow, me: page.office.api_keys.revoke(uow, me, page.params["key_id"]), changes_registry=True)
    return page.done(TOKENS, Toast(page._("The key is revoked. It opens nothing any more.")))


_SIGNED_IN: Final = PageAudience.SIGNED_IN
_KEYS: Final = f"{TOKENS}/keys"

PAGES: Final = (
    PageRoute("GET", TOKENS, _SIGNED_IN, show, fresh=True),
    PageRoute("POST", TOKENS, _SIGNED_IN, make_token, form=TOKEN_FORM, fresh=True),
    PageRoute("POST", f"{TOKENS}/{{token_id}}/revoke", _SIGNED_IN, revoke_token),
    PageRoute("GET", f"{_KEYS}/new", _SIGNED_IN, show_new_key, fresh=True),
    PageRoute("POST", _KEYS, _SIGNED_IN, make_key, form=KEY_FORM, fresh=True),
    PageRoute("POST", f"{_KEYS}/{{key_id}}/rotate", _SIGNED_IN, rotate_key, form=ROTATE_FORM, fresh=True),
    PageRoute("POST", f"{_KEYS}/{{key_id}}/revoke", _SIGNED_IN, revoke_key),
)
