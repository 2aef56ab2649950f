"""Web: the JSON API and the console.

Comes in: HTTP. Goes out: HTTP. Always holds: translates to `review`, `pipeline` and `store` and
back, and decides nothing; everything that a platform sent is escaped. Refused: callers without
the permission, bodies beyond the limits, requests from other sites.
"""

from tocsin.web.app import check_address, create_app

__all__ = ["check_address", "create_app"]
