"""Pictures of every page for the guide: the demo's office, opened as the right person, written as WebP.

Run as ``python -m tests.pages.pictures`` (``make pictures``), or with names of pictures to take only those. The clock
begins at a fixed moment and the data are the demo's, so pictures change only where pages do, ids aside.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tests.pages import picture_batches as batches
from tests.pages import picture_delegations as delegations
from tests.pages.checks import lay_out_all
from tests.pages.chromium import launched
from tests.pages.serving import ROOT, PageSite, page_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER: Final = ROOT / "docs" / "images" / "pages"
WIDTH, HEIGHT, TALLEST = 1280, 860, 1600
PHONE_WIDTH, PHONE_HEIGHT, PHONE_TALLEST = 390, 844, 1500
QUALITY: Final = 78
LOST: Final = 404
REFUSED: Final = 403


class NotTaken(Exception):
    """A page is not there, or answers otherwise than it should."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One page to be taken.

    Args:
        name: Of its files, without look and ending.
        who: Name of a demo person before the @ sign; None for nobody.
        path: Where it is.
        link: A link on that page (CSS) that leads to the page meant, for pages of one thing.
        then: What is done before the picture is taken.
        is_whole: False takes the window alone, for dialogs.
    """

    name: str
    who: str | None
    path: str
    link: str | None = None
    then: Callable[[Page], None] | None = None
    is_whole: bool = True
    on_phone: bool = False
    status: int = 200


def _open_dialog(page: Page) -> None:
    page.locator("a.title").first.click()
    page.locator("#dialog #dialog-title").wait_for()
    page.locator("#dialog").get_by_label("Change Approval Status").select_option("approved")
    page.locator("#dialog #effect-here .effect:not(.none)").wait_for()


def _open_palette(page: Page) -> None:
    page.keyboard.press("ControlOrMeta+k")
    page.locator("#dialog #palette-q").wait_for()


def _begin_work(page: Page) -> None:
    """Claim the step that is open and start it, unless another picture has; ends where it is handed in."""
    claim = page.locator('main form[action$="/claim"] button')
    if claim.count():
        claim.first.click()
        page.wait_for_url("**/improver/steps")
        page.locator('main form[action$="/start"] button').first.click()
        page.wait_for_url("**/improver/workflows/**")
    else:
        page.locator('main a[href^="/improver/steps"]').first.click()
        page.locator('main h3 a[href^="/improver/workflows/"]').first.click()
        page.wait_for_url("**/improver/workflows/**")
    page.locator("#toasts").evaluate("toasts => toasts.replaceChildren()")


def _see_steps(page: Page) -> None:
    _begin_work(page)
    page.locator('main nav a[href="/improver/steps"]').first.click()
    page.wait_for_url("**/improver/steps")


def _write_another(page: Page) -> None:
    """Hand in a workflow like the one that is there, for the voters' pictures; ends in the editor of one more."""
    start = page.url
    if page.locator("tbody tr").filter(has_text="Pending").count() == 0:
        page.locator('a[href*="?like="]').first.click()
        page.locator('#editor button[value="submit"]').click()
        page.wait_for_url("**/workflows/wfl_*")
        page.goto(start)
    page.locator('a[href*="?like="]').last.click()
    page.wait_for_url("**/proposer/workflows/new?like=*")


def _preview(page: Page) -> None:
    _write_another(page)
    page.locator('[name="held"]').first.check()
    page.locator('#editor button[value="preview"]').click()
    page.locator("#preview .preview-line").first.wait_for()
    # The window shows the beginning of a page; the preview stands at its end.
    page.evaluate("document.querySelectorAll('#editor > section:nth-of-type(-n+3)').forEach((one) => one.remove())")


def _show_code(page: Page) -> None:
    page.get_by_role("button", name="Show a QR code").click()
    page.locator(".qr svg").first.wait_for()


def _open_public_page(page: Page) -> None:
    page.get_by_label("Show claims").check()
    page.locator('input[name="shown"]').first.check()
    page.locator('main form[action$="/share"] button').first.click()
    page.get_by_role("link", name="Open the public page").wait_for()
    page.goto(page.get_by_role("link", name="Open the public page").get_attribute("href") or "")


def _choose_a_part(page: Page) -> None:
    """Tick the university of a degree, and read what a verifier will."""
    page.get_by_label("University").check()
    page.locator(".unseen").wait_for()


def _link_a_part(page: Page) -> None:
    """Make a link of it."""
    _choose_a_part(page)
    page.get_by_role("button", name="Make a link for a verifier").click()
    page.locator("#links").wait_for()
    page.locator("#toasts").evaluate("toasts => toasts.replaceChildren()")


def _see_a_part(page: Page) -> None:
    """Open the link as a verifier does."""
    _link_a_part(page)
    page.goto(page.locator("[data-copy*='/v/d/']").first.get_attribute("data-copy") or "")


def _ask_a_wallet(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Show the code").click()
    page.wait_for_url("**/verify/ask/prs_*/*")


# One who holds a credential and was once refused another; one whom a reviewer has asked something.
_PERSON: Final = "person37"
_ASKED: Final = "person06"
# A degree of which a part can be shown; made for the pictures.
_DEGREE: Final = "{degree}"
_PART: Final = f"/improver/credentials/{_DEGREE}/disclose"
# One to whom the workflow's first step is open.
_WORKER: Final = "person22"
_HOLDER: Final = 'a[href^="/issuer/holders/usr"]'
_OWN: Final = 'a[href^="/improver/credentials/"]'
_APPROVED: Final = "/issuer?status=approved"
_TYPES: Final = "/admin/desk/credential-types"
_DESK: Final = "/admin/desk"

PICTURES: Final = (
    Picture("front", None, "/", on_phone=True),
    Picture("login", None, "/login", on_phone=True),
    Picture("login-recovery", None, "/login/recovery"),
    Picture("login-register", None, "/login/register"),
    Picture("improver", _WORKER, "/improver", on_phone=True),
    Picture("improver-closed", "improver", "/improver"),
    Picture("improver-workflow", _WORKER, "/improver", then=_begin_work, on_phone=True),
    Picture("improver-steps", _WORKER, "/improver", then=_see_steps, on_phone=True),
    Picture("improver-types", "improver", "/improver/requests/new"),
    Picture("improver-form", "improver", "/improver/requests/new/sfluv_verifier", on_phone=True),
    Picture("improver-requests", _PERSON, "/improver/requests"),
    Picture("improver-thread", _ASKED, "/improver/requests", 'a[href^="/improver/requests/req"]', on_phone=True),
    Picture("improver-credentials", _PERSON, "/improver/credentials"),
    Picture("improver-credential", _PERSON, "/improver/credentials", _OWN),
    Picture("improver-code", _PERSON, "/improver/credentials", _OWN, then=_show_code, on_phone=True),
    Picture("disclose", "improver", _PART, then=_choose_a_part, on_phone=True),
    Picture("disclose-link", "improver", _PART, then=_link_a_part),
    Picture("disclosed", "improver", _PART, then=_see_a_part, on_phone=True),
    Picture("disclose-answer", "improver", "/improver/answer"),
    Picture("delegations", "proposer", "/delegations", on_phone=True),
    Picture("delegation-new", "proposer", "/delegations/new", then=delegations.fill_in, on_phone=True),
    Picture("delegation-confirm", "proposer", "/delegations/new", then=delegations.confirm, on_phone=True),
    Picture("delegation", "proposer", f"/delegations/{delegations.ROOT}", then=delegations.ask, on_phone=True),
    Picture(
        "delegation-revoke",
        "proposer",
        f"/delegations/{delegations.ROOT}",
        then=delegations.open_revoking,
        is_whole=False,
        on_phone=True,
    ),
    Picture("delegation-question", "proposer", f"/delegations/approvals/{delegations.QUESTION}", on_phone=True),
    Picture("delegation-agent", "proposer", "/delegations/agents/did%3Aadi%3Aagent%3A7f3a"),
    Picture("delegations-office", "admin", "/admin/desk/delegations"),
    Picture("claim", None, "/claim", on_phone=True),
    Picture("verify", None, "/verify", on_phone=True),
    Picture("verified", _PERSON, "/improver/credentials", _OWN, then=_open_public_page, on_phone=True),
    Picture("verify-ask", None, "/verify/ask", then=_ask_a_wallet),
    Picture("issuer", "issuer", "/issuer", on_phone=True),
    Picture("request-dialog", "issuer", "/issuer", then=_open_dialog, is_whole=False, on_phone=True),
    Picture("request", "issuer", "/issuer", "a.title", on_phone=True),
    Picture("request-approved", "issuer", _APPROVED, "a.title"),
    Picture("palette", "issuer", "/issuer", then=_open_palette, is_whole=False),
    Picture("holders", "issuer", "/issuer/holders", on_phone=True),
    Picture("holder", "issuer", _APPROVED, f"a.title >> {_HOLDER}", on_phone=True),
    Picture("grant", "issuer", _APPROVED, f"a.title >> {_HOLDER} >> +/grant"),
    Picture("revoke", "issuer", _APPROVED, f'a.title >> {_HOLDER} >> a[href*="/revoke?grant="]'),
    Picture("credential", "issuer", _APPROVED, f'a.title >> {_HOLDER} >> a[href^="/issuer/credentials/"]'),
    Picture("batches-upload", "issuer", "/batches/new", then=batches.begin),
    Picture("batches-columns", "issuer", "/batches/new", then=batches.send),
    Picture("batches-check", "issuer", "/batches/new", then=batches.check),
    Picture("batches-row", "issuer", "/batches/new", then=batches.open_row),
    Picture("batches-confirm", "issuer", "/batches/new", then=batches.confirm),
    Picture("batch", "issuer", "/batches/new", then=batches.run, on_phone=True),
    Picture("batches", "issuer", "/batches"),
    Picture("proposer-editor", "proposer", "/proposer", then=_write_another, on_phone=True),
    Picture("proposer-preview", "proposer", "/proposer", then=_preview),
    Picture("votes", "voter1", "/workflows"),
    Picture("workflow", "voter1", "/workflows", "a.title", on_phone=True),
    Picture("analytics", "issuer", "/analytics", on_phone=True),
    Picture("inbox", "issuer", "/inbox", on_phone=True),
    Picture("search", "issuer", "/search?q=an"),
    Picture("settings", "issuer", "/settings", on_phone=True),
    Picture("settings-emails", "issuer", "/settings/emails"),
    Picture("settings-wallets", "issuer", "/settings/wallets"),
    Picture("settings-sign-in", "issuer", "/settings/sign-in"),
    Picture("settings-notifications", "issuer", "/settings/notifications"),
    Picture("settings-access", "improver", "/settings/access"),
    Picture("settings-tokens", "issuer", "/settings/tokens"),
    Picture("settings-privacy", "issuer", "/settings/privacy"),
    Picture("admin", "admin", "/admin", on_phone=True),
    Picture("admin-issuer-requests", "admin", f"{_DESK}/issuer-requests"),
    Picture("admin-issuers", "admin", f"{_DESK}/issuers", on_phone=True),
    Picture("admin-admissions", "admin", f"{_DESK}/improvers?state=all"),
    Picture("admin-users", "admin", f"{_DESK}/users"),
    Picture("admin-user", "admin", f"{_DESK}/users", 'a[href^="/admin/desk/users/usr"]'),
    Picture("admin-types-list", "admin", _TYPES),
    Picture("admin-types", "admin", f"{_TYPES}/dpw_certified"),
    Picture("admin-types-new", "admin", f"{_TYPES}/new"),
    Picture("admin-workflows", "admin", f"{_DESK}/workflows"),
    Picture("admin-api-keys", "admin", f"{_DESK}/api-keys"),
    Picture("admin-webhooks", "admin", f"{_DESK}/webhooks/new"),
    Picture("admin-dids", "admin", f"{_DESK}/dids"),
    Picture("admin-did", "admin", f"{_DESK}/dids/did%3Aadi%3Aissuer001"),
    Picture("admin-audit", "admin", f"{_DESK}/audit"),
    Picture("admin-outbox", "admin", f"{_DESK}/outbox"),
    Picture("admin-system", "admin", f"{_DESK}/system"),
    Picture("refused", "improver", "/admin", status=REFUSED),
    Picture("lost", "issuer", "/nothing-is-here", status=LOST),
)


def _address(url: str) -> str:
    """The same address by the name of loopback: browsers give passkeys to names, not to numbers."""
    return url.replace("127.0.0.1", "localhost", 1)


def _capture(page: Page, name: str, look: str, *, scale: float = 1) -> None:
    """Write what the window shows, through DevTools, which alone knows WebP."""
    devtools = page.context.new_cdp_session(page)
    size = page.viewport_size
    assert size is not None
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": scale}
    taken = devtools.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip})
    devtools.detach()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}-{look}.webp").write_bytes(base64.b64decode(taken["data"]))


def _fit(page: Page, width: int, least: int, tallest: int, *, is_whole: bool) -> None:
    """Make the window as tall as the page, within limits, so that what sticks to its edges stands where it belongs."""
    page.set_viewport_size({"width": width, "height": least})
    page.evaluate("scrollTo(0, 0)")
    lay_out_all(page)
    if is_whole:
        height = int(page.evaluate("document.documentElement.scrollHeight"))
        page.set_viewport_size({"width": width, "height": min(max(height, least), tallest)})
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(120)


def take(page: Page, name: str, *, is_whole: bool = True, on_phone: bool = False) -> None:
    """Light and dark of a page as it stands, and on a phone where that is asked for."""
    _fit(page, WIDTH, HEIGHT, TALLEST, is_whole=is_whole)
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        page.wait_for_timeout(300)
        _capture(page, name, look)
    page.emulate_media(color_scheme="light")
    if on_phone:
        _fit(page, PHONE_WIDTH, PHONE_HEIGHT, PHONE_TALLEST, is_whole=is_whole)
        _capture(page, name, "phone", scale=1.5)


@contextmanager
def _window(browser: Browser, site: PageSite, who: str | None) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme="light",
        locale="en-US",
        reduced_motion="reduce",
    )
    try:
        if who is not None:
            context.add_cookies([{"name": "sealwright", "value": site.cookies[who], "url": _address(site.url)}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        yield page
    finally:
        context.close()


def _go(page: Page, url: str, status: int = 200) -> None:
    answer = page.goto(_address(url))
    if answer is None or answer.status != status:
        raise NotTaken(f"{url}: {answer.status if answer else 'no answer'}")


def _follow(page: Page, site: PageSite, links: str) -> None:
    """Go along links, one page after the other; ``+/x`` goes to the page below the present one."""
    for link in links.split(" >> "):
        if link.startswith("+"):
            _go(page, page.url.partition("?")[0] + link[1:])
            continue
        href = page.locator(link).first.get_attribute("href")
        _go(page, f"{site.url}{href}")


def take_one(browser: Browser, site: PageSite, one: Picture) -> None:
    """Open a page as the right person and take its pictures."""
    with _window(browser, site, one.who) as page:
        _go(page, f"{site.url}{one.path}", one.status)
        if one.link is not None:
            _follow(page, site, one.link)
        if one.then is not None:
            one.then(page)
        take(page, one.name, is_whole=one.is_whole, on_phone=one.on_phone)


def _try_one(browser: Browser, site: PageSite, one: Picture) -> str | None:
    """Take one page's pictures; gives what went wrong, so that the others are taken all the same."""
    from playwright.sync_api import Error

    try:
        take_one(browser, site, one)
    except (Error, NotTaken) as error:
        return f"{one.name}: {error}"
    print(one.name, flush=True)
    return None


def take_setup(browser: Browser) -> None:
    """The setup, in an office that nobody has set up: the account, the parts, and the end."""
    with page_site(demo=False) as site, _window(browser, site, None) as page:
        found = re.search(r"http://[^\s\"]+/setup/[^\s\"]+", site.run(["setup-link"]))
        if found is None:
            raise NotTaken("setup-link printed no link")
        _go(page, found[0])
        take(page, "setup-account", on_phone=True)
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.get_by_label("Your name").fill("Ada Admin")
        page.get_by_label("E-mail address").fill("ada@example.org")
        page.get_by_label("Password").fill("correct horse battery staple")
        page.get_by_role("button", name="Make the account").click()
        page.get_by_role("heading", name="Set up this office").wait_for()
        take(page, "setup")
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.get_by_role("button", name="Use defaults").click()
        page.get_by_role("heading", name="The office is open").wait_for()
        take(page, "setup-finished")


def _with_addresses(site: PageSite, wanted: list[Picture]) -> list[Picture]:
    """The same pictures with the addresses of what is made for them, where any needs it."""
    places: dict[str, str] = {}
    if any(_DEGREE in one.path for one in wanted):
        from tests.pages.test_disclosure_journey import NEWER, university

        places[_DEGREE] = university(site).issue(NEWER)
    if any("/delegations" in one.path for one in wanted):
        places |= delegations.prepare(site)
    return [replace(one, path=_filled(one.path, places)) for one in wanted]


def _filled(path: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        path = path.replace(name, place)
    return path


def main(names: list[str]) -> None:
    """Take all pictures, or those named; ``setup`` takes the whole setup."""
    wanted = [one for one in PICTURES if not names or one.name in names]
    failed: list[str] = []
    with launched() as browser:
        if wanted:
            with page_site() as site:
                wanted = _with_addresses(site, wanted)
                failed = [problem for one in wanted if (problem := _try_one(browser, site, one)) is not None]
        if not names or "setup" in names:
            take_setup(browser)
            print("setup", flush=True)
    sizes = [path.stat().st_size for path in FOLDER.glob("*.webp")]
    print(f"{len(sizes)} pictures, {sum(sizes) / 1e6:.1f} MB in {FOLDER.relative_to(ROOT)}")
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
