"""Notices about workflows: each way a vote ends and a step goes has a sentence, and leads to a page of its reader."""

from __future__ import annotations

import pytest

from sealwright.domain.notices import NoticeKind
from sealwright.domain.votes import Outcome, ProposalKind, ProposalStatus
from sealwright.locales import LANGUAGES, texts_for
from sealwright.services.letters import Told, tell_notice

ABOUT = {"workflow_id": "wfl_1", "proposal_id": "prp_1", "title": "Street Repair"}


def told(notice: NoticeKind, language: str = "en", **more: str) -> Told:
    return tell_notice(notice, {**ABOUT, **more}, texts_for(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_open_votes_say_what_is_proposed_and_lead_to_it(language: str) -> None:
    wishes = [("workflow", "workflow"), ("edit", "workflow"), ("deletion", "workflow"), ("deletion", "series")]
    said = [told(NoticeKind.VOTE_OPEN, language, kind=kind, target_type=target) for kind, target in wishes]
    assert len({one.lines[0] for one in said}) == len(wishes)
    for one in said:
        assert "Street Repair" in one.lines[0]
        assert "Street Repair" not in one.title
        assert one.act is not None
        assert one.act[1] == "/workflows/wfl_1"


@pytest.mark.parametrize("language", LANGUAGES)
def test_closed_votes_say_the_result_and_how_it_came_about(language: str) -> None:
    endings = [(kind, status) for kind in ProposalKind for status in ProposalStatus if status != "pending"]
    first = {
        (kind, status): told(NoticeKind.VOTE_CLOSED, language, kind=kind, state=status).lines[0]
        for kind, status in endings
    }
    decided = [line for (_, status), line in first.items() if status is not ProposalStatus.EXPIRED]
    assert len(set(decided)) == len(decided) == 6
    second = [
        told(NoticeKind.VOTE_CLOSED, language, kind="workflow", state="approved", outcome=outcome).lines[1]
        for outcome in Outcome
    ]
    assert len(set(second)) == len(Outcome)


def test_the_result_of_what_is_gone_leads_to_the_list() -> None:
    gone = told(NoticeKind.VOTE_CLOSED, kind="deletion", state="approved")
    kept = told(NoticeKind.VOTE_CLOSED, kind="deletion", state="rejected")
    assert gone.act is not None
    assert kept.act is not None
    assert (gone.act[1], kept.act[1]) == ("/workflows", "/workflows/wfl_1")


def test_steps_that_come_lead_to_their_workflow() -> None:
    assigned = told(NoticeKind.STEP_ASSIGNED, steps="Assess damage, Repair pothole")
    assert assigned.lines[0] == "These steps of “Street Repair” are yours: Assess damage, Repair pothole."
    assert assigned.act == ("Open the workflow", "/improver/workflows/wfl_1")


def test_steps_that_go_say_why_and_lead_nowhere_that_may_be_closed() -> None:
    causes = ("grant_lost", "closed", "released_by_admin", "absent")
    said = [told(NoticeKind.STEP_RELEASED, steps="Assess damage", cause=cause) for cause in causes]
    assert len({one.lines[1] for one in said}) == len(causes)
    assert {one.act for one in said} == {("Your work", "/improver")}
    other = told(NoticeKind.STEP_RELEASED, steps="Assess damage", cause="something_new", reason="You moved away.")
    assert other.lines == ("These steps of “Street Repair” are not yours any more: Assess damage.",)
    assert other.quote == "You moved away."
    many = told(NoticeKind.STEP_RELEASED, steps="a, b", workflows="12", cause="grant_lost")
    assert many.lines[0] == "Steps of 12 workflows are not yours any more."
