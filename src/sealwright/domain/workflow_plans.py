"""What a proposer writes: workflow roles, ordered steps and their work items (contract, section 2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sealwright.domain.errors import MalformedBody
from sealwright.domain.work_errors import UnknownWorkflowRole
from sealwright.vc.errors import Fault

MAX_ROLES: Final = 20
MAX_STEPS: Final = 50
MAX_ITEMS: Final = 30
MAX_OPTIONS: Final = 50
MAX_PHOTOS: Final = 20
MAX_BOUNTY: Final = 2**53 - 1
MAX_REQUIRED: Final = 20
TITLE_MAX: Final = 200
TEXT_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that a work item offers; some ask for words or a photo beside them."""

    value: str
    label: str
    requires_written_response: bool = False
    requires_photo_attachment: bool = False


@dataclass(frozen=True, slots=True)
class WorkItem:
    """Something that is handed in with a step: words, a choice, photos, or several of these.

    Args:
        item_id: Unique within its step.
        optional: May be left out as a whole.
        photo_required_count: At least so many photos; ignored with `photo_allow_any_count`, where one is enough.
        camera_capture_only: The page offers the camera and no files.
    """

    item_id: str
    title: str
    description: str | None = None
    optional: bool = False
    requires_written_response: bool = False
    requires_dropdown: bool = False
    dropdown_options: tuple[Choice, ...] = ()
    requires_photo: bool = False
    photo_required_count: int = 1
    photo_allow_any_count: bool = False
    camera_capture_only: bool = False

    def choice(self, value: str) -> Choice | None:
        """Find an offered answer."""
        return next((one for one in self.dropdown_options if one.value == value), None)


@dataclass(frozen=True, slots=True)
class PlannedRole:
    """A workflow role before it has an id.

    Args:
        client_id: The proposer's own name for it, unique within the plan.
        required_credentials: Credential types, each once, sorted; none: open to all improvers.
    """

    client_id: str
    title: str
    required_credentials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step before it has an id; `bounty` is a whole number of units."""

    title: str
    role_client_id: str
    description: str | None = None
    bounty: int = 0
    allow_step_not_possible: bool = False
    work_items: tuple[WorkItem, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """What is to be done, by whom, in which order. Checked as a whole when it is made.

    Raises:
        UnknownWorkflowRole: A step names a role that the plan does not have.
        MalformedBody: A name stands twice, a role has no step, or there is no role or step.
    """

    title: str
    roles: tuple[PlannedRole, ...]
    steps: tuple[PlannedStep, ...]
    description: str | None = None

    def __post_init__(self) -> None:
        names = [role.client_id for role in self.roles]
        unknown = [
            Fault(f"/steps/{place}/role_client_id", "UNKNOWN_ROLE", "names no role of this workflow")
            for place, step in enumerate(self.steps)
            if step.role_client_id not in names
        ]
        if unknown:
            raise UnknownWorkflowRole("A step names a role that the workflow does not have.", faults=unknown)
        faults = [*self._empty(), *self._twice(names), *self._idle(names), *self._items_twice()]
        if faults:
            raise MalformedBody("The workflow's roles and steps do not fit together.", faults=faults)

    def role(self, client_id: str) -> PlannedRole:
        """Find a role by the proposer's name for it."""
        return next(role for role in self.roles if role.client_id == client_id)

    def orders_of(self, client_id: str) -> tuple[int, ...]:
        """The places of a role's steps, from 1."""
        return tuple(order for order, step in enumerate(self.steps, 1) if step.role_client_id == client_id)

    def _empty(self) -> list[Fault]:
        members = {"/roles": self.roles, "/steps": self.steps}
        return [Fault(where, "INVALID_VALUE", "must not be empty") for where, held in members.items() if not held]

    def _twice(self, names: list[str]) -> list[Fault]:
        return [
            Fault(f"/roles/{place}/client_id", "INVALID_VALUE", "stands twice")
            for place, name in enumerate(names)
            if name in names[:place]
        ]

    def _idle(self, names: list[str]) -> list[Fault]:
        used = {step.role_client_id for step in self.steps}
        return [
            Fault(f"/roles/{place}", "INVALID_VALUE", "has no step")
            for place, name in enumerate(names)
            if name not in used
        ]

    def _items_twice(self) -> list[Fault]:
        faults = []
        for place, step in enumerate(self.steps):
            ids = [item.item_id for item in step.work_items]
            faults += [
                Fault(f"/steps/{place}/work_items/{number}/item_id", "INVALID_VALUE", "stands twice")
                for number, item_id in enumerate(ids)
                if item_id in ids[:number]
            ]
        return faults
