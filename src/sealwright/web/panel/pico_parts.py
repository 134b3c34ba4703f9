"""What of Pico CSS is sent: the file in ``vendor/`` stays as its makers made it; rules for what no page has stay here.

A rule goes when each of its selectors asks for something of ``UNSEEN``, a custom property when nothing reads it, and an
animation when nothing runs it. None of that can touch a page, so pages look the same with and without it; a test reads
every template and script for what is listed here.
"""

from __future__ import annotations

import re
from typing import Final

UNSEEN_TAGS: Final = (
    *("abbr", "address", "area", "audio", "del", "h5", "h6", "hgroup", "iframe"),
    *("ins", "optgroup", "samp", "sub", "sup", "tfoot"),
)
UNSEEN_CLASSES: Final = (
    *(
        "close",
        "container",
        "container-fluid",
        "contrast",
        "dropdown",
        "outline",
        "overflow-auto",
        "secondary",
        "striped",
    ),
    *("modal-is-open", "modal-is-opening", "modal-is-closing"),
)
UNSEEN_ATTRIBUTES: Final = (
    *("aria-label=breadcrumb", "data-placement", "data-tooltip", "dir=rtl", "role=switch"),
    *(f"type={kind}" for kind in ("color", "month", "range", "reset", "week")),
)
# Shadow trees, and a browser that has no updates any more and knows no custom properties.
UNSEEN_BY_BROWSERS: Final = (":host", "::-ms-")

_UNSEEN: Final = re.compile(
    "|".join(
        (
            rf"(?<![\w.:\[=-])(?:{'|'.join(UNSEEN_TAGS)})(?![\w-])",
            rf"\.(?:{'|'.join(UNSEEN_CLASSES)})(?![\w-])",
            rf"\[(?:{'|'.join(UNSEEN_ATTRIBUTES)})(?![\w-])",
            *UNSEEN_BY_BROWSERS,
        )
    )
)
_NESTED: Final = r"\((?:[^()]|\([^()]*\))*\)"
_SELECTOR: Final = re.compile(rf"(?:[^,()]|{_NESTED})+")
# What a selector only excludes, or names beside others, it does not ask for.
_ALTERNATIVES: Final = re.compile(_NESTED)
_RULE: Final = re.compile(r"([^{}]+)(\{[^{}]*\})")
_PROPERTY: Final = re.compile(r'(?<=[{;])(--[\w-]+):(?:[^;}"]|"[^"]*")*;?')
_READ: Final = re.compile(r"var\((--[\w-]+)")
_ANIMATION: Final = re.compile(rf"@keyframes ([\w-]+)\{{(?:{_RULE.pattern})*\}}")
_EMPTY: Final = re.compile(r"@[^{};]+\{\}")


def seen_parts(pico: str, own: str) -> str:
    """Pico's stylesheet without the rules, properties and animations that nothing can use.

    Args:
        pico: The minified stylesheet, license and all.
        own: The stylesheet that reads its custom properties too.
    """
    license_, end, rules = pico.partition("*/")
    rules = _EMPTY.sub("", _RULE.sub(_seen_rule, rules))
    while (less := _without_unread(rules, own)) != rules:
        rules = less
    return license_ + end + rules


def _seen_rule(found: re.Match[str]) -> str:
    selectors = [one for one in _SELECTOR.findall(found[1]) if not _UNSEEN.search(_ALTERNATIVES.sub("", one))]
    return ",".join(selectors) + found[2] if selectors else ""


def _without_unread(rules: str, own: str) -> str:
    read = set(_READ.findall(rules + own))
    rules = _PROPERTY.sub(lambda found: found[0] if found[1] in read else "", rules)
    others = _ANIMATION.sub("", rules)
    rules = _ANIMATION.sub(lambda found: found[0] if re.search(rf"{found[1]}(?![\w-])", others) else "", rules)
    return _EMPTY.sub("", re.sub(r"(?<=\})[^{}@]+\{\}", "", rules))
