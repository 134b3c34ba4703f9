"""The workflow editor (S13): one form for everything, which every button of it answers with the page again.

Rows are added, moved and taken away by buttons of the form, so that it works whole without scripts; with them it
saves itself. What is typed lives in the form and in drafts; nothing is proposed before it is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.errors import DomainError, MalformedBody, NotFound, StateConflict, UnknownCredentialType
from sealwright.locales import N_
from sealwright.services.plan_preview import PlanPreview, preview_plan
from sealwright.vc.errors import VcError
from sealwright.web.panel.appearance import zone_names
from sealwright.web.panel.issuer import labels_of, types_of
from sealwright.web.panel.moments import clock_text
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.refusal_words import fault_words, refusal_words
from sealwright.web.panel.workflow_sheet import (
    Sheet,
    blank_sheet,
    move_rows,
    read_sheet,
    sheet_from_json,
    sheet_to_json,
)
from sealwright.web.panel.workflow_sheet_plan import (
    HELD,
    REASON,
    RECURRENCES,
    field_of,
    form_of_sheet,
    judge_sheet,
    plan_of,
    shown_sheet,
    wish_of,
)
from sealwright.web.panel.workflow_sheets import edit_of, sheet_of_series
from sealwright.web.panel.workflow_view import Need, needs_of
from sealwright.web.problems import faults_of, problem_for
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.series import Series
    from sealwright.web.panel.page_call import PageCall

HOME: Final = "/proposer"
NEW: Final = f"{HOME}/workflows/new"
DRAFTS: Final = f"{HOME}/drafts"
QUALIFIED: Final = f"{HOME}/qualified"
EDIT: Final = f"{HOME}/workflows/{{workflow_id}}/edit"
_OWN: Final = ("do", "draft", REASON, HELD)
EDITOR: Final = Form(
    Field("do", max_length=40),
    Field("draft", max_length=80),
    Field("title"),
    Field("description", max_length=20_000),
    Field("recurrence", Kind.CHOICE, choices=RECURRENCES),
    *(Field(name, max_length=100) for name in ("start_day", "start_time", "until_day", "time_zone")),
    Field(REASON, max_length=20_000),
    Field(HELD, many=True, max_length=64),
    Field("role-*", many=True, max_length=20_000),
    Field("step-*", many=True, max_length=20_000),
)
START: Final = Form(Field("draft", max_length=80), Field("like", max_length=80))
COUNTED: Final = Form(Field("role-*", many=True, max_length=64))
SAVE, SUBMIT, PREVIEW, CHECK = "save", "submit", "preview", "check"


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A workflow role as the editor shows it, with how many people could take it up now."""

    number: int
    title: str
    needs: tuple[Need, ...]
    steps: tuple[int, ...]
    bounty: int
    qualified: int


@dataclass(slots=True)
class Editing:
    """One rendering of the editor.

    Args:
        draft_id: Under which the sheet is kept.
        workflow_id: The instance whose series is changed; None for a new workflow.
        focus: The control where the focus belongs.
        data: The sheet with its faults, as the template shows it.
    """

    sheet: Sheet
    draft_id: str = ""
    workflow_id: str | None = None
    focus: str = ""
    preview: PlanPreview | None = None
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data: FormData | None = None

    @property
    def action(self) -> str:
        """Where the form is sent."""
        return NEW if self.workflow_id is None else EDIT.format(workflow_id=self.workflow_id)


# -- opening ---------------------------------------------------------------------------------------


def show_new(page: PageCall) -> Reply:
    """GET /proposer/workflows/new: empty, from a draft, or like a workflow that is there."""
    draft_id, like = page.query.text("draft"), page.query.text("like")
    if draft_id:
        draft = page.office.proposing.draft(page.caller, draft_id)
        return _answer(page, Editing(sheet_from_json(draft.body), draft.draft_id))
    sheet = blank_sheet(page.person.time_zone or "UTC")
    if like:
        sheet = sheet_of_series(page.office.proposing.own_series(page.caller, like))
    return _answer(page, Editing(sheet, focus="title"))


def show_edit(page: PageCall) -> Reply:
    """GET /proposer/workflows/{workflow_id}/edit: the series as it is, to be changed by a vote."""
    series = page.office.proposing.own_series(page.caller, page.params["workflow_id"])
    return _answer(page, Editing(sheet_of_series(series), workflow_id=page.params["workflow_id"]))


# -- posting ---------------------------------------------------------------------------------------


def post_new(page: PageCall) -> Reply:
    """POST /proposer/workflows/new: whatever button was pressed."""
    editing = _sent(page, None)
    done = _common(page, editing)
    if done is not None:
        return done
    if page.form.text("do") == SUBMIT:
        return _submit(page, editing, lambda: _propose(page, editing))
    judge_sheet(_data(page, editing), editing.sheet, is_draft=True)
    if _data(page, editing).errors:
        return _answer(page, editing, status=422)
    try:
        _keep(page, editing)
    except (DomainError, VcError) as error:
        return _told(page, editing, error)
    return page.done(f"{NEW}?draft={editing.draft_id}", Toast(page._("The draft is saved.")))


def post_edit(page: PageCall) -> Reply:
    """POST /proposer/workflows/{workflow_id}/edit."""
    series = page.office.proposing.own_series(page.caller, page.params["workflow_id"])
    editing = _sent(page, page.params["workflow_id"])
    done = _common(page, editing)
    if done is not None:
        return done
    if page.form.text("do") == SUBMIT:
        return _submit(page, editing, lambda: _propose_edit(page, editing, series))
    judge_sheet(_data(page, editing), editing.sheet)
    return _answer(page, editing, status=422 if _data(page, editing).errors else 200)


def keep_draft(page: PageCall) -> Reply:
    """POST /proposer/drafts: the editor saves itself; answers with a line for the form."""
    editing = _sent(page, None)
    judge_sheet(_data(page, editing), editing.sheet, is_draft=True)
    if _data(page, editing).errors:
        raise MalformedBody("The draft cannot be kept as it is.")
    _keep(page, editing)
    return page.render(
        "proposer/saved.html", partial="line", editing=editing, at=clock_text(page.now, page.texts, page.zone)
    )


def discard_draft(page: PageCall) -> Reply:
    """POST /proposer/drafts/{draft_id}/delete."""
    draft_id = page.params["draft_id"]
    page.act(lambda uow, me: page.office.proposing.delete_draft(uow, me, draft_id))
    return page.done(HOME, Toast(page._("The draft is deleted.")))


def count_qualified(page: PageCall) -> Reply:
    """GET /proposer/qualified: how many people hold all of some credential types now."""
    types = tuple(dict.fromkeys(value for _, value in page.query.pairs()))
    return page.render(
        "proposer/saved.html",
        partial="count",
        needed=len(types),
        qualified=_qualified(page, types),
    )


def _sent(page: PageCall, workflow_id: str | None) -> Editing:
    form = page.form
    sheet = read_sheet([pair for pair in form.pairs() if pair[0] not in _OWN])
    more = {name: form.many(name) for name in (REASON, HELD) if name in form}
    draft_id = form.text("draft") if form.error_of("draft") is None else ""
    return Editing(sheet, draft_id, workflow_id, more=more)


def _common(page: PageCall, editing: Editing) -> Reply | None:
    """What both editors do alike: moving rows, and the preview."""
    moved = move_rows(editing.sheet, page.form.text("do"))
    if moved is not None:
        editing.sheet, editing.focus = moved.sheet, moved.focus
        return _answer(page, editing)
    if page.form.text("do") != PREVIEW:
        return None
    data = _data(page, editing)
    judge_sheet(data, editing.sheet)
    # Why a series is changed has nothing to do with what it looks like.
    data.errors = [fault for fault in data.errors if fault.name != REASON]
    if data.errors:
        return _answer(page, editing, status=422)
    try:
        editing.preview = preview_plan(plan_of(editing.sheet), page.form.many(HELD), page.now)
    except DomainError as error:
        return _told(page, editing, error)
    editing.focus = PREVIEW
    return _answer(page, editing)


def _submit(page: PageCall, editing: Editing, act: Callable[[], Reply]) -> Reply:
    judge_sheet(_data(page, editing), editing.sheet)
    if _data(page, editing).errors:
        return _answer(page, editing, status=422)
    try:
        return act()
    except (DomainError, VcError) as error:
        return _told(page, editing, error)


def _propose(page: PageCall, editing: Editing) -> Reply:
    proposing, wish = page.office.proposing, wish_of(editing.sheet)

    def act(uow: Any, me: Any) -> str:
        made = proposing.propose(uow, me, wish)
        _drop(page, uow, me, editing.draft_id)
        return str(made.workflow.workflow_id)

    workflow_id = page.act(act)
    return page.done(f"/workflows/{workflow_id}", Toast(page._("The workflow is handed in. The voters decide on it.")))


def _drop(page: PageCall, uow: Any, me: Any, draft_id: str) -> None:
    if not draft_id:
        return
    try:
        page.office.proposing.delete_draft(uow, me, draft_id)
    except NotFound:
        # Deleted in another window meanwhile.
        return


def _propose_edit(page: PageCall, editing: Editing, series: Series) -> Reply:
    workflow_id, edit = str(editing.workflow_id), edit_of(editing.sheet, series)
    reason = _data(page, editing).text(REASON)
    page.act(lambda uow, me: page.office.proposing.propose_edit(uow, me, workflow_id, edit, reason))
    return page.done(f"/workflows/{workflow_id}", Toast(page._("The change is proposed. The voters decide on it.")))


def _keep(page: PageCall, editing: Editing) -> None:
    title, body = editing.sheet.title, sheet_to_json(editing.sheet)

    def act(draft_id: str | None) -> str:
        save = page.office.proposing.save_draft
        return page.act(lambda uow, me: save(uow, me, title=title, body=body, draft_id=draft_id)).draft_id

    try:
        editing.draft_id = act(editing.draft_id or None)
    except NotFound:
        # Deleted in another window meanwhile: what is typed is kept all the same.
        editing.draft_id = act(None)


# -- answering -------------------------------------------------------------------------------------


def _data(page: PageCall, editing: Editing) -> FormData:
    if editing.data is None:
        form = form_of_sheet(editing.sheet, _offered(page), with_reason=editing.workflow_id is not None)
        editing.data = shown_sheet(editing.sheet, form, editing.more)
    return editing.data


def _offered(page: PageCall) -> dict[str, str]:
    """Credential types that may be asked for, by value, with their labels."""
    types = {value: one for value, one in types_of(page).items() if one.active}
    return labels_of(page, types)


def _told(page: PageCall, editing: Editing, error: Exception) -> Reply:
    """The editor again after a refusal, with what was refused at its fields; what is nobody's form goes on."""
    problem = problem_for(error)
    if isinstance(error, NotFound) or problem.status not in {400, 403, 409, 422}:
        raise error
    data = _data(page, editing)
    faults = faults_of(error)
    for fault in faults:
        name = field_of(fault["pointer"])
        known = data.form.field(name) is not None
        data.fail_in_words(name if known else "", fault_words(page.texts, error, fault))
    if not faults:
        data.fail_in_words("", refusal_words(page.texts, error))
    return _answer(page, editing, status=409 if isinstance(error, StateConflict) else problem.status)


def _answer(page: PageCall, editing: Editing, *, status: int = 200) -> Reply:
    data, offered = _data(page, editing), _offered(page)
    needed = {value for role in editing.sheet.roles for value in role.needs}
    known = page.office.catalog.named(needed - offered.keys())
    labels = {**labels_of(page, known), **offered}
    zones = ["UTC", *zone_names()]
    if editing.sheet.time_zone and editing.sheet.time_zone not in zones:
        zones.append(editing.sheet.time_zone)
    return page.render(
        "proposer/editor.html",
        status=status,
        editing=editing,
        sheet=editing.sheet,
        f=data,
        labels=_field_labels(page, editing.sheet),
        types=[(value, label) for value, label in labels.items() if value in offered or value in needed],
        roles=_role_rows(page, editing.sheet, labels),
        role_names=[(role.key, role.title or page._("Workflow role %(number)s", number=number))
                    for number, role in enumerate(editing.sheet.roles, 1)],
        needed=[(value, labels.get(value, value)) for value in sorted(needed)],
        zones=[(name, name.replace("_", " ")) for name in zones],
        recurrences=[(value, page._(RECURRENCE_WORDS[value])) for value in RECURRENCES],
        lacking=lambda values: ", ".join(labels.get(value, value) for value in values),
    )  # fmt: skip


def _role_rows(page: PageCall, sheet: Sheet, labels: Mapping[str, str]) -> list[RoleRow]:
    rows = []
    for number, role in enumerate(sheet.roles, 1):
        steps = [(order, step) for order, step in enumerate(sheet.steps, 1) if step.role == role.key]
        rows.append(
            RoleRow(
                number,
                role.title,
                needs_of(role.needs, lambda value: labels.get(value, value)),
                tuple(order for order, _ in steps),
                sum(int(step.bounty) for _, step in steps if step.bounty.isascii() and step.bounty.isdigit()),
                _qualified(page, role.needs),
            )
        )
    return rows


def _qualified(page: PageCall, types: Iterable[str]) -> int:
    try:
        return page.office.proposing.qualified(page.caller, types)
    except UnknownCredentialType:
        # Retired since the draft was written: nobody new can have it, and handing in names the field.
        return 0


def _field_labels(page: PageCall, sheet: Sheet) -> dict[str, str]:
    """What fields are called where their faults are listed: by their row, since many have the same label."""
    names: dict[str, str] = {}
    for number in range(1, len(sheet.roles) + 1):
        row = page._("Workflow role %(number)s", number=number)
        names |= {f"role-{number}-{name}": row for name in ("title", "needs", "key")}
    for number, step in enumerate(sheet.steps, 1):
        row = page._("Step %(number)s", number=number)
        names |= {
            f"step-{number}-{name}": page._("%(row)s, %(field)s", row=row, field=page._(word))
            for name, word in _STEP_WORDS.items()
        }
        for place in range(1, len(step.items) + 1):
            item = page._("%(row)s, work item %(number)s", row=row, number=place)
            names |= {f"step-{number}-item-{place}-{name}": item for name in _ITEM_FIELDS}
    return names


_STEP_WORDS: Final = {
    "title": N_("title"),
    "description": N_("description"),
    "role": N_("workflow role"),
    "bounty": N_("bounty"),
    "not_possible": N_("not possible"),
}
_ITEM_FIELDS: Final = ("title", "description", "options", "words_for", "photo_for", "photos")
RECURRENCE_WORDS: Final = {
    "one_time": N_("Once"),
    "daily": N_("Every day"),
    "weekly": N_("Every week"),
    "monthly": N_("Every month"),
}
_P: Final = PageAudience.PROPOSER

PAGES: Final = (
    PageRoute("GET", NEW, _P, show_new, query=START),
    PageRoute("POST", NEW, _P, post_new, form=EDITOR),
    PageRoute("GET", EDIT, _P, show_edit),
    PageRoute("POST", EDIT, _P, post_edit, form=EDITOR),
    PageRoute("POST", DRAFTS, _P, keep_draft, form=EDITOR),
    PageRoute("POST", f"{DRAFTS}/{{draft_id}}/delete", _P, discard_draft),
    # Asked for by the open editor with each tick of a box: a part of a page.
    PageRoute("GET", QUALIFIED, _P, count_qualified, query=COUNTED, quiet=True),
)
