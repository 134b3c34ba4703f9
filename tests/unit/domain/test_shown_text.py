"""Labels that hide something are refused; names and words of every script are not."""

from __future__ import annotations

import pytest

from sealwright.domain.errors import MalformedBody
from sealwright.domain.shown_text import (
    hides_something,
    require_length,
    require_name,
    require_plain_label,
    shows_nothing,
    without_disturbance,
)


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u3164", "\x00", "\x1b", "\n", "\u2028"]
)
def test_hidden_characters_are_refused_with_their_place(hidden: str) -> None:
    assert hides_something(f"Tree{hidden}steward")
    with pytest.raises(MalformedBody) as refused:
        require_plain_label(f"Tree{hidden}steward", "/label")
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/label", "INVALID_CHARACTER")]
    assert hidden not in refused.value.detail


@pytest.mark.parametrize("plain", ["Árbol", "陳大文", "محمد الأحمد", "עץ", "Nguyễn", "a b", "O’Neill & Söhne"])
def test_words_of_every_script_pass(plain: str) -> None:
    assert require_plain_label(plain, "/label") == plain


@pytest.mark.parametrize("text", ["", "   ", "x" * 11])
def test_texts_have_a_length(text: str) -> None:
    with pytest.raises(MalformedBody):
        require_length(text, "/note", 10)
    assert require_length("x" * 10, "/note", 10) == "x" * 10


@pytest.mark.parametrize("name", ["Muñoz", "陳大文", "محمد الأحمد", "نر\u200cگس", "क्\u200dष", "O’Neill", "👩\u200d🚒"])
def test_names_keep_every_letter_and_their_joiners(name: str) -> None:
    assert require_name(name, "/display_name", 200) == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *((f"Ana{one}b", "INVALID_CHARACTER") for one in "\n\t\x00\x1b\u2028\u202e\u2066\u200f\U000e0041"),
        *((text, "INVALID_VALUE") for text in ("", "   ", "\u200b", " \u3164\u200d", "x" * 201)),
    ],
)
def test_names_that_read_as_others_or_as_nothing_are_refused(name: str, code: str) -> None:
    with pytest.raises(MalformedBody) as refused:
        require_name(name, "/display_name", 200)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/display_name", code)]


@pytest.mark.parametrize(
    "name", ["Muñoz", "陳大文", "نر\u200cگس", "क्\u200dष", "👩\u200d👩\u200d👧\u200d👦", "a\u00a0b"]
)
def test_what_names_may_hold_is_left_where_nothing_can_be_refused(name: str) -> None:
    assert without_disturbance(name) == name


def test_what_names_are_refused_for_is_left_out() -> None:
    text = "A\u202en\x00a\n\u2028\ud800\U000e0041 B"
    assert without_disturbance(text) == "Ana B"
    assert without_disturbance(text, keep_lines=True) == "Ana\n B"
    assert without_disturbance("a\nb", instead=" ") == "a b"
    assert shows_nothing(" \u200d\u3164")
    assert not shows_nothing("نر\u200cگس")
