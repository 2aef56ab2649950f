"""The JSON API: one file per family of endpoints.

Comes in: requests under `/v1`. Goes out: JSON. Always holds: every error has one shape; lists
are paged by cursors that are opaque to the caller; nothing is answered before it is durable.
"""

from tocsin.web.api.routes import api_router

__all__ = ["api_router"]
