"""Settings: wallet addresses and DIDs; proved by a signature, or typed and shown as unproved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.dids import Custody
from sealwright.domain.errors import DIDRecordNotFound
from sealwright.locales import N_
from sealwright.services.did_documents import PROOF_TYPES
from sealwright.services.profile import ProfileChanges
from sealwright.web.panel.own_forms import answer, form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_frame import WALLETS, show_tab
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealwright.domain.people import Caller
    from sealwright.services.ports import UnitOfWork
    from sealwright.web.panel.page_call import PageCall

ADDRESS: Final = Field("address", required=True, max_length=64)
LABEL: Final = Field("label", max_length=80)
DID: Final = Field("did", required=True, max_length=1000)
TYPED_FORM: Final = Form(ADDRESS, LABEL)
PROOF_FORM: Final = Form(
    ADDRESS,
    LABEL,
    Field("message", required=True, max_length=4000, keep_spaces=True),
    Field("signature", required=True, max_length=2000),
)
ONE_WALLET_FORM: Final = Form(ADDRESS, LABEL)
DID_FORM: Final = Form(DID)
MADE_DID_FORM: Final = Form(
    Field("keys", Kind.CHOICE, required=True, choices=("Ed25519", "P-256"), label=N_("Kind of key"))
)
DID_PROOF_FORM: Final = Form(DID, Field("proof", required=True, max_length=8192))
EXPORT_FORM: Final = Form(DID, Field("passphrase", required=True, max_length=256, keep_spaces=True))
_PROVE_WALLET: Final = f"{WALLETS}/prove"
_PROVE_DID: Final = f"{WALLETS}/dids/prove"


def show(page: PageCall, status: int = 200, **more: Any) -> Reply:
    """GET /settings/wallets."""
    values: dict[str, Any] = {
        "person": page.person,
        "typed_form": form_of(page, TYPED_FORM),
        "did_form": form_of(page, DID_FORM),
        "made_form": form_of(page, MADE_DID_FORM),
        "key_kinds": [
            ("Ed25519", page._("Ed25519: what most verifiers expect")),
            ("P-256", page._("P-256: where a verifier asks for it")),
        ],
        "custodial": {did for did in page.person.dids if _is_custodial(page, did)},
        **more,
    }
    return show_tab(page, WALLETS, "settings/wallets.html", status=status, **values)


def _is_custodial(page: PageCall, did: str) -> bool:
    try:
        record = page.office.dids.get(did)
    except DIDRecordNotFound:
        return False
    return record.owner_user_id == page.person.user_id and any(
        method.custody is Custody.SERVER for method in record.methods
    )


def _change(
    page: PageCall, act: Callable[[UnitOfWork, Caller], object], sentence: str, again: Callable[[int], Reply]
) -> Reply:
    def change() -> tuple[str, Toast | None]:
        page.act(act, changes_registry=True)
        return WALLETS, Toast(sentence)

    return save(page, again, change)


# -- wallets ---------------------------------------------------------------------------------------


def start_wallet(page: PageCall) -> Reply:
    """POST /settings/wallets: begin with an address; the next page holds the message to sign."""
    address = page.form.text("address")

    def act() -> Reply:
        made = page.act(lambda uow, me: page.office.wallets.challenge(uow, me, address))
        return _show_proof(page, made.text)

    return answer(page, lambda status: show(page, status), act)


def _show_proof(page: PageCall, message: str, status: int = 200) -> Reply:
    return show_tab(
        page,
        WALLETS,
        "settings/prove_wallet.html",
        status=status,
        message=message,
        address=page.form.text("address"),
        label=page.form.text("label"),
        proof_form=form_of(page, PROOF_FORM),
    )


def prove_wallet(page: PageCall) -> Reply:
    """POST /settings/wallets/prove."""
    form = page.form

    def add(uow: UnitOfWork, me: Caller) -> object:
        return page.office.wallets.add(
            uow,
            me,
            form.text("address"),
            form.text("message"),
            form.text("signature"),
            label=form.optional("label"),
        )

    return _change(
        page, add, page._("The address is proved."), lambda status: _show_proof(page, form.text("message"), status)
    )


def type_wallet(page: PageCall) -> Reply:
    """POST /settings/wallets/typed: on the person's word; shown as unproved."""
    form = page.form

    def add(uow: UnitOfWork, me: Caller) -> object:
        return page.office.wallets.add_typed(uow, me, form.text("address"), label=form.optional("label"))

    return _change(page, add, page._("The address is added, unproved."), lambda status: show(page, status))


def label_wallet(page: PageCall) -> Reply:
    """POST /settings/wallets/label."""
    form = page.form

    def label(uow: UnitOfWork, me: Caller) -> object:
        return page.office.wallets.label(uow, me, form.text("address"), form.optional("label"))

    return _change(page, label, page._("The label is saved."), lambda status: show(page, status))


def put_wallet_first(page: PageCall) -> Reply:
    """POST /settings/wallets/primary."""
    address = page.form.text("address")
    return _change(
        page,
        lambda uow, me: page.office.wallets.make_primary(uow, me, address),
        page._("The address comes first now."),
        lambda status: show(page, status),
    )


def remove_wallet(page: PageCall) -> Reply:
    """POST /settings/wallets/remove."""
    address = page.form.text("address")
    return _change(
        page,
        lambda uow, me: page.office.wallets.remove(uow, me, address),
        page._("The address is removed."),
        lambda status: show(page, status),
    )


# -- DIDs ------------------------------------------------------------------------------------------


def start_did(page: PageCall) -> Reply:
    """POST /settings/wallets/dids: the next page holds the challenge to sign."""
    did = page.form.text("did")

    def act() -> Reply:
        made = page.act(lambda uow, me: page.office.own_dids.challenge(uow, me, did))
        return _show_did_proof(page, made.text)

    return answer(page, lambda status: show(page, status), act)


def _show_did_proof(page: PageCall, challenge: str | None, status: int = 200) -> Reply:
    return show_tab(
        page,
        WALLETS,
        "settings/prove_did.html",
        status=status,
        challenge=challenge,
        did=page.form.text("did"),
        did_proof_form=form_of(page, DID_PROOF_FORM),
    )


def prove_did(page: PageCall) -> Reply:
    """POST /settings/wallets/dids/prove."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        # The DID may have to be looked up elsewhere, so no transaction is open meanwhile.
        proved = page.office.own_dids.check_proof(form.text("did"), form.text("proof"))
        page.act(lambda uow, me: page.office.own_dids.bind(uow, me, proved), changes_registry=True)
        return WALLETS, Toast(page._("The DID is yours here. New credentials can name it."))

    return save(page, lambda status: _show_did_proof(page, None, status), act)


def make_did(page: PageCall) -> Reply:
    """POST /settings/wallets/dids/make: a DID whose keys the office keeps."""
    proof_types = PROOF_TYPES["P-256" if page.form.text("keys") == "P-256" else "Ed25519"][:1]
    return _change(
        page,
        lambda uow, me: page.office.own_dids.make(uow, me, proof_types),
        page._("The DID is made. The office keeps its keys."),
        lambda status: show(page, status),
    )


def name_holder(page: PageCall) -> Reply:
    """POST /settings/wallets/dids/primary: the DID that new credentials name."""
    changes = ProfileChanges(holder_did=page.form.text("did"))
    return _change(
        page,
        lambda uow, me: page.office.profile.change(uow, me, changes),
        page._("New credentials name this DID."),
        lambda status: show(page, status),
    )


def remove_did(page: PageCall) -> Reply:
    """POST /settings/wallets/dids/remove."""
    did = page.form.text("did")
    return _change(
        page,
        lambda uow, me: page.office.own_dids.unbind(uow, me, did),
        page._("The DID is removed from your account."),
        lambda status: show(page, status),
    )


def show_export(page: PageCall, status: int = 200) -> Reply:
    """GET /settings/wallets/dids/export."""
    did = page.form.text("did") or page.query.text("did")
    return show_tab(
        page, WALLETS, "settings/export_keys.html", status=status, did=did, export_form=form_of(page, EXPORT_FORM)
    )


def export_keys(page: PageCall) -> Reply:
    """POST /settings/wallets/dids/export: the encrypted keys as a file."""
    form = page.form

    def act() -> Reply:
        sealed = page.act(
            lambda uow, me: page.office.own_dids.export(uow, me, form.text("did"), form.text("passphrase"))
        )
        return page.download(sealed.encode("ascii"), "keys.jwe", "application/jose")

    return answer(page, lambda status: show_export(page, status), act)


_SIGNED_IN: Final = PageAudience.SIGNED_IN
_EXPORT: Final = f"{WALLETS}/dids/export"


def _post(path: str, handler: Any, form: Form, *, fresh: bool = False) -> PageRoute:
    return PageRoute("POST", path, _SIGNED_IN, handler, form=form, fresh=fresh)


PAGES: Final = (
    PageRoute("GET", WALLETS, _SIGNED_IN, show),
    _post(WALLETS, start_wallet, TYPED_FORM),
    _post(_PROVE_WALLET, prove_wallet, PROOF_FORM),
    _post(f"{WALLETS}/typed", type_wallet, TYPED_FORM),
    _post(f"{WALLETS}/label", label_wallet, ONE_WALLET_FORM),
    _post(f"{WALLETS}/primary", put_wallet_first, ONE_WALLET_FORM),
    _post(f"{WALLETS}/remove", remove_wallet, ONE_WALLET_FORM),
    _post(f"{WALLETS}/dids", start_did, DID_FORM),
    _post(f"{WALLETS}/dids/make", make_did, MADE_DID_FORM),
    _post(_PROVE_DID, prove_did, DID_PROOF_FORM),
    _post(f"{WALLETS}/dids/primary", name_holder, DID_FORM),
    _post(f"{WALLETS}/dids/remove", remove_did, DID_FORM),
    PageRoute("GET", _EXPORT, _SIGNED_IN, show_export, query=Form(Field("did", max_length=1000)), fresh=True),
    _post(_EXPORT, export_keys, EXPORT_FORM, fresh=True),
)
