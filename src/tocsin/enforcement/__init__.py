"""Enforcement: from what was decided to what the platform did.

Comes in: decisions and verdicts. Goes out: actions, delivered through an outbox to connectors,
and what the platform says became of them. Always holds: an action has an idempotency key and
never acts twice; what leaves is signed; a failed delivery is tried again for about a day and
then kept as a dead letter. Refused: acting on a person without a person's verdict.
"""

from tocsin.enforcement.delivery import (
    Deliverer,
    DeliveryRun,
    deliver_due,
    in_undo_window,
    would_deliver,
)
from tocsin.enforcement.differences import Difference, DifferenceKind, reconcile
from tocsin.enforcement.webhook import DEFAULT_ACTIONS, WebhookConnector, WebhookSettings

__all__ = [
    "DEFAULT_ACTIONS",
    "Deliverer",
    "DeliveryRun",
    "Difference",
    "DifferenceKind",
    "WebhookConnector",
    "WebhookSettings",
    "deliver_due",
    "in_undo_window",
    "reconcile",
    "would_deliver",
]
