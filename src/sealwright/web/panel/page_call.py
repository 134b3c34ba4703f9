"""One call of a page as its handler sees it: who looks, what they sent, and how to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urlencode

from sealwright.domain.errors import NotSignedIn
from sealwright.services.csv_text import Cell, write_csv
from sealwright.web.panel.appearance import COOKIE_SECONDS, Appearance, small_cookie
from sealwright.web.panel.page_form import NO_FORM, Form, FormData
from sealwright.web.panel.refusal_words import fault_words, refusal_words
from sealwright.web.panel.rendering import Viewer, render
from sealwright.web.panel.shell import shell_of
from sealwright.web.panel.toasts import COOKIE as TOAST_COOKIE
from sealwright.web.panel.toasts import COOKIE_SECONDS as TOAST_SECONDS
from sealwright.web.panel.toasts import Toast, is_own_path
from sealwright.web.problems import faults_of, problem_for
from sealwright.web.reply import HTML, Headers, Reply, encode, header_text

if TYPE_CHECKING:
    from sealwright.domain.people import Caller, Person
    from sealwright.locales import Texts
    from sealwright.services.office import Office
    from sealwright.services.ports import UnitOfWork
    from sealwright.services.registry import RegistryView
    from sealwright.web.exchange import Exchange
    from sealwright.web.incoming import IncomingBody
    from sealwright.web.panel.page_route import PageRoute

__all__ = ["PageCall", "Toast", "is_own_path"]

T = TypeVar("T")

LOGIN: Final = "/login"
# The event that a partial answer raises when an act is done; app.js closes the dialog and loads its region anew.
TOAST_ALONE: Final = "toast_alone.html"
SAVED_EVENT: Final = "sealwright:saved"
# Spreadsheets take a file without it for one in an older encoding.
UTF8_MARK: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class PageCall:
    """A call that has passed the page door, or is on its way through it.

    Args:
        params: Path parameters, decoded.
        appearance: Language, theme, density and zone of the viewer.
        form: What a POST carried, read by the route's form.
        query_string: The query as it was sent.
        query: What the query carried, read by the route's query.
        asks_store: False where the store may be gone, and the page must do without it.
        toast: What was done just before, to be said on the next whole page.
        body: What was sent, unread; only where the route streams.
    """

    office: Office
    route: PageRoute
    exchange: Exchange
    params: Mapping[str, str]
    executor: Executor
    appearance: Appearance
    query_string: str = ""
    form: FormData = field(default_factory=lambda: FormData.blank(NO_FORM))
    query: FormData = field(default_factory=lambda: FormData.blank(NO_FORM))
    signed_in: Caller | None = None
    known_view: RegistryView | None = None
    asks_store: bool = True
    toast: Toast | None = None
    body: IncomingBody | None = None
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    # -- who and when ------------------------------------------------------------------------------

    @property
    def caller(self) -> Caller:
        """Who calls; only for routes that let nobody else in."""
        if self.signed_in is None:
            raise NotSignedIn("Sign in first.")
        return self.signed_in

    @property
    def person(self) -> Person:
        """The person who is signed in."""
        person = self.caller.person
        if person is None:
            raise NotSignedIn("Sign in first.")
        return person

    @property
    def now(self) -> datetime:
        """The moment of this call."""
        return self.office.clock.now()

    @property
    def zone(self) -> tzinfo:
        """Where the viewer's times are shown."""
        return self.appearance.zone

    @property
    def is_partial(self) -> bool:
        """Tell whether only a fragment is asked for."""
        return self.exchange.header(b"hx-request-type") == "partial"

    @property
    def is_dialog(self) -> bool:
        """Tell whether the fragment is to stand in a dialog."""
        return self.is_partial and self.exchange.header(b"hx-target") in {"dialog", "dialog#dialog", "#dialog"}

    def badge_picture(self, credential_type: str) -> str | None:
        """Where the badge of a credential type is shown; None where it has none that anybody may see. May block."""
        digest = self.view().public_pictures().badges.get(credential_type) if self.asks_store else None
        return f"/pictures/{digest}" if digest is not None else None

    def view(self) -> RegistryView:
        """The registry as of this call; may block."""
        if self.known_view is None:
            self.known_view = self.office.registry.current()
        return self.known_view

    # -- texts -------------------------------------------------------------------------------------

    @property
    def texts(self) -> Texts:
        """The viewer's language."""
        return self.appearance.texts

    def _(self, text: str, /, **values: Any) -> str:
        """A text in the viewer's language."""
        return self.texts.gettext(text, **values)

    def ngettext(self, one: str, many: str, num: int, /, **values: Any) -> str:
        """A text for a count, which it names as ``%(num)s``."""
        return self.texts.ngettext(one, many, num, **values)

    # -- doing -------------------------------------------------------------------------------------

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work without holding up the other calls; for coroutine handlers."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, work)

    def act(self, act: Callable[[UnitOfWork, Caller], T], *, changes_registry: bool = False) -> T:
        """Carry out one act of the caller in one transaction. Blocking."""
        return self.office.acts.run(self.caller, act, changes_registry=changes_registry)

    # -- answering ---------------------------------------------------------------------------------

    def render(
        self,
        template: str,
        *,
        partial: str | None = None,
        dialog: str | None = None,
        status: int = 200,
        toast: Toast | None = None,
        **values: object,
    ) -> Reply:
        """A page; or, when a fragment is asked for and `partial` (or, into a dialog, `dialog`) is named, that block."""
        block = dialog if self.is_dialog and dialog is not None else partial
        if not self.is_partial:
            block = None
        return self._rendered(template, block, status, toast, values)

    def _rendered(
        self, template: str, block: str | None, status: int, toast: Toast | None, values: Mapping[str, object]
    ) -> Reply:
        viewer = Viewer(self.texts, self.zone, self.now, self._form_token())
        given = {"page": self, "form": self.form, "query": self.query, "toast": toast, **values}
        if block is None:
            given |= {"shell": shell_of(self), "toast": toast or self._carried_toast()}
            text = render(template, given, viewer=viewer)
        else:
            text = render(template, given, viewer=viewer, block=block)
            if toast is not None:
                text += render(TOAST_ALONE, given, viewer=viewer)
        return Reply(status, text.encode("utf-8"), HTML, tuple(self.headers))

    def _form_token(self) -> str:
        if self.signed_in is None or self.signed_in.session_id is None:
            return ""
        return self.office.sessions.csrf_token(self.signed_in)

    def _carried_toast(self) -> Toast | None:
        if self.toast is not None:
            self._small_cookie(TOAST_COOKIE, "", 0)
        return self.toast

    def redirect(self, path: str) -> Reply:
        """Send the browser to another page of ours after a post."""
        where = header_text(path)
        if self.is_partial:
            return Reply(200, b"", HTML, ((b"hx-redirect", where), *self.headers))
        return Reply(303, b"", None, ((b"location", where), *self.headers))

    def done(self, path: str, toast: Toast | None = None) -> Reply:
        """Answer a post that did what was asked.

        A whole page goes on to `path`, where the toast is said. For a fragment the toast comes at once, with the event
        that makes app.js close the dialog and load its region anew.
        """
        if self.is_partial:
            event = encode({SAVED_EVENT: {"path": path}})
            self.headers.append((b"hx-trigger", header_text(event.decode("ascii", "replace"))))
            viewer = Viewer(self.texts, self.zone, self.now, self._form_token())
            said = render(TOAST_ALONE, {"toast": toast}, viewer=viewer)
            return Reply(200, said.encode("utf-8"), HTML, tuple(self.headers))
        if toast is not None:
            self._small_cookie(TOAST_COOKIE, toast.cookie_value, TOAST_SECONDS)
        return self.redirect(path)

    def invalid(self, template: str, **values: Any) -> Reply:
        """The page with its form again: 422, every fault beside its field, what was typed kept."""
        return self.render(template, status=422, **values)

    def failed(self, error: Exception, template: str, **values: Any) -> Reply:
        """The page with its form again after a service refused: faults tied to fields, the rest on top of the form.

        Errors that belong to nobody's form (not allowed, not there, ours) are raised again for the door.
        """
        problem = problem_for(error)
        if problem.status not in {400, 409, 413, 422, 429}:
            raise error
        self.take_faults(error)
        return self.render(template, status=problem.status, problem_code=problem.code, **values)

    def take_faults(self, error: Exception) -> None:
        """Tie what a service found wrong to the fields of the form; what belongs to none, to the form itself."""
        faults = faults_of(error)
        for fault in faults:
            name = fault["pointer"].lstrip("/").replace("/", ".")
            known = next((one for one in (name, name.partition(".")[0]) if self.form.form.field(one) is not None), "")
            self.form.fail_in_words(known, fault_words(self.texts, error, fault))
        if not faults:
            self.form.fail_in_words("", refusal_words(self.texts, error))

    def download(self, content: bytes, name: str, media_type: str = "application/octet-stream") -> Reply:
        """A file to be kept, never shown in place."""
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        headers: Headers = ((b"content-disposition", disposition.encode("ascii")), *self.headers)
        return Reply(200, content, media_type.encode("ascii"), headers)

    def csv(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]], name: str) -> Reply:
        """Rows as a CSV file in UTF-8 with a mark, as spreadsheets want it; no cell can be taken for a formula."""
        return self.download(UTF8_MARK + b"".join(write_csv(columns, rows)), name, "text/csv; charset=utf-8")

    def keep_appearance(self, appearance: Appearance) -> None:
        """Keep the viewer's choice in their browser."""
        self.appearance = appearance
        self._small_cookie("sealwright_look", appearance.cookie_value, COOKIE_SECONDS)

    def set_cookie(self, header: tuple[bytes, bytes]) -> None:
        """Add a cookie's header to whatever is answered (web/auth/cookies.py makes the session's)."""
        self.headers.append(header)

    def _small_cookie(self, name: str, value: str, seconds: int) -> None:
        secure = self.office.public_url.startswith("https://")
        self.headers.append(small_cookie(name, value, seconds, secure=secure))

    # -- addresses ---------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The path that was asked for."""
        return self.exchange.instance

    def href(self, **changes: object) -> str:
        """This page with other query parameters: None drops one, a list gives it several times."""
        pairs = [(name, value) for name, value in self.query.pairs() if name not in changes]
        for name, value in changes.items():
            many = value if isinstance(value, (list, tuple)) else (value,)
            pairs += [(name, str(one)) for one in many if one is not None and one != ""]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    @property
    def here(self) -> str:
        """The path and query that were asked for; of a POST's page only a path that can be asked for again is ours."""
        return self.href()

    def next_path(self, fallback: str = "/") -> str:
        """Where the form or query says to go on, if that is a path of this site."""
        wanted = self.form.text("next") or self.query.text("next")
        return wanted if is_own_path(wanted) else fallback

    def fresh_form(self, form: Form) -> FormData:
        """A blank form, for pages with several of which none was sent."""
        return FormData.blank(form)
