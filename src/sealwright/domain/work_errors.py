"""What the rules of work can refuse: the branches of `domain.errors` that grow on workflows, votes and payouts.

DomainError
├── NotAllowed
│   ├── SelfVote                one's own proposal
│   ├── MissingCredentials      the needs of a workflow role are not met
│   ├── NotStepHolder           the step is not this person's
├── NotFound
│   ├── WorkflowNotFound  ProposalNotFound  PayoutNotFound
├── Conflict
│   ├── StepAlreadyClaimed  RoleAlreadyHeld  StepNotAvailable  Absent  NothingToRelease
│   ├── ProposalClosed  ProposalPendingExists
└── Unprocessable
    ├── UnknownWorkflowRole  InvalidSchedule  SubmissionIncomplete
"""

from __future__ import annotations

from sealwright.domain.errors import Conflict, NotAllowed, NotFound, Unprocessable


class SelfVote(NotAllowed):
    """Nobody votes on their own proposal."""


class MissingCredentials(NotAllowed):
    """A workflow role needs credential types of which no active grant is held; ``missing`` names them."""


class NotStepHolder(NotAllowed):
    """The step is assigned to somebody else, or to nobody."""


class WorkflowNotFound(NotFound):
    """No such workflow, step or series, or it is hidden from this caller."""


class ProposalNotFound(NotFound):
    """No such proposal, or it is hidden from this caller."""


class PayoutNotFound(NotFound):
    """No such payout obligation."""


class StepAlreadyClaimed(Conflict):
    """Somebody holds the step, or its workflow role."""


class RoleAlreadyHeld(Conflict):
    """One person takes one workflow role of an instance."""


class StepNotAvailable(Conflict):
    """The step cannot be claimed, started or completed in its present state."""


class Absent(Conflict):
    """An absence period of the caller's own covers the instance."""


class NothingToRelease(Conflict):
    """There is no such claim."""


class ProposalClosed(Conflict):
    """The proposal was decided, or its time is over."""


class ProposalPendingExists(Conflict):
    """A proposal of this kind waits for its votes already."""


class UnknownWorkflowRole(Unprocessable):
    """A step names a workflow role that the plan does not have."""


class InvalidSchedule(Unprocessable):
    """A time zone that is not known, or an end before the beginning."""


class SubmissionIncomplete(Unprocessable):
    """Required work items are missing, or an answer does not fit its item."""
