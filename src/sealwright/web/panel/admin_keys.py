"""API keys and DIDs of the whole office for admins (S11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.dids import DIDKind
from sealwright.locales import N_
from sealwright.services.did_documents import PROOF_TYPES
from sealwright.services.dids import DEFAULT_PROOF_TYPES, NewDID
from sealwright.web.panel.own_forms import answer, form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_tokens import KEY_FORM, ROTATE_FORM, open_schemas, own_issuer_dids, read_key_form
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

KEYS: Final = "/admin/desk/api-keys"
DIDS: Final = "/admin/desk/dids"
_METHODS: Final = ("adi", "web", "key", "jwk")
KIND_WORDS: Final = {
    DIDKind.HUMAN: N_("Human"),
    DIDKind.ORGANIZATION: N_("Organization"),
    DIDKind.AGENT: N_("Agent"),
    DIDKind.PLATFORM: N_("Platform"),
}
_KINDS: Final = (DIDKind.ORGANIZATION, DIDKind.HUMAN)
DID_FORM: Final = Form(
    Field("method", Kind.CHOICE, required=True, choices=_METHODS),
    Field("kind", Kind.CHOICE, required=True, choices=tuple(kind.value for kind in _KINDS)),
    Field("name", max_length=200),
    Field("path", max_length=100),
    Field("keys", Kind.CHOICE, many=True, choices=tuple(PROOF_TYPES)),
)
ROTATE_DID_FORM: Final = Form(Field("compromised", Kind.FLAG), Field("keys", Kind.CHOICE, choices=tuple(PROOF_TYPES)))
CURSOR: Final = Form(Field("cursor", max_length=500))
_MOST: Final = 50


# -- API keys --------------------------------------------------------------------------------------


def show_keys(page: PageCall, status: int = 200, secret: tuple[str, str] | None = None) -> Reply:
    """GET /admin/desk/api-keys."""
    keys = [(key, key.status_at(page.now)) for key in page.office.api_keys.list(page.caller)]
    return page.render("admin/api_keys.html", status=status, keys=keys, secret=secret, form=page.form)


def show_new_key(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/api-keys/new."""
    return page.render(
        "admin/new_key.html",
        status=status,
        key_form=form_of(page, KEY_FORM),
        dids=own_issuer_dids(page),
        schemas=open_schemas(page),
        action=KEYS,
        back=KEYS,
    )


def make_key(page: PageCall) -> Reply:
    """POST /admin/desk/api-keys: the key stands in this answer and in no other."""

    def act() -> Reply:
        wish = read_key_form(page)
        key, secret = page.act(lambda uow, me: page.office.api_keys.create(uow, me, **wish), changes_registry=True)
        return show_keys(page, secret=(page._("API key %(name)s", name=key.name), secret.text))

    return answer(page, lambda status: show_new_key(page, status), act)


def rotate_key(page: PageCall) -> Reply:
    """POST /admin/desk/api-keys/{key_id}/rotate."""

    def act() -> Reply:
        overlap = max(0, min(page.form.number("overlap_hours"), 168)) * 3600
        key, secret = page.act(
            lambda uow, me: page.office.api_keys.rotate(uow, me, page.params["key_id"], overlap),
            changes_registry=True,
        )
        return show_keys(page, secret=(page._("API key %(name)s", name=key.name), secret.text))

    return answer(page, lambda status: show_keys(page, status), act)


def revoke_key(page: PageCall) -> Reply:
    """POST /admin/desk/api-keys/{key_id}/revoke."""
    page.act(lambda uow, me: page.office.api_keys.revoke(uow, me, page.params["key_id"]), changes_registry=True)
    return page.done(KEYS, Toast(page._("The key is revoked. It opens nothing any more.")))


# -- DIDs ------------------------------------------------------------------------------------------


def show_dids(page: PageCall) -> Reply:
    """GET /admin/desk/dids."""
    found = page.office.dids.list(page.caller, limit=_MOST, cursor=page.query.optional("cursor"))
    return page.render(
        "admin/dids.html",
        rows=found.items,
        kinds={kind: page._(word) for kind, word in KIND_WORDS.items()},
        next_href=page.href(cursor=found.next_cursor) if found.next_cursor else None,
        is_first=not page.query.text("cursor"),
    )


def show_new_did(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/dids/new."""
    return page.render(
        "admin/new_did.html",
        status=status,
        did_form=form_of(page, DID_FORM),
        methods=[
            ("adi", page._("did:adi: this office answers for it")),
            ("web", page._("did:web: named by the public URL")),
            ("key", page._("did:key: the key itself; never changes")),
            ("jwk", page._("did:jwk: the key itself; never changes")),
        ],
        kinds=[(kind.value, page._(KIND_WORDS[kind])) for kind in _KINDS],
        keys=_key_choices(page),
    )


def _key_choices(page: PageCall) -> list[tuple[str, str]]:
    """The kinds of key, each with what it is good for."""
    return [
        ("Ed25519", page._("Ed25519: credentials that are shown whole; most wallets read them")),
        ("P-256", page._("P-256: the same where others ask for this kind of key; or shown in part, linkable")),
        ("BLS12-381-G2", page._("BLS12-381: credentials whose holders show a part that nobody can link to another")),
    ]


def make_did(page: PageCall) -> Reply:
    """POST /admin/desk/dids."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        wish = NewDID(
            method=form.text("method"),
            kind=DIDKind(form.text("kind")),
            name=form.optional("name"),
            path=form.optional("path"),
            proof_types=tuple(PROOF_TYPES[kind][0] for kind in PROOF_TYPES if kind in form.many("keys"))
            or DEFAULT_PROOF_TYPES,
        )
        page.act(lambda uow, me: page.office.dids.create(uow, me, wish), changes_registry=True)
        return DIDS, Toast(page._("The DID is made."))

    return save(page, lambda status: show_new_did(page, status), act)


def show_did(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/dids/{did}: its verification methods by purpose, versions, and what ending it would touch."""
    record = page.office.dids.get(page.params["did"])
    purposes: dict[str, list[Any]] = {}
    for method in record.methods:
        for purpose in method.purposes:
            purposes.setdefault(purpose, []).append(method)
    return page.render(
        "admin/did.html",
        status=status,
        record=record,
        kind=page._(KIND_WORDS[record.kind]),
        purposes=sorted(purposes.items()),
        versions=page.office.dids.versions(record.did),
        affected=page.office.dids.affected(record.did),
        is_fixed=record.method in {"key", "jwk"},
        keys=[("", page._("Every key of this DID")), *_key_choices(page)],
    )


def rotate_did(page: PageCall) -> Reply:
    """POST /admin/desk/dids/{did}/rotate."""
    did = page.params["did"]

    def act() -> tuple[str, Toast | None]:
        kind = page.form.optional("keys")
        proof_type = next((names[0] for one, names in PROOF_TYPES.items() if one == kind), None)
        is_out = page.form.flag("compromised")
        page.act(
            lambda uow, me: page.office.dids.rotate(uow, me, did, proof_type, compromised=is_out),
            changes_registry=True,
        )
        return page.path.rpartition("/")[0], Toast(page._("New keys sign from now on."))

    return save(page, lambda status: show_did(page, status), act)


def deactivate_did(page: PageCall) -> Reply:
    """POST /admin/desk/dids/{did}/deactivate."""
    did = page.params["did"]

    def act() -> tuple[str, Toast | None]:
        _, count = page.act(lambda uow, me: page.office.dids.deactivate(uow, me, did), changes_registry=True)
        said = page.ngettext(
            "Deactivated for good. It concerns %(num)s credential in force.",
            "Deactivated for good. It concerns %(num)s credentials in force.",
            count,
        )
        return page.path.rpartition("/")[0], Toast(said)

    return save(page, lambda status: show_did(page, status), act)


_A: Final = PageAudience.ADMIN


def _fresh(method: str, path: str, handler: Any, form: Form | None = None) -> PageRoute:
    return PageRoute(method, path, _A, handler, form=form or Form(), fresh=True)


PAGES: Final = (
    PageRoute("GET", KEYS, _A, show_keys),
    _fresh("GET", f"{KEYS}/new", show_new_key),
    _fresh("POST", KEYS, make_key, KEY_FORM),
    _fresh("POST", f"{KEYS}/{{key_id}}/rotate", rotate_key, ROTATE_FORM),
    _fresh("POST", f"{KEYS}/{{key_id}}/revoke", revoke_key),
    PageRoute("GET", DIDS, _A, show_dids, query=CURSOR),
    _fresh("GET", f"{DIDS}/new", show_new_did),
    _fresh("POST", DIDS, make_did, DID_FORM),
    PageRoute("GET", f"{DIDS}/{{did}}", _A, show_did),
    _fresh("POST", f"{DIDS}/{{did}}/rotate", rotate_did, ROTATE_DID_FORM),
    _fresh("POST", f"{DIDS}/{{did}}/deactivate", deactivate_did),
)
