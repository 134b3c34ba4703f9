"""Pages with several forms: which of them was sent, and posts that belong to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import DomainError, FreshSignInRequired, NotFound, NotSignedIn, RoleRequired
from sealwright.locales.catalogs import SOURCE_LANGUAGE
from sealwright.vc.errors import VcError
from sealwright.web.panel.page_form import Form, FormData
from sealwright.web.panel.refusal_words import refusal_words
from sealwright.web.problems import detail_of, faults_of, problem_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealwright.web.panel.page_call import PageCall, Toast
    from sealwright.web.reply import Reply

# What a post can be told on its own page; everything else is a page of its own (not there, not allowed, our fault).
_TOLD_IN_PLACE: Final = frozenset({400, 401, 403, 409, 410, 413, 415, 422, 429})
# Being refused for what one asked is a fault of the form; being refused for who one is stands apart.
_AS_FAULT: Final = frozenset({400, 401, 403})


def form_of(page: PageCall, form: Form) -> FormData:
    """What was sent for one of a page's forms, or that form blank where another, or none, was sent."""
    return page.form if page.form.form is form else FormData.blank(form)


def save(page: PageCall, again: Callable[[int], Reply], act: Callable[[], tuple[str, Toast | None]]) -> Reply:
    """Carry out a post: on success go where `act` says; what is refused is told beside the form that was sent.

    Args:
        again: Renders the page with its forms, under a status.
        act: Does the work; gives where to go, and the toast to say there.
    """
    return answer(page, again, lambda: page.done(*act()))


def answer(page: PageCall, again: Callable[[int], Reply], act: Callable[[], Reply]) -> Reply:
    """Carry out a post that is answered at once: with a secret shown this once, a file, or the next step's page.

    Args:
        again: As `save`.
        act: Does the work, and gives the answer.
    """
    if page.form.errors:
        return again(422)
    try:
        return act()
    except (NotFound, NotSignedIn, FreshSignInRequired, RoleRequired):
        raise
    except (DomainError, VcError) as error:
        status = problem_for(error).status
        if status not in _TOLD_IN_PLACE:
            raise
        tell(page, error)
        return again(422 if status in _AS_FAULT else status)


def tell(page: PageCall, error: Exception, names: dict[str, str] | None = None) -> None:
    """Put a refusal beside the fields that it is about, or on top of the form that was sent.

    Args:
        names: Fields by what the service calls them, where the form calls them otherwise.
    """
    faults = [(fault["pointer"].lstrip("/").replace("/", "."), fault["detail"]) for fault in faults_of(error)]
    for pointer, detail in faults or [("", detail_of(error))]:
        name = (names or {}).get(pointer, pointer)
        known = page.form.form.field(name) is not None and name != ""
        page.form.fail_in_words(name if known else "", _sentence(page, error, detail))


def _sentence(page: PageCall, error: Exception, detail: str) -> str:
    """Services speak English; elsewhere the problem's title says it, which every language has."""
    if page.texts.language != SOURCE_LANGUAGE:
        return refusal_words(page.texts, error)
    return detail if detail[:1].isupper() else f"{detail[:1].upper()}{detail[1:]}."
