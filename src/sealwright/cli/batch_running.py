"""Carrying a batch out at the terminal: with progress, beside whoever else works on it, until it ends or is stopped."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sealwright.cli.files import require_place, write_output
from sealwright.cli.misuse import DONE, FAILURE, PARTLY, Misused, UnreadableFile
from sealwright.cli.output import Output, spell
from sealwright.cli.progress import Progress, Stand

if TYPE_CHECKING:
    from sealwright.adapters.worker_children import WorkerChildren
    from sealwright.cli.desk import Desk
    from sealwright.domain.batches import Batch

_LOOK_SECONDS: Final = 0.2
_RESTING: Final = ("paused", "draft")


def carry_out(at: Desk, output: Output, batch_id: str) -> Batch:
    """Carry a batch out beside whoever else works on it, with progress; Ctrl-C pauses it.

    A mass act that nobody put together to its end is put together before.
    """
    from sealwright.adapters.worker_children import WorkerChildren
    from sealwright.domain.batches import CHUNK_ROWS, WORKED_ON
    from sealwright.services.batch_helping import WORTH_CHUNKS

    bulk = at.office.bulk
    # Now, because whatever ends this process otherwise than by Ctrl-C leaves it no time to tell.
    output.say(f"Batch {batch_id}")
    children = WorkerChildren(environment={"SEALWRIGHT_PUBLIC_URL": at.office.public_url})
    worker = _Worker(at, batch_id)
    try:
        bulk.mass.gathering.fill(batch_id)
        batch = bulk.desk.get(at.caller, batch_id, at.view)
        progress = Progress(output, _label(batch), began_with=batch.issued + batch.failed)
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
        _stop(at, output, batch_id, worker, children)
        raise
    finally:
        children.stop()
    if worker.error is not None:
        output.say(f"Go on with: sealwright batch resume {batch_id}")
        raise worker.error
    batch = bulk.desk.get(at.caller, batch_id, at.view)
    progress.end(_stand(batch))
    return batch


def end_replaced(at: Desk, output: Output, batch: Batch) -> Batch | None:
    """Revoke what a re-issue has replaced, once it is over; None where nothing ends by it, or not yet."""
    ending = batch.options.selection.ending_batch if batch.options.selection is not None else None
    if ending is None or batch.finished_at is None:
        return None
    at.office.bulk.mass.gathering.follow(ending)
    return carry_out(at, output, ending)


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


def _label(batch: Batch) -> str:
    if _done_word(batch) == "revoked":
        return "Revoking"
    return "Issuing" if batch.options.selection is None else "Issuing anew"


def _done_word(batch: Batch) -> str:
    """What became of the rows that did not fail, as the API calls it."""
    from sealwright.domain.batches import BatchKind

    return "revoked" if batch.kind is BatchKind.REVOKE else "issued"


def _stop(at: Desk, output: Output, batch_id: str, worker: _Worker, children: WorkerChildren) -> None:
    """Let what is under way be finished, and nothing else be begun by anybody."""
    from sealwright.domain.errors import DomainError

    with suppress(DomainError):
        at.office.acts.run(at.caller, lambda uow, me: at.office.bulk.desk.pause(uow, me, batch_id))
    if worker.ident is not None:
        worker.join()
    children.stop()
    batch = at.office.bulk.desk.get(at.caller, batch_id, at.view)
    if output.json or output.quiet:
        # No message is printed then, and without the id nobody could go on.
        output.emit(answer_of(batch))
    output.say(
        f"\nStopped: {batch.issued:,} {_done_word(batch)}, {batch.failed:,} failed, {batch.remaining:,} left.\n"
        f"Go on with: sealwright batch resume {batch_id}"
    )


@dataclass(frozen=True, slots=True)
class Places:
    """Where results and faulty rows go."""

    results: str
    errors: str

    @classmethod
    def of(cls, file: str, results: str | None, batch_id: str) -> Places:
        """Beside the file, unless somebody said where; what stands there already stays as it is."""
        place = results if results is not None else beside(file, "results.csv", batch_id)
        return cls(place, beside(place, "errors.csv", batch_id, taken=place))


def beside(file: str, name: str, mark: str, *, taken: str | None = None) -> str:
    """A place beside a file that nothing has, with a mark in its name where it needs one.

    Args:
        taken: A place that something is about to have.
    """
    folder = Path(file).parent if file != "-" else Path()
    stem, suffix = Path(name).stem, Path(name).suffix
    further = (folder / f"{stem}-{mark}-{number}{suffix}" for number in count(2))
    places = chain((folder / name, folder / f"{stem}-{mark}{suffix}"), further)
    return next(str(place) for place in places if not place.exists() and str(place) != str(Path(taken or "")))


def require_room(output: Output, file: str, results: str | None) -> None:
    """Refuse what could not be told, before anything is issued.

    Raises:
        Misused: The results go where the answer goes.
        UnreadableFile: Nothing can be written where the results are to stand.
    """
    if results == "-" and output.json:
        raise Misused("--results - and --json both write to standard output")
    require_place(results if results is not None else beside(file, "results.csv", "batch"))


def conclude(at: Desk, output: Output, batch: Batch, places: Places, ended: Batch | None = None) -> int:
    """Write what became of the rows, and tell.

    Args:
        ended: The end of what a re-issue has replaced.
    """
    try:
        errors_file = _write(at, batch, places)
    except UnreadableFile as error:
        again = f"The batch is {batch.status.value}; for its results: sealwright batch resume {batch.batch_id}"
        raise UnreadableFile(f"{error}. {again} --results FILE") from error
    members = answer_of(batch, places.results, errors_file)
    if ended is not None:
        members["revoked"] = ended.issued
    if places.results == "-":
        output.say(spell(members))
    else:
        output.emit(members)
    for one in (batch, ended):
        if one is not None and one.status.value in _RESTING:
            why = f" ({one.paused_by.value})" if one.paused_by is not None else ""
            output.say(f"The batch rests{why}. Go on with: sealwright batch resume {one.batch_id}")
            return FAILURE
    return PARTLY if batch.failed or (ended is not None and ended.failed) else DONE


def _write(at: Desk, batch: Batch, places: Places) -> str | None:
    """Write the results, and the faulty rows if there are any; gives where those stand."""
    from sealwright.services.row_tables import errors_csv

    results = at.office.bulk.desk.results
    write_output(places.results, results.results_csv(batch))
    if not batch.failed or batch.schema_id is None:
        return None
    shape = at.office.bulk.intake.shape(batch.schema_id, at.view)
    write_output(places.errors, errors_csv(shape, results.faults(batch)))
    return places.errors


def answer_of(batch: Batch, results_file: str | None = None, errors_file: str | None = None) -> dict[str, object]:
    """What commands say of a batch."""
    return {
        "batch_id": batch.batch_id,
        "status": batch.status.value,
        "total": batch.total,
        _done_word(batch): batch.issued,
        "failed": batch.failed,
        "transaction_hash": batch.transaction_hash,
        "results_file": results_file,
        "errors_file": errors_file,
    }
