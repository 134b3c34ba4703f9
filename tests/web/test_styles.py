"""What is sent of Pico CSS: nothing that a page uses is left out, and nothing is there that Pico has not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from sealwright.web.panel.pico_parts import UNSEEN_ATTRIBUTES, UNSEEN_CLASSES, UNSEEN_TAGS, seen_parts
from sealwright.web.panel.rendering import TEMPLATES
from sealwright.web.panel.static_urls import FOLDER, static_files

VENDORED: Final = (FOLDER / "vendor" / "pico.min.css").read_text(encoding="utf-8")
OWN: Final = static_files()["app.css"].content.decode("utf-8")
SERVED: Final = static_files()["pico.min.css"].content.decode("utf-8")
RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")


def sources() -> Iterator[str]:
    """Whatever writes markup of pages: templates, scripts (htmx too) and the Python of pages and drawings."""
    for path in TEMPLATES.rglob("*"):
        if path.is_file():
            yield path.read_text(encoding="utf-8")
    for path in (*FOLDER.rglob("*.js"), *FOLDER.rglob("*.svg"), *FOLDER.parents[1].rglob("*.py")):
        if path.name != "pico_parts.py":
            yield path.read_text(encoding="utf-8")


MARKUP: Final = "\n".join(sources())


@pytest.mark.parametrize("tag", UNSEEN_TAGS)
def test_no_page_has_a_tag_whose_rules_are_left_out(tag: str) -> None:
    assert re.findall(rf"<{tag}[\s>/]|createElement\([\"']{tag}[\"']", MARKUP) == []


@pytest.mark.parametrize("name", UNSEEN_CLASSES)
def test_no_page_has_a_class_whose_rules_are_left_out(name: str) -> None:
    classes = re.findall(r"class(?:Name)?\s*=\s*[\"']([^\"'>]*)", MARKUP)
    classes += re.findall(r"classList\.\w+\(([^)]*)\)", MARKUP)
    assert len(classes) > 1000
    assert [one for one in classes if re.search(rf"(?<![\w-]){name}(?![\w-])", one)] == []


@pytest.mark.parametrize("attribute", UNSEEN_ATTRIBUTES)
def test_no_page_has_an_attribute_whose_rules_are_left_out(attribute: str) -> None:
    name, _, value = attribute.partition("=")
    written = rf"(?<![\w-]){name}=[\"']?{value}" if value else rf"(?<![\w-]){name}(?![\w-])"
    assert re.findall(written, MARKUP) == []


def test_what_is_sent_is_what_pico_says_in_its_order() -> None:
    rest = iter(RULE.findall(VENDORED.partition("*/")[2]))
    for selectors, body in RULE.findall(SERVED.partition("*/")[2]):
        assert any(
            set(re.findall(r"[^,()]+", selectors)) <= set(re.findall(r"[^,()]+", whole))
            and set(declared(body)) <= set(declared(other))
            for whole, other in rest
        ), selectors


def declared(body: str) -> list[str]:
    return re.findall(r'[\w-]+:(?:[^;"]|"[^"]*")*', body)


def test_what_is_sent_is_whole() -> None:
    depth = 0
    for sign in re.findall(r"[{}]", SERVED):
        depth += 1 if sign == "{" else -1
        assert 0 <= depth <= 2
    assert depth == 0
    assert "{}" not in SERVED
    assert SERVED.startswith(VENDORED[: VENDORED.index("*/") + 2])
    # All that is read is declared somewhere, as before.
    read = set(re.findall(r"var\((--[\w-]+)", SERVED + OWN))
    lost = {name for name in read if f"{name}:" not in SERVED + OWN}
    assert lost == {name for name in lost if f"{name}:" not in VENDORED}


def test_rules_for_what_no_page_has_are_left_out() -> None:
    pico = (
        '@charset "UTF-8";/* License */:host,:root{--a:1;--b:url("x;y");--c:var(--b)}'
        "a.contrast,a:is(.x,.outline){color:var(--a)}[data-tooltip]::after{animation:slide 1s}"
        "@media (min-width:1px){tfoot td{margin:0}}@keyframes slide{to{margin:0}}p:not(.outline){animation:turn 1s}"
        "@keyframes turn{to{margin:0}}h5,h4{margin:0}"
    )
    assert seen_parts(pico, "main{color:var(--own)}") == (
        '@charset "UTF-8";/* License */:root{--a:1;}a:is(.x,.outline){color:var(--a)}'
        "p:not(.outline){animation:turn 1s}@keyframes turn{to{margin:0}}h4{margin:0}"
    )
    assert '--b:url("x;y")' in seen_parts(pico, "main{color:var(--c)}")
