"""What the rules of batches and anchors can refuse: the branches of `domain.errors` that grow on them.

DomainError
├── NotFound
│   ├── BatchNotFound  AnchorNotFound
├── Conflict
│   ├── DuplicateInBatch        the holder of an earlier row of the same batch
│   ├── RowCanceled             the batch was canceled before this row's turn
├── MalformedBody
│   ├── UnreadableRows          a file of rows that cannot be read to its end
└── OfficeClosed
    └── AnchorUnavailable       the ledger that roots are written to does not answer now
"""

from __future__ import annotations

from sealwright.domain.errors import Conflict, MalformedBody, NotFound, OfficeClosed


class BatchNotFound(NotFound):
    """No such batch, or it is hidden from this caller."""


class AnchorNotFound(NotFound):
    """No anchor has this transaction hash, or it does not cover this credential."""


class DuplicateInBatch(Conflict):
    """An earlier row of the same batch names the same holder."""


class RowCanceled(Conflict):
    """The batch was canceled before this row's turn."""


class UnreadableRows(MalformedBody):
    """A file of rows that cannot be read to its end; its first fault has the code, `extra` the line it stopped at."""


class AnchorUnavailable(OfficeClosed):
    """The ledger that roots are written to does not answer now."""
