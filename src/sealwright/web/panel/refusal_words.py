"""What services refuse, in the reader's language: they speak English, elsewhere the code's own title says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sealwright.locales.catalogs import SOURCE_LANGUAGE
from sealwright.web.panel.page_form import REQUIRED
from sealwright.web.problems import CATALOG, detail_of, problem_for

if TYPE_CHECKING:
    from sealwright.locales.catalogs import Texts


def refusal_words(texts: Texts, error: Exception) -> str:
    """The sentence of a refusal as a whole."""
    return detail_of(error) if texts.language == SOURCE_LANGUAGE else _general(texts, problem_for(error).title)


def fault_words(texts: Texts, error: Exception, fault: Mapping[str, str]) -> str:
    """The sentence of one place that is wrong; `fault` is one of `faults_of`."""
    if texts.language == SOURCE_LANGUAGE:
        return fault["detail"]
    if fault["code"] == "MISSING_FIELD":
        # To whoever sees a form it is a field, not a member.
        return texts.gettext(REQUIRED)
    return _general(texts, CATALOG.get(fault["code"], problem_for(error)).title)


def _general(texts: Texts, title: str) -> str:
    return f"{texts.gettext(title)}."
