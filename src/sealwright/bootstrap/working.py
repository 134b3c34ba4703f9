"""Who carries out background work: threads beside SQLite, procrastinate's workers beside PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sealwright.adapters.jobs_in_process import InProcessRunner
from sealwright.adapters.runner_trace import RunnerTrace
from sealwright.adapters.worker_children import WorkerChildren
from sealwright.bootstrap.ground import Ground
from sealwright.services.batch_helping import BatchHelping
from sealwright.services.queue_health import QueueHealth, QueueState
from sealwright.services.tasks import BATCHES, TaskRunner, Tasks
from sealwright.storage.queue_state import read_queue_state

Look = Callable[[], QueueState]


@dataclass(frozen=True, slots=True)
class Working:
    """The runner of this process, and what can be seen of all of them."""

    runner: TaskRunner
    helping: BatchHelping
    queue: QueueHealth


def working_of(ground: Ground, tasks: Tasks, public_url: str) -> Working:
    """Build the runner for the database that is there, and those who help it with batches."""
    # A server may have learned its port only when it was bound; its helpers must name the same address in credentials.
    children = WorkerChildren(environment={"SEALWRIGHT_PUBLIC_URL": public_url})
    helping = BatchHelping(units=ground.units, clock=ground.clock, children=children)
    tasks.follow(BATCHES, helping.consider)
    runner, look = _in_process(ground, tasks) if ground.database.is_sqlite else _beside_postgres(ground, tasks)
    return Working(runner, helping, QueueHealth(tasks, units=ground.units, clock=ground.clock, look=look))


def _in_process(ground: Ground, tasks: Tasks) -> tuple[TaskRunner, Look]:
    assert ground.database.path is not None
    trace = RunnerTrace(ground.database.path)
    runner = InProcessRunner(
        tasks,
        units=ground.units,
        clock=ground.clock,
        concurrency=ground.settings.job_concurrency,
        on_alive=trace.leave,
    )

    def wake(task: str, at: datetime | None, _lane: str) -> None:
        runner.wake(task, at)

    ground.database.on_wake(wake)
    return runner, trace.state


def _beside_postgres(ground: Ground, tasks: Tasks) -> tuple[TaskRunner, Look]:
    # Imported here, because a process beside SQLite has no use for a queue's client.
    from sealwright.adapters.jobs_procrastinate import ProcrastinateRunner

    runner = ProcrastinateRunner(
        tasks,
        units=ground.units,
        clock=ground.clock,
        connect=ground.database.postgres,
        options=ground.database.options,
        concurrency=ground.settings.job_concurrency,
    )
    return runner, lambda: read_queue_state(ground.database)
