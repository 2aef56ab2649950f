"""What every request needs: the store, the pipeline, and who may do what.

Comes in: what `create_app` was given. Goes out: one frozen value, found at `request.app.state`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from fastapi import Request

from tocsin.pipeline import Intake, Live
from tocsin.pipeline.backtest import Background
from tocsin.policy import CompiledPolicy
from tocsin.review import Passwords, TokenCache
from tocsin.store.media import MediaStore
from tocsin.store.store import Store

__all__ = ["Context", "context_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One application's parts."""

    store: Store
    live: Live
    intake: Intake
    passwords: Passwords
    media: MediaStore
    tokens: TokenCache
    backtests: Background = field(default_factory=Background)

    @property
    def now(self) -> datetime:
        """The present."""
        return self.store.clock.now()

    def policy(self, connection: sa.Connection) -> CompiledPolicy:
        """The policy in force, also where another process activated it a moment ago."""
        self.live.reload(connection)
        return self.live.policy


def context_of(request: Request) -> Context:
    """The context of the application that answers this request."""
    context: Context = request.app.state.context
    return context
