"""The page that a reader of Harbour sees, as HTML without scripts.

Comes in: views of posts and trends. Goes out: one HTML document. Always holds: everything that
users wrote is escaped; what an action hides is not in the document at all, except behind an
interstitial, which the reader opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from examples.harbour.state import PostView, Trend

__all__ = ["STYLE", "timeline"]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --note: #b3541e; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; line-height: 1.5;
       font: 1rem/1.5 system-ui, sans-serif; display: grid; gap: 1.5rem;
       grid-template-columns: minmax(0, 1fr) 15rem; }
header, footer { grid-column: 1 / -1; display: flex; justify-content: space-between;
                 align-items: baseline; border-bottom: 1px solid var(--line); }
footer { border: 0; }
h1 { font-size: 1.4rem; margin: .2rem 0; } h2 { font-size: 1rem; }
ol { list-style: none; margin: 0; padding: 0; }
article { border-bottom: 1px solid var(--line); padding: .8rem 0; overflow-wrap: anywhere; }
.who { font-weight: 600; } .when, .handle { opacity: .7; font-size: .875rem; }
p { margin: .3rem 0; unicode-bidi: plaintext; white-space: pre-wrap; }
.gone { background: var(--soft); border-radius: .4rem; padding: .5rem .8rem; }
.label { border: 1px solid var(--note); color: var(--note); border-radius: 1rem;
         font-size: .8rem; padding: .05rem .6rem; }
summary { cursor: pointer; color: var(--note); }
@media (max-width: 45rem) { body { grid-template-columns: minmax(0, 1fr); } }
"""

_GONE = {
    "deleted": "Deleted by its author.",
    "removed": "Harbour removed this post.",
    "author_suspended": "This account is suspended.",
    "hidden": "Harbour has hidden this post.",
    "withheld": "This post is withheld in your country.",
    "limited": "Shown to followers only: Harbour has limited this account.",
}


def timeline(
    posts: Sequence[PostView],
    trends: Sequence[Trend],
    stopped: Sequence[str],
    *,
    country: str | None,
    page: int,
    has_more: bool,
) -> str:
    """The newest posts, and what trends. `stopped`: hashtags taken off the trends."""
    reader = f"seen from {escape(country)}" if country else "seen from no particular country"
    items = "\n".join(f"<li>{_post(post)}</li>" for post in posts)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Harbour</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/style.css"></head>
<body><header><h1>Harbour</h1><span>{reader}</span></header>
<main><ol>{items or "<li>Nothing here yet.</li>"}</ol></main>
<aside><h2>Trends</h2>{_trends(trends, stopped)}</aside>
<footer>{_pager(country, page, has_more=has_more)}</footer></body></html>
"""


def _post(post: PostView) -> str:
    name = escape(post.name or post.handle or "anonymous")
    handle = f"@{escape(post.handle)}" if post.handle else ""
    labels = " ".join(f'<span class="label">{escape(label)}</span>' for label in post.labels)
    return (
        f'<article id="{escape(post.id)}" data-standing="{escape(post.standing)}">'
        f'<div><span class="who" dir="auto">{name}</span> <span class="handle">{handle}</span> '
        f'<time class="when">{escape(post.at[:16].replace("T", " "))}</time> {labels}</div>'
        f"{_body(post)}</article>"
    )


def _body(post: PostView) -> str:
    because = f" Rule: {escape(', '.join(post.clauses))}." if post.clauses else ""
    if post.standing in _GONE:
        return f'<p class="gone">{_GONE[post.standing]}{because}</p>'
    lang = f' lang="{escape(post.lang)}"' if post.lang else ""
    text = f'<p dir="auto"{lang}>{escape(post.text)}</p>'
    if post.standing == "interstitial":
        return f"<details><summary>This may disturb.{because} Show it</summary>{text}</details>"
    return text


def _trends(trends: Sequence[Trend], stopped: Sequence[str]) -> str:
    rows = "".join(f"<li>#{escape(t.hashtag)} · {t.accounts} accounts</li>" for t in trends)
    note = "".join(f"<li><s>#{escape(hashtag)}</s> taken off</li>" for hashtag in stopped)
    return f"<ol>{rows}{note}</ol>"


def _pager(country: str | None, page: int, *, has_more: bool) -> str:
    def link(number: int, words: str) -> str:
        query = {"page": number, **({"country": country} if country else {})}
        return f'<a href="/?{escape(urlencode(query))}">{words}</a>'

    newer = link(page - 1, "Newer") if page > 1 else "<span></span>"
    return newer + (link(page + 1, "Older") if has_more else "")
