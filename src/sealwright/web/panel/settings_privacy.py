"""Settings: a copy of one's own data, and erasing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.locales import N_
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.web.auth.cookies import end_cookie
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_form import Field, Form
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.settings_frame import PRIVACY, show_tab
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall, Toast

ERASE_FORM: Final = Form(Field("email", required=True, max_length=254))
NOT_YOURS: Final = N_("Type the e-mail address that you sign in with.")
_ERASE: Final = f"{PRIVACY}/erase"


def show(page: PageCall) -> Reply:
    """GET /settings/privacy."""
    return show_tab(page, PRIVACY, "settings/privacy.html")


def export(page: PageCall) -> Reply:
    """POST /settings/privacy/export: everything as one JSON file. A post, so that no link elsewhere can set it off."""
    content = dump_json(page.office.own_data.export(page.caller))
    return page.download(content, "my-data.json", "application/json")


def show_erase(page: PageCall, status: int = 200) -> Reply:
    """GET /settings/privacy/erase."""
    return show_tab(
        page,
        PRIVACY,
        "settings/erase.html",
        status=status,
        email=page.person.email,
        erase_form=form_of(page, ERASE_FORM),
    )


def erase(page: PageCall) -> Reply:
    """POST /settings/privacy/erase."""
    if page.form.text("email").casefold() != page.person.email.casefold():
        page.form.fail("email", NOT_YOURS)

    def act() -> tuple[str, Toast | None]:
        page.act(page.office.own_data.erase, changes_registry=True)
        page.set_cookie(end_cookie(page.office.public_url))
        return "/", None

    return save(page, lambda status: show_erase(page, status), act)


_SIGNED_IN: Final = PageAudience.SIGNED_IN

PAGES: Final = (
    PageRoute("GET", PRIVACY, _SIGNED_IN, show),
    PageRoute("POST", f"{PRIVACY}/export", _SIGNED_IN, export),
    PageRoute("GET", _ERASE, _SIGNED_IN, show_erase, fresh=True),
    PageRoute("POST", _ERASE, _SIGNED_IN, erase, form=ERASE_FORM, fresh=True),
)
