"""Two improvers work by a keyboard alone: on a phone with a photo, and at a desk where a credential is lost midway."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.hands import Keyboard, is_shown
from tests.pages.serving import PageSite

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A picture as large as a phone's camera makes them; noise does not get small by itself.
_CAMERA: Final = """() => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 900, height: 700});
  const ground = canvas.getContext("2d"), picture = ground.createImageData(900, 700);
  const dots = new Uint32Array(picture.data.buffer);
  for (let place = 0; place < dots.length; place++) dots[place] = 0xff000000 | (Math.random() * 0xffffff);
  ground.putImageData(picture, 0, 0);
  return canvas.toDataURL("image/png").split(",")[1];
}"""
_SHRUNK: Final = """() => {
  const [file] = document.querySelector("input[data-photos]").files;
  return file?.type === "image/jpeg" && file.size < 1e6 && !document.querySelector("main button:disabled");
}"""
# People of the demo's queue: one holds the certification of the first step, one that of the second.
ASSESSOR: Final = "person22"
VERIFIER: Final = "person37"


def _claim_and_start(hand: Keyboard, role: str) -> None:
    page = hand.page
    main = page.locator("main")
    assert is_shown(main.get_by_text(role).first)
    hand.press("button", "Claim step", within=main)
    page.wait_for_url("**/improver/steps")
    assert is_shown(main.get_by_text("Depends on:"))
    hand.press("button", "Start", within=main)
    page.wait_for_url("**/improver/workflows/**")
    assert is_shown(main.get_by_text("In progress").first)


def test_steps_are_done_one_after_the_other_and_a_loss_leaves_what_was_begun(
    site: PageSite, open_page: OpenPage
) -> None:
    """The phone does the first step; that opens the second, whose holder loses the credential midway."""
    phone = open_page("/improver", ASSESSOR, width=360, height=740)
    desk = open_page("/improver", VERIFIER, width=1280)
    _on_the_phone(phone)
    _at_the_desk(site, desk)


def _on_the_phone(page: Page) -> None:
    hand = Keyboard(page, "en")
    main = page.locator("main")
    _claim_and_start(hand, "Damage assessor")
    photograph(page, "work-hand-in-360")
    # A chooser of files is the system's own; the field itself is reached like any other.
    hand.reach("Photos")
    taken = base64.b64decode(page.evaluate(_CAMERA))
    assert len(taken) > 1_000_000
    page.get_by_label("Photos").set_input_files({"name": "pothole.png", "mimeType": "image/png", "buffer": taken})
    page.wait_for_function(_SHRUNK)
    hand.press("button", "Add the photos", within=main)
    page.get_by_label("pothole.jpg").wait_for()
    assert page.get_by_label("pothole.jpg").is_checked()
    hand.fill("In words", "Two meters wide, next to the drain.")
    hand.press("button", "Complete", within=main)
    page.wait_for_url("**/improver/steps")
    assert is_shown(main.get_by_text("You have nothing to do now."))
    hand.unfold("What you handed in")
    assert is_shown(main.get_by_text("Two meters wide, next to the drain."))
    assert is_shown(main.get_by_role("link", name="Photo 1"))
    photograph(page, "work-done-360")
    check_page(page)
    hand.press("button", "Ask for payout", within=main)
    main.get_by_text("You asked for it on").wait_for()


def _at_the_desk(site: PageSite, page: Page) -> None:
    hand = Keyboard(page, "en")
    main = page.locator("main")
    page.reload()
    _claim_and_start(hand, "Quality verifier")
    _revoke(site, VERIFIER)
    page.goto(f"{site.url}/improver")
    assert is_shown(main.get_by_text("was revoked on"))
    assert is_shown(main.get_by_text("These steps stay yours to finish:"))
    assert is_shown(main.get_by_text("No work is open to you now."))
    assert main.get_by_role("button", name="Claim step").count() == 0
    photograph(page, "work-lost-1280")
    check_page(page)
    hand.press("link", "Verify repair quality", within=main)
    page.wait_for_url("**/improver/workflows/**")
    path = page.url
    hand.fill("In words", "It holds.")
    hand.press("button", "Complete", within=main)
    page.wait_for_url("**/improver/steps")
    assert is_shown(main.get_by_text("No step of yours depends on it now."))
    assert is_shown(main.get_by_text("Owed", exact=True))
    gone = page.request.get(path)
    assert gone.status == 404


def _revoke(site: PageSite, who: str) -> None:
    search = ["request", "list", "--status", "approved", "--search", f"{who}@people.demo.example", "--json"]
    [found] = json.loads(site.run(search))["items"]
    site.run(["request", "reject", found["id"], "--note", "training lapsed"])
