"""What the queue's tables tell of those who work on it; on PostgreSQL."""

from __future__ import annotations

from typing import Final

from sealwright.services.queue_health import QueueState
from sealwright.services.tasks import QUEUE
from sealwright.storage.engines import Database
from sealwright.storage.transaction import open_transaction

# Several times as long as a worker may be silent before others have its jobs.
FRESH_SECONDS: Final = 30
_STATE: Final = f"""
SELECT worker.fresh, worker.seconds, job.stalled, job.waiting, job.seconds
FROM (
    SELECT count(*) FILTER (WHERE last_heartbeat > now() - interval '{FRESH_SECONDS} seconds') AS fresh,
        extract(epoch FROM now() - max(last_heartbeat))::float8 AS seconds
    FROM procrastinate_workers
) AS worker, (
    SELECT count(*) FILTER (WHERE status = 'doing' AND NOT EXISTS (
            SELECT 1 FROM procrastinate_workers AS owner WHERE owner.id = job.worker_id
            AND owner.last_heartbeat > now() - interval '{FRESH_SECONDS} seconds'
        )) AS stalled,
        count(*) FILTER (WHERE status = 'todo') AS waiting,
        extract(epoch FROM now() - min(
            COALESCE(scheduled_at, (SELECT min(at) FROM procrastinate_events AS event WHERE event.job_id = job.id))
        ) FILTER (WHERE status = 'todo'))::float8 AS seconds
    FROM procrastinate_jobs AS job
    WHERE queue_name = '{QUEUE}' AND (scheduled_at IS NULL OR scheduled_at <= now())
) AS job
"""  # noqa: S608 - names and numbers of our own


def read_queue_state(database: Database) -> QueueState:
    """Look at the queue.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    with open_transaction(database, write=False) as transaction:
        ((workers, seen, stalled, waiting, oldest),) = transaction.driver_rows(_STATE, ())
    return QueueState(workers=workers, seen_seconds=seen, stalled=stalled, waiting=waiting, oldest_seconds=oldest)
