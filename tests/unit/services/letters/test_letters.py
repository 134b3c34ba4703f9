"""Every letter, in every language: whole sentences, small, escaped, without anything that is fetched."""

from __future__ import annotations

import re

import pytest

from sealwright.domain.notices import ESSENTIAL_KINDS, NoticeKind
from sealwright.locales import LANGUAGES, texts_for
from sealwright.services.letters import ACCOUNT_KINDS, LetterHead, tell_notice, write_digest, write_letter
from sealwright.services.letters.frame import LETTER_MAX_BYTES

HEAD = LetterHead("Oficina de Ñandúes & Söhne", "https://office.example")
HOSTILE = '"><img src=x onerror=alert(1)> Muñoz, Nguyễn, 陳大文, \u202eمحمد'
DATA = {
    "credential_type": "dpw_certified",
    "type_label": f"Certificación {HOSTILE}",
    "request_id": "req_1",
    "grant_id": "grt_1",
    "name": HOSTILE,
    "message": HOSTILE * 100,
    "reason": HOSTILE,
    "note": HOSTILE,
    "role": "improver",
    "state": "approved",
    "scopes": "dpw_certified,sfluv_verifier",
    "organization": HOSTILE,
    "days": "7",
    "expires_at": "2026-03-08T00:00:00Z",
    "pending": "3",
    "where": "Firefox",
    "at": "2026-03-01T12:00:00Z",
    "did": "did:adi:x",
    "link": "https://office.example/login/link/abc?next=/a&b",
    "minutes": "15",
    "hours": "72",
    "workflow_id": "wfl_1",
    "title": HOSTILE,
    "steps": HOSTILE,
    "kind": "workflow",
    "outcome": "majority",
    "cause": "grant_lost",
}
KINDS = [*(kind.value for kind in NoticeKind), *ACCOUNT_KINDS]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_letters_are_small_escaped_and_fetch_nothing(kind: str, language: str) -> None:
    letter = write_letter(kind, language, DATA, HEAD)
    assert len(letter.html.encode()) < LETTER_MAX_BYTES
    assert len(letter.text.encode()) < LETTER_MAX_BYTES
    assert "<img" not in letter.html
    assert not re.search(r"<(script|link|iframe|object|video|audio|style|base|form)\b", letter.html)
    assert "url(" not in letter.html
    # No address but our own, and nothing in it that names who reads.
    for address in re.findall(r'(?:src|href)="([^"]*)"', letter.html):
        assert address.startswith("https://office.example")
    assert f'<html lang="{language}">' in letter.html
    assert "%(" not in letter.text + letter.html + letter.subject
    assert "\n" not in letter.subject
    assert "Muñoz" not in letter.subject
    assert "Oficina de Ñandúes &amp; Söhne" in letter.html


@pytest.mark.parametrize("kind", KINDS)
def test_spanish_letters_are_spanish(kind: str) -> None:
    english, spanish = write_letter(kind, "en", DATA, HEAD), write_letter(kind, "es", DATA, HEAD)
    assert english.subject != spanish.subject
    for line in english.text.splitlines():
        if len(line) > 40 and "office.example" not in line and "Muñoz" not in line:
            assert line not in spanish.text, line


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_letters_say_why_and_how_to_stop_them(kind: NoticeKind) -> None:
    letter = write_letter(kind.value, "en", DATA, HEAD)
    assert "You get this because" in letter.text
    assert ("/settings/notifications" in letter.text) == (kind not in ESSENTIAL_KINDS)


STOP = "https://office.example/mail/stop/abc-_9"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_letters_that_may_be_stopped_carry_the_link_in_both_forms(kind: str, language: str) -> None:
    letter = write_letter(kind, language, DATA, HEAD, stop_link=STOP)
    may_stop = kind not in ESSENTIAL_KINDS and kind not in ACCOUNT_KINDS
    assert (f":\n{STOP}\n" in letter.text) == may_stop
    assert (f'<a href="{STOP}"' in letter.html) == may_stop
    said = {"en": "Stop letters of this kind", "es": "No recibir más cartas de este tipo"}[language]
    other = {"en": "Choose which letters you get", "es": "Elegir qué cartas recibe"}[language]
    for words in (said, other):
        assert (words in letter.text, words in letter.html) == (may_stop, may_stop)


def test_a_digest_carries_the_link_too() -> None:
    letter = write_digest([(NoticeKind.APPROVED, DATA)], "en", HEAD, stop_link=STOP)
    assert f"Stop letters of this kind:\n{STOP}\n" in letter.text
    assert f'<a href="{STOP}"' in letter.html
    assert "/mail/stop/" not in write_digest([(NoticeKind.APPROVED, DATA)], "en", HEAD).text


@pytest.mark.parametrize("word", ["👩\u200d👩\u200d👧\u200d👦", "نر\u200cگس", "क्\u200dष", "Ana\u00a0Ruiz"])
def test_joiners_of_names_and_words_survive(word: str) -> None:
    data = {**DATA, "type_label": word, "message": f"{word}\n{word}\u202e\x07"}
    letter = write_letter("rejected", "en", data, HEAD)
    assert f"Your request for {word} was rejected." in letter.text
    assert f"> {word}\n> {word}\n" in letter.text
    assert word in letter.html
    invitation = write_letter("invitation", "en", DATA, LetterHead(word, "https://office.example"))
    assert invitation.subject == f"You are invited to {word.replace(chr(0xA0), ' ')}"


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_notices_can_be_told_with_nothing_but_their_kind(kind: NoticeKind) -> None:
    for language in LANGUAGES:
        told = tell_notice(kind, {}, texts_for(language))
        assert told.title
        assert told.lines[0]


def test_rejections_carry_the_reason_and_the_way_to_ask_again() -> None:
    data = {"type_label": "Tree steward", "message": "The paper has expired.", "request_id": "req_9"}
    letter = write_letter("rejected", "en", data, HEAD)
    assert "> The paper has expired." in letter.text
    assert "Request again" in letter.text
    assert "https://office.example/improver/requests/req_9" in letter.text


def test_links_work_in_both_forms_and_say_how_long() -> None:
    letter = write_letter("sign_in", "en", DATA, HEAD)
    assert DATA["link"] in letter.text
    assert "https://office.example/login/link/abc?next=/a&amp;b" in letter.html
    assert "within 15 minutes" in letter.text
    assert "within 72 hours" in write_letter("invitation", "en", {**DATA, "minutes": "4320"}, HEAD).text


def test_unknown_languages_read_english_and_unknown_kinds_are_none() -> None:
    assert write_letter("approved", "xx", DATA, HEAD).subject == "Your request was approved"
    with pytest.raises(ValueError, match="king"):
        write_letter("king", "en", DATA, HEAD)


def test_a_long_digest_stays_small() -> None:
    told = [(NoticeKind.REQUEST_RECEIVED, DATA)] * 500
    for language in LANGUAGES:
        letter = write_digest(told, language, HEAD)
        assert len(letter.html.encode()) < LETTER_MAX_BYTES
        assert "460" in letter.text
        assert "500" in letter.subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_letter_of_an_offer_says_who_can_take_it_and_nothing_of_what_it_is(language: str) -> None:
    bound, borne = (
        {"link": "https://office.example/claim#off_1", "hours": "72", **more} for more in ({"bound": "yes"}, {})
    )
    one, two = (write_letter("offer", language, data, HEAD) for data in (bound, borne))
    coded = write_letter("offer", language, {**bound, "code": "yes"}, HEAD)
    texts = texts_for(language)
    apart = texts.gettext("You will be asked for a code of six digits. It is told to you apart.")
    warning = texts.gettext("Whoever has this link can take it, so do not pass this letter on.")
    for letter in (one, two, coded):
        assert letter.subject == texts.gettext("A credential is waiting for you")
        assert "\nhttps://office.example/claim#off_1\n" in letter.text
        assert 'href="https://office.example/claim#off_1"' in letter.html
        assert "72" in letter.text
        assert "dpw" not in letter.text + letter.html
    assert [warning in letter.text for letter in (one, two)] == [False, True]
    assert [apart in letter.text for letter in (one, coded)] == [False, True]
