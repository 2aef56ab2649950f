"""Templates: Jinja2 with everything escaped, and the few words that pages share.

Comes in: names of templates and values. Goes out: HTML. Always holds: autoescape is on for every
template; a name that is not given is an error, not an empty place; times are shown in UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup
from starlette.responses import HTMLResponse

from tocsin import __version__
from tocsin.errors import TocsinError
from tocsin.records import ActionKind
from tocsin.review import LABELS
from tocsin.web.text import initial, visible

__all__ = ["FOLDER", "ago", "environment", "render", "render_error"]

FOLDER = Path(__file__).parent
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

_STATUS_TITLES = {
    400: "That cannot be used",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not this way",
    409: "It changed meanwhile",
    413: "Too large",
    502: "An outside service failed",
}


@cache
def environment() -> jinja2.Environment:
    """The environment of every page; compiled once for each process."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        seen=_seen,
        initial=initial,
        moment=_moment,
        span=_span,
        quantity=_quantity,
        short=_short,
        sentence=_sentence,
        word=_word,
        value=_value,
        percent=_percent,
        action_label=lambda kind: LABELS[ActionKind(kind)],
        percent_encode=lambda text: quote(text, safe=""),
    )
    made.globals.update(tocsin_version=__version__, query=_query)
    return made


def render(name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """One page."""
    return HTMLResponse(environment().get_template(name).render(**values), status_code=status)


def render_error(error: TocsinError, request_id: str) -> HTMLResponse:
    """The page that a person sees when something is refused or fails."""
    title = _STATUS_TITLES.get(error.http_status, "Something went wrong")
    return render(
        "error.html", status=error.http_status, error=error, heading=title, request_id=request_id
    )


def ago(then: datetime, now: datetime) -> str:
    """How long ago, roughly.

    >>> from datetime import UTC
    >>> ago(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 5, tzinfo=UTC))
    '5 h ago'
    """
    seconds = (now - then).total_seconds()
    if seconds < 0:
        return f"in {_span(-seconds)}"
    return "just now" if seconds < _MINUTE else f"{_span(seconds)} ago"


def _span(length: float | timedelta) -> str:
    """A length of time in its largest unit."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h"
    days = seconds // _DAY
    return f"{days:.0f} days" if days < 730 else f"{days // 365:.0f} years"  # noqa: PLR2004


def _moment(value: datetime | None, now: datetime) -> Markup | str:
    """A time, in words, with the exact one behind it."""
    if value is None:
        return "unknown"
    exact = value.strftime("%Y-%m-%d %H:%M:%S UTC")
    template = Markup('<time datetime="{}" title="{}">{}</time>')
    return template.format(value.isoformat(), exact, ago(value, now))


def _seen(text: str | None) -> Markup:
    """A handle or name with everything that cannot be seen named."""
    pieces = []
    for piece, name in visible(text or ""):
        if name is None:
            pieces.append(Markup("{}").format(piece))
        else:
            pieces.append(Markup('<span class="ctrl" title="{}">{}</span>').format(name, piece))
    return Markup("<bdi>{}</bdi>").format(Markup("").join(pieces))


def _quantity(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _short(identifier: str) -> str:
    """An id, short enough to be read out: its kind and eight digits."""
    kind, separator, rest = identifier.partition("_")
    return f"{kind}{separator}{rest[:8]}" if separator and len(rest) > 12 else identifier[:24]  # noqa: PLR2004


def _sentence(text: str) -> str:
    """A message of ours as a sentence: they start lower case and end without a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def _word(name: object) -> str:
    """`stop_trending` as people write it."""
    return str(name).replace("_", " ").replace(".", " · ")


def _value(value: object) -> str:
    """A feature's value as a decision stored it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:g}"  # noqa: PLR2004
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _percent(share: float | None) -> str:
    """A share of one."""
    return "unknown" if share is None else f"{share:.0%}"


def _query(**values: object) -> str:
    """A query string of those values that are given, `?` included."""
    given = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"?{urlencode(given)}" if given else ""
