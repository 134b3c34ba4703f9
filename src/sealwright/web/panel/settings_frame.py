"""What every tab of the settings has in common: the tabs themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.locales import N_

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall
    from sealwright.web.reply import Reply

PROFILE: Final = "/settings"
EMAILS: Final = "/settings/emails"
WALLETS: Final = "/settings/wallets"
SIGN_IN: Final = "/settings/sign-in"
NOTIFICATIONS: Final = "/settings/notifications"
ACCESS: Final = "/settings/access"
TOKENS: Final = "/settings/tokens"
PRIVACY: Final = "/settings/privacy"

TABS: Final = (
    (N_("Profile and language"), PROFILE),
    (N_("Verified emails"), EMAILS),
    (N_("Wallets and DIDs"), WALLETS),
    (N_("Passkeys and sessions"), SIGN_IN),
    (N_("Notifications"), NOTIFICATIONS),
    (N_("Access"), ACCESS),
    (N_("API keys"), TOKENS),
    (N_("Delegations"), "/delegations"),
    (N_("Privacy"), PRIVACY),
)


def show_tab(page: PageCall, path: str, template: str, *, status: int = 200, **values: Any) -> Reply:
    """Render a tab: `path` is where it stands, whatever was posted below it."""
    tabs = [(page._(label), href, None, href == path) for label, href in TABS]
    title = next(page._(label) for label, href in TABS if href == path)
    return page.render(template, status=status, tabs=tabs, tab_title=title, **values)
