"""The tree of errors.

    TocsinError                 1  internal       500
    ├── InputError              2  your input     400
    │   ├── NotFoundError       2                 404
    │   ├── ConflictError       2                 409
    │   ├── PermissionDenied    2                 403
    │   ├── Unauthenticated     2                 401
    │   ├── MethodNotAllowed    2                 405
    │   └── TooLargeError       2                 413
    ├── OutsideServiceError     3  outside        502
    └── CheckFailedError        4  a check        422

Comes in: nothing. Goes out: exceptions that the command line and the web layer turn into one
shape. Always holds: a message says what was wrong, where, and what was expected; it starts
lower case, ends without a full stop, and never carries content (posts, handles, notes): ids
and hashes only. Every class has a stable `code` and a section in `docs/reference/errors.md`.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CheckFailedError",
    "ConflictError",
    "InputError",
    "MethodNotAllowed",
    "NotFoundError",
    "OutsideServiceError",
    "PermissionDenied",
    "TocsinError",
    "TooLargeError",
    "Unauthenticated",
]


class TocsinError(Exception):
    """An internal fault: something that Tocsin itself should have prevented.

    `message` says what was wrong, `where` names the file:line:col, record id or setting,
    `hint` says what to do about it.
    """

    code: ClassVar[str] = "INTERNAL"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def as_json(self) -> dict[str, str | None]:
        """The one JSON shape of an error, without the surrounding `{ok, error, request_id}`."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        text = self.message if self.where is None else f"{self.where}: {self.message}"
        return text if self.hint is None else f"{text}\n  hint: {self.hint}"


class InputError(TocsinError):
    """What the caller gave cannot be used: a file, an option, a setting, a request body."""

    code = "INPUT"
    exit_status = 2
    http_status = 400


class NotFoundError(InputError):
    """The named thing does not exist (or the caller may not know that it does)."""

    code = "NOT_FOUND"
    http_status = 404


class ConflictError(InputError):
    """The thing changed since the caller looked: read it again, then decide again."""

    code = "CONFLICT"
    http_status = 409


class PermissionDenied(InputError):  # noqa: N818  # reads as the HTTP status it stands for
    """The caller is known and may not do this."""

    code = "FORBIDDEN"
    http_status = 403


class Unauthenticated(InputError):  # noqa: N818  # reads as the HTTP status it stands for
    """The caller is not known: log in, or send a valid token."""

    code = "UNAUTHENTICATED"
    http_status = 401


class MethodNotAllowed(InputError):  # noqa: N818  # reads as the HTTP status it stands for
    """The address exists and does not take this method."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405


class TooLargeError(InputError):
    """What the caller sent is larger than the settings allow: send it in parts."""

    code = "TOO_LARGE"
    http_status = 413


class OutsideServiceError(TocsinError):
    """A service that is not ours failed or answered wrongly; trying again may help."""

    code = "OUTSIDE_SERVICE"
    exit_status = 3
    http_status = 502


class CheckFailedError(TocsinError):
    """A check ran and did not pass: a policy check, a policy test, an audit."""

    code = "CHECK_FAILED"
    exit_status = 4
    http_status = 422
