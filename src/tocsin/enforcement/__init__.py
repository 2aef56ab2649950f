"""Enforcement: from what was decided to what the platform did.

Comes in: decisions and verdicts. Goes out: actions, delivered through an outbox to connectors,
and what the platform says became of them. Always holds: an action has an idempotency key and
never acts twice; what leaves is signed; a failed delivery is tried again for about a day and
then kept as a dead letter. Refused: acting on a person without a person's verdict.
"""
