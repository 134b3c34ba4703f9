"""Which language somebody reads: their own choice, then their browser's, then the office's."""

from __future__ import annotations

from collections.abc import Collection

_MOST_RANGES = 20


def choose_language(
    offered: Collection[str], *, chosen: str | None = None, accept: str | None = None, fallback: str = "en"
) -> str:
    """Choose among the languages that are offered.

    Args:
        chosen: What the person settled on, if anything.
        accept: The browser's ``Accept-Language``; what is malformed in it is passed over.

    Spec: RFC 9110, "Accept-Language"; matched as in RFC 4647, "Lookup".
    """
    if chosen in offered and chosen is not None:
        return chosen
    for wanted in _by_weight(accept or ""):
        subtags = wanted.split("-")
        while subtags:
            for language in offered:
                if language.lower() == "-".join(subtags):
                    return language
            subtags.pop()
    return fallback


def _by_weight(header: str) -> list[str]:
    found: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.lower().split(",")[:_MOST_RANGES]):
        language, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        if weight > 0 and language.strip():
            found.append((-weight, place, language.strip()))
    return [language for _, _, language in sorted(found)]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
