"""The console: pages for people, one file per family.

Comes in: requests of browsers. Goes out: HTML that needs no script for reading and deciding.
Always holds: everything that changes something is a form with the session's token, answered by a
redirect; page titles hold no content.
"""

from tocsin.web.console.routes import console_router

__all__ = ["console_router"]
