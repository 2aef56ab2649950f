"""Delivery: due actions out of the outbox, to the platform, once.

Comes in: the store's outbox and a connector. Goes out: deliveries, retries and dead letters.
Always holds: what is delivered or given up is an entry of the log; a crash between delivery
and entry repeats the delivery under the same idempotency key; an action that the platform does
not have, or an irreversible one, is never sent. Refused: nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tocsin.enforcement.webhook import next_attempt
from tocsin.plugins import Connector, Receipt
from tocsin.records import Action, ActionKind, ActionState
from tocsin.store import Store, outbox

__all__ = ["Deliverer", "DeliveryRun", "deliver_due", "in_undo_window", "would_deliver"]

_LOG = logging.getLogger(__name__)

HARMLESS_TO_REPEAT = frozenset({ActionKind.NOTIFY, ActionKind.WARN, ActionKind.RESTORE})
"""Actions that nobody needs to take back: words to a person, and taking back itself."""


@dataclass(slots=True)
class DeliveryRun:
    """What one look at the outbox did."""

    n_sent: int = 0
    n_retried: int = 0
    n_dead: int = 0

    @property
    def n_claimed(self) -> int:
        """How many actions were due."""
        return self.n_sent + self.n_retried + self.n_dead


def deliver_due(store: Store, connector: Connector) -> DeliveryRun:
    """Claim the next due action, if there is one, and deliver it.

    One at a time: a claim lasts a little longer than one delivery can take, so that two
    processes never send the same action at once, and one that died is soon replaced.
    """
    lease = timedelta(seconds=store.settings.delivery_lease_s)
    with store.write() as transaction:
        claimed = outbox.claim_due(transaction, limit=1, lease=lease)
    run = DeliveryRun()
    for action, attempt in claimed:
        receipt = _deliver(connector, action, attempt)
        _settle(store, action, attempt, receipt, run)
    return run


def would_deliver(store: Store) -> list[outbox.OutboxRow]:
    """The waiting actions, oldest first, that a delivery would claim now."""
    now = store.clock.now()
    with store.read() as connection:
        rows = outbox.list_rows(connection, now=now, states=(ActionState.WAITING,), limit=10_000)
    return [row for row in reversed(rows) if row.next_attempt_at <= now and not row.is_leased]


def in_undo_window(store: Store) -> list[outbox.OutboxRow]:
    """The waiting actions that whoever decided them can still take back unsent, oldest first."""
    now = store.clock.now()
    with store.read() as connection:
        rows = outbox.list_rows(connection, now=now, states=(ActionState.WAITING,), limit=10_000)
    return [row for row in reversed(rows) if row.action.not_before > now]


def _deliver(connector: Connector, action: Action, attempt: int) -> Receipt:
    available = connector.actions()
    if action.kind not in available:
        return Receipt(accepted=False, note=f"the platform has no action `{action.kind}`")
    if not available[action.kind] and action.kind not in HARMLESS_TO_REPEAT:
        # Safeguard of the design: such an action waits for the appeal and a preserved copy.
        return Receipt(accepted=False, note=f"`{action.kind}` cannot be taken back there: not sent")
    try:
        return connector.deliver(action, attempt)
    except Exception as error:  # noqa: BLE001  # one delivery that trips stops no other
        _LOG.exception("delivery of %s failed", action.id)
        return Receipt(accepted=False, retry=True, note=type(error).__name__)


def _settle(store: Store, action: Action, attempt: int, receipt: Receipt, run: DeliveryRun) -> None:
    wait = None if receipt.accepted or not receipt.retry else next_attempt(action.id, attempt)
    with store.write() as transaction:
        if receipt.accepted:
            state, run.n_sent = ActionState.SENT, run.n_sent + 1
        elif wait is None:
            state, run.n_dead = ActionState.DEAD, run.n_dead + 1
            _LOG.error("action %s is given up after %d attempts", action.id, attempt)
        else:
            at = transaction.clock.now() + wait
            outbox.mark_retry(transaction, action.id, next_attempt_at=at, note=receipt.note)
            run.n_retried += 1
            return
        outbox.mark_final(transaction, action.id, state=state, attempts=attempt, note=receipt.note)


class Deliverer:
    """A thread that looks at the outbox at intervals."""

    def __init__(
        self,
        store: Store,
        connector: Connector,
        *,
        on_run: Callable[[DeliveryRun], None] | None = None,
    ) -> None:
        self._store = store
        self._connector = connector
        self._on_run = on_run
        self._is_stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._thread = threading.Thread(target=self._loop, name="tocsin-delivery", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the delivery in hand, then end."""
        self._is_stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run_once(self) -> DeliveryRun:
        """One look at the outbox."""
        run = deliver_due(self._store, self._connector)
        if self._on_run is not None:
            self._on_run(run)
        return run

    def _loop(self) -> None:
        pause_s = self._store.settings.delivery_poll_ms / 1000
        while not self._is_stopping.is_set():
            try:
                run = self.run_once()
            except Exception:  # noqa: BLE001  # the database may be away for a while: try again
                _LOG.exception("a look at the outbox failed")
                run = DeliveryRun()
            if run.n_claimed == 0:
                self._is_stopping.wait(pause_s)
