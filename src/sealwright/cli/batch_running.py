"""Carrying a batch out at the terminal: with progress, beside whoever else works on it, until it ends or is stopped."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sealwright.cli.misuse import DONE, FAILURE, PARTLY
from sealwright.cli.output import Output
from sealwright.cli.progress import Progress, Stand

if TYPE_CHECKING:
    from sealwright.cli.desk import Desk
    from sealwright.domain.batches import Batch

_LOOK_SECONDS: Final = 0.2


def carry_out(at: Desk, output: Output, batch_id: str, label: str = "Issuing") -> Batch:
    """Carry a batch out beside whoever else works on it, with progress; Ctrl-C pauses it."""
    from sealwright.adapters.worker_children import WorkerChildren
    from sealwright.domain.batches import CHUNK_ROWS, WORKED_ON
    from sealwright.services.batch_helping import WORTH_CHUNKS

    bulk = at.office.bulk
    batch = bulk.desk.get(at.caller, batch_id, at.view)
    progress = Progress(output, label, began_with=batch.issued + batch.failed)
    children = WorkerChildren(environment={"SEALWRIGHT_PUBLIC_URL": at.office.public_url})
    worker = _Worker(at, batch_id)
    try:
        if batch.remaining // CHUNK_ROWS > WORTH_CHUNKS:
            children.ensure(batch.remaining // CHUNK_ROWS // WORTH_CHUNKS)
        progress.tell(_stand(batch))
        worker.start()
        while worker.is_alive():
            worker.join(_LOOK_SECONDS)
            batch = bulk.desk.get(at.caller, batch_id, at.view)
            if batch.status in WORKED_ON:
                progress.tell(_stand(batch))
    except KeyboardInterrupt:
        _stop(at, output, batch_id, worker)
        raise
    finally:
        children.stop()
    if worker.error is not None:
        output.say(f"Go on with: sealwright batch resume {batch_id}")
        raise worker.error
    batch = bulk.desk.get(at.caller, batch_id, at.view)
    progress.end(_stand(batch))
    return batch


class _Worker(threading.Thread):
    """Carries a batch out beside the thread that watches it."""

    def __init__(self, at: Desk, batch_id: str) -> None:
        super().__init__(name="batch", daemon=True)
        self._engine = at.office.bulk.engine
        self._batch_id = batch_id
        self.error: Exception | None = None

    def run(self) -> None:
        """Work until nothing is left; where others hold the last chunks for long, they may have died since."""
        from sealwright.domain.batches import WORKED_ON

        try:
            while self._engine.run_batch(self._batch_id).status in WORKED_ON:
                continue
        except Exception as error:  # noqa: BLE001 - told by whoever watches
            self.error = error


def _stand(batch: Batch) -> Stand:
    return Stand(batch.issued + batch.failed, batch.failed, total=batch.total)


def _stop(at: Desk, output: Output, batch_id: str, worker: _Worker) -> None:
    """Let what is under way be finished, and nothing else be begun by anybody."""
    from sealwright.domain.errors import DomainError

    with suppress(DomainError):
        at.office.acts.run(at.caller, lambda uow, me: at.office.bulk.desk.pause(uow, me, batch_id))
    if worker.ident is not None:
        worker.join()
    batch = at.office.bulk.desk.get(at.caller, batch_id, at.view)
    output.say(
        f"\nStopped: {batch.issued:,} issued, {batch.failed:,} failed, {batch.remaining:,} left.\n"
        f"Go on with: sealwright batch resume {batch_id}"
    )


@dataclass(frozen=True, slots=True)
class Places:
    """Where results and faulty rows go."""

    results: str
    errors: str

    @classmethod
    def of(cls, file: str, results: str | None, batch_id: str) -> Places:
        """Beside the file, unless somebody said where; an earlier batch's files stay as they are."""
        if results is not None:
            return cls(results, beside(results, "errors.csv", batch_id))
        return cls(beside(file, "results.csv", batch_id), beside(file, "errors.csv", batch_id))


def beside(file: str, name: str, batch_id: str) -> str:
    folder = Path(file).parent if file != "-" else Path()
    place = folder / name
    if place.exists():
        place = folder / f"{place.stem}-{batch_id}{place.suffix}"
    return str(place)


def conclude(at: Desk, output: Output, batch: Batch, places: Places) -> int:
    """Write what became of the rows, and tell."""
    from sealwright.cli.files import write_output
    from sealwright.domain.batches import BatchStatus
    from sealwright.services.row_tables import errors_csv

    results = at.office.bulk.desk.results
    write_output(places.results, results.results_csv(batch))
    errors_file = None
    if batch.failed and batch.schema_id is not None:
        shape = at.office.bulk.intake.shape(batch.schema_id, at.view)
        write_output(places.errors, errors_csv(shape, results.faults(batch)))
        errors_file = places.errors
    members = members_of_answer(batch.batch_id, batch.status.value, batch.total, batch.issued, batch.failed)
    members |= {"transaction_hash": batch.transaction_hash, "results_file": places.results, "errors_file": errors_file}
    output.emit(members)
    if batch.status is BatchStatus.PAUSED:
        why = batch.paused_by.value if batch.paused_by is not None else "caller"
        output.say(f"The batch rests ({why}). Go on with: sealwright batch resume {batch.batch_id}")
        return FAILURE
    return PARTLY if batch.failed else DONE


def members_of_answer(batch_id: str | None, status_: str, total: int, issued: int, failed: int) -> dict[str, object]:
    return {
        "batch_id": batch_id,
        "status": status_,
        "total": total,
        "issued": issued,
        "failed": failed,
        "transaction_hash": None,
        "results_file": None,
    }
