"""What all models behind an endpoint have in common.

Comes in: settings, a clock, the key of the server. Goes out: the endpoint, and a memory of answers,
for the class that asks. Always holds: connections are closed when the model is. Refused: settings
that cannot be used, before anything is sent.
"""

from __future__ import annotations

import ssl
from typing import Self

from tocsin.clock import Clock
from tocsin.nlp.adapters.cache import AnswerCache
from tocsin.nlp.adapters.endpoint import Endpoint
from tocsin.nlp.adapters.settings import OutsideModel

__all__ = ["EndpointModel"]


class EndpointModel:
    """A model behind an endpoint; may be used by several threads, and closed after."""

    def __init__(
        self,
        settings: OutsideModel,
        clock: Clock,
        *,
        api_key: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Check the settings; nothing is sent yet.

        `tls`: a context that trusts the operator's own authority, where there is one.

        Raises:
            InputError: an address, a machine or a key that cannot be used.
        """
        self._settings = settings
        self._endpoint = Endpoint(settings, clock, api_key=api_key, tls=tls)
        self._cache = AnswerCache(settings.cache_entries)

    def close(self) -> None:
        """Close idle connections."""
        self._endpoint.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
