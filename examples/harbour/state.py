"""What Harbour knows: posts, accounts, the actions it was told to take, and what it owes Tocsin.

Comes in: Tocsin's actions, and events of the platform itself. Goes out: what a reader sees, and
the reports still to be sent. Always holds: an action, its effect and the report about it are one
transaction, so a crash leaves all of them or none; an action counts once, however often it is
delivered; nothing is overwritten: what a reader sees is computed from the actions in force, so
that lifting one of two leaves the other. Refused: actions for things that do not exist or that
Harbour cannot do; that is recorded, and reported as not applied.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

__all__ = [
    "CAPABILITIES",
    "AccountView",
    "Applied",
    "PostView",
    "ReceivedAction",
    "State",
    "Trend",
]

CAPABILITIES: Mapping[str, frozenset[str]] = {
    "notify": frozenset({"post", "account", "media", "hashtag"}),
    "label": frozenset({"post", "account", "media"}),
    "warn": frozenset({"post", "account"}),
    "interstitial": frozenset({"post", "media"}),
    "stop_trending": frozenset({"hashtag"}),
    "limit": frozenset({"account"}),
    "withhold": frozenset({"post", "account", "media"}),
    "hide": frozenset({"post", "media"}),
    "remove": frozenset({"post", "media"}),
    "suspend": frozenset({"account"}),
    "restore": frozenset({"post", "account", "media", "hashtag"}),
}
"""What Harbour can do, and to what. All of it can be taken back: removed posts are kept."""

_PUBLIC = frozenset({"public", "unlisted"})
TREND_WINDOW = timedelta(hours=24)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, handle TEXT, name TEXT, bio TEXT,
    suspended INTEGER NOT NULL DEFAULT 0            -- by Harbour itself, without Tocsin
) STRICT;
CREATE TABLE IF NOT EXISTS posts (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT, at TEXT NOT NULL,
    body TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS posts_at ON posts (at);
CREATE TABLE IF NOT EXISTS actions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, received_at TEXT NOT NULL,
    kind TEXT NOT NULL, subject_kind TEXT NOT NULL, subject_id TEXT NOT NULL, actor TEXT,
    clause TEXT NOT NULL, decided_by TEXT NOT NULL, expires_at TEXT, country TEXT, label TEXT,
    undoes TEXT, applied INTEGER NOT NULL, error TEXT, undone_by TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS actions_subject ON actions (subject_kind, subject_id);
CREATE INDEX IF NOT EXISTS actions_undoes ON actions (undoes) WHERE undoes IS NOT NULL;
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    refused INTEGER NOT NULL DEFAULT 0
) STRICT;
"""


class _Subject(msgspec.Struct, frozen=True):
    kind: str
    id: str


class ReceivedAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action as it arrives; fields and kinds that Harbour does not know are no error."""

    id: str
    kind: str
    subject: _Subject
    clause: str
    decided_by: str
    actor: str | None = None
    expires_at: datetime | None = None
    country: str | None = None
    label: str | None = None
    undoes: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a delivery; `repeat`: the action had arrived before."""

    applied: bool
    repeat: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """A post as a reader in one country sees it.

    `standing`: visible, interstitial, limited, withheld, hidden, removed, author_suspended or
    deleted; `clauses` are those of the actions in force.
    """

    id: str
    at: str
    account: str | None
    handle: str
    name: str
    text: str
    lang: str
    hashtags: Sequence[str] = ()
    standing: str = "visible"
    labels: Sequence[str] = ()
    clauses: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account and how it stands: good, limited, withheld or suspended."""

    id: str
    handle: str
    name: str
    bio: str
    standing: str = "good"
    labels: Sequence[str] = ()
    warnings: int = 0
    notices: int = 0


@dataclass(frozen=True, slots=True)
class Trend:
    """A hashtag and how many accounts used it in a day."""

    hashtag: str
    accounts: int


@dataclass(slots=True)
class _InForce:
    """The actions in force, by subject."""

    rows: dict[tuple[str, str], list[sqlite3.Row]] = field(default_factory=dict)

    def of(self, *subjects: tuple[str, str]) -> list[sqlite3.Row]:
        return [row for subject in subjects for row in self.rows.get(subject, ())]


class State:
    """One SQLite file. Every method opens its own connection: use it from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_SCHEMA)

    def apply(self, action: ReceivedAction, now: datetime) -> Applied:
        """Apply an action unless it arrived before, and note the report about it."""
        with self._transaction() as db:
            before = db.execute(
                "SELECT applied, error FROM actions WHERE id = ?", (action.id,)
            ).fetchone()
            if before is not None:
                return Applied(bool(before["applied"]), repeat=True, error=before["error"])
            error = _obstacle(db, action)
            _insert_action(db, action, error, now)
            if error is None:
                _lift(db, action)
            _enqueue(db, _report(action, error, now))
        return Applied(error is None, repeat=False, error=error)

    def record(self, events: Iterable[Mapping[str, Any]], *, forward: bool = False) -> int:
        """Take in what happened on Harbour; with `forward`, tell Tocsin of it as well.

        Posts that are not public are left out: no page shows them, and Tocsin never sees them.
        """
        count = 0
        with self._transaction() as db:
            for event in events:
                if event.get("post", {}).get("visibility", "public") not in _PUBLIC:
                    continue
                _record(db, event)
                if forward:
                    _enqueue(db, event)
                count += 1
        return count

    def unsent(self, limit: int) -> list[tuple[int, str]]:
        """The oldest events that Tocsin has not confirmed: number and JSON."""
        query = "SELECT seq, body FROM outbox WHERE refused = 0 ORDER BY seq LIMIT ?"
        with self._connection() as db:
            return [(row["seq"], row["body"]) for row in db.execute(query, (limit,))]

    def sent(self, numbers: Iterable[int]) -> None:
        """Tocsin has these: forget them."""
        with self._transaction() as db:
            db.executemany("DELETE FROM outbox WHERE seq = ?", [(number,) for number in numbers])

    def refused(self, numbers: Iterable[int]) -> None:
        """Tocsin will never take these: keep them aside for a person to look at."""
        rows = [(number,) for number in numbers]
        with self._transaction() as db:
            db.executemany("UPDATE outbox SET refused = 1 WHERE seq = ?", rows)

    def posts(
        self,
        now: datetime,
        *,
        country: str | None = None,
        offset: int = 0,
        limit: int = 100,
        post_id: str | None = None,
    ) -> list[PostView]:
        """Posts as a reader in `country` sees them, newest first."""
        query = (
            "SELECT p.*, a.handle, a.name, a.suspended FROM posts p"
            " LEFT JOIN accounts a ON a.id = p.account WHERE (?1 IS NULL OR p.id = ?1)"
            " ORDER BY p.at DESC, p.seq DESC LIMIT ?2 OFFSET ?3"
        )
        with self._connection() as db:
            in_force = _in_force(db, now)
            rows = db.execute(query, (post_id, limit, offset)).fetchall()
        return [_post_view(row, in_force, country) for row in rows]

    def accounts(self, now: datetime, *, offset: int = 0, limit: int = 100) -> list[AccountView]:
        """Accounts by handle."""
        query = "SELECT * FROM accounts ORDER BY handle, id LIMIT ? OFFSET ?"
        with self._connection() as db:
            in_force = _in_force(db, now)
            rows = db.execute(query, (limit, offset)).fetchall()
        return [_account_view(row, in_force) for row in rows]

    def actions(self, *, offset: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Every action ever received, the newest first, with what became of it."""
        query = "SELECT * FROM actions ORDER BY seq DESC LIMIT ? OFFSET ?"
        with self._connection() as db:
            rows = [dict(row) for row in db.execute(query, (limit, offset))]
        for row in rows:
            row["applied"] = bool(row["applied"])
        return rows

    def trends(self, now: datetime, limit: int = 8) -> tuple[list[Trend], list[str]]:
        """The hashtags that most accounts used on the last day, and those taken off the list."""
        with self._connection() as db:
            in_force = _in_force(db, now)
            rows = db.execute("SELECT account, at, body FROM posts WHERE deleted = 0").fetchall()
        stopped = {
            _tag(identifier)
            for (kind, identifier), actions in in_force.rows.items()
            if kind == "hashtag" and any(row["kind"] == "stop_trending" for row in actions)
        }
        newest = max((datetime.fromisoformat(row["at"]) for row in rows), default=now)
        since = (newest - TREND_WINDOW).isoformat()
        users: dict[str, set[str]] = {}
        for row in rows:
            if row["at"] >= since:
                for hashtag in json.loads(row["body"]).get("hashtags", ()):
                    users.setdefault(_tag(hashtag), set()).add(row["account"] or "")
        ranked = sorted(users.items(), key=lambda item: (-len(item[1]), item[0]))
        trends = [Trend(name, len(by)) for name, by in ranked if name not in stopped]
        return trends[:limit], sorted(stopped)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA synchronous = FULL")  # what was answered with 200 survives power
            yield db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


def _obstacle(db: sqlite3.Connection, action: ReceivedAction) -> str | None:
    """Why the action cannot be applied, in words without content; None if it can."""
    subjects = CAPABILITIES.get(action.kind)
    taken_back = "SELECT 1 FROM actions WHERE undoes = ? AND applied = 1"
    if subjects is None:
        return "Harbour has no such action"
    if action.subject.kind not in subjects:
        return "Harbour cannot do this to a subject of this kind"
    if action.kind == "withhold" and action.country is None:
        return "withholding needs a country"
    if db.execute(taken_back, (action.id,)).fetchone() is not None:
        return "taken back before it arrived"
    return None if _exists(db, action.subject) else "no such post or account"


def _exists(db: sqlite3.Connection, subject: _Subject) -> bool:
    """Hashtags and media need no record of their own."""
    table = {"post": "posts", "account": "accounts"}.get(subject.kind)
    if table is None:
        return True
    query = f"SELECT 1 FROM {table} WHERE id = ?"  # noqa: S608  # one of the two names above
    return db.execute(query, (subject.id,)).fetchone() is not None


def _insert_action(
    db: sqlite3.Connection, action: ReceivedAction, error: str | None, now: datetime
) -> None:
    db.execute(
        "INSERT INTO actions (id, received_at, kind, subject_kind, subject_id, actor, clause,"
        " decided_by, expires_at, country, label, undoes, applied, error)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            action.id,
            _stamp(now),
            action.kind,
            action.subject.kind,
            action.subject.id,
            action.actor,
            action.clause,
            action.decided_by,
            None if action.expires_at is None else _stamp(action.expires_at),
            action.country,
            action.label,
            action.undoes,
            int(error is None),
            error,
        ),
    )


def _lift(db: sqlite3.Connection, action: ReceivedAction) -> None:
    """Take back what the action undoes; a `restore` that names nothing lifts all there is."""
    if action.undoes is not None:
        query = "UPDATE actions SET undone_by = ? WHERE id = ? AND undone_by IS NULL"
        db.execute(query, (action.id, action.undoes))
    elif action.kind == "restore":
        db.execute(
            "UPDATE actions SET undone_by = ?1 WHERE subject_kind = ?2 AND subject_id = ?3"
            " AND undone_by IS NULL AND applied = 1 AND id <> ?1 AND kind <> 'restore'",
            (action.id, action.subject.kind, action.subject.id),
        )
        if action.subject.kind == "account":
            db.execute("UPDATE accounts SET suspended = 0 WHERE id = ?", (action.subject.id,))


def _report(action: ReceivedAction, error: str | None, now: datetime) -> dict[str, Any]:
    """The event that tells Tocsin what became of an action; one id per action, for ever."""
    report = {
        "id": f"harbour-result-{action.id}",
        "type": "action.result",
        "at": _stamp(now),
        "action": action.id,
        "applied": error is None,
    }
    return report if error is None else {**report, "error": error}


def _enqueue(db: sqlite3.Connection, event: Mapping[str, Any]) -> None:
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    query = "INSERT INTO outbox (event_id, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
    db.execute(query, (event["id"], body))


def _record(db: sqlite3.Connection, event: Mapping[str, Any]) -> None:
    kind = event["type"]
    actor = event.get("actor") or {}
    account = actor.get("id") or actor.get("handle")
    if account is not None:
        _upsert_account(db, account, actor)
    if kind in ("post.created", "post.updated"):
        post = event["post"]
        db.execute(
            "INSERT INTO posts (id, account, at, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (post["id"], account, _stamp(_time(event)), json.dumps(post, ensure_ascii=False)),
        )
    elif kind == "post.deleted":
        db.execute("UPDATE posts SET deleted = 1 WHERE id = ?", (event["post"]["id"],))
    elif kind in ("account.suspended", "account.restored"):
        suspended = int(kind == "account.suspended")
        db.execute("UPDATE accounts SET suspended = ? WHERE id = ?", (suspended, account))


def _upsert_account(db: sqlite3.Connection, account: str, actor: Mapping[str, Any]) -> None:
    db.execute(
        "INSERT INTO accounts (id, handle, name, bio) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET handle = coalesce(excluded.handle, handle),"
        " name = coalesce(excluded.name, name), bio = coalesce(excluded.bio, bio)",
        (account, actor.get("handle"), actor.get("name"), actor.get("bio")),
    )


def _in_force(db: sqlite3.Connection, now: datetime) -> _InForce:
    query = (
        "SELECT * FROM actions WHERE applied = 1 AND undone_by IS NULL"
        " AND (expires_at IS NULL OR expires_at > ?) ORDER BY seq"
    )
    found = _InForce()
    for row in db.execute(query, (_stamp(now),)):
        found.rows.setdefault((row["subject_kind"], row["subject_id"]), []).append(row)
        if row["kind"] in ("notify", "warn"):
            told = row["subject_id"] if row["subject_kind"] == "account" else row["actor"]
            found.rows.setdefault(("told", told or ""), []).append(row)
    return found


def _post_view(row: sqlite3.Row, in_force: _InForce, country: str | None) -> PostView:
    post = json.loads(row["body"])
    media = [
        ("media", identifier)
        for item in post.get("media", ())
        for identifier in (item.get("id"), item.get("sha256"))
        if identifier
    ]
    on_post = in_force.of(("post", row["id"]), *media)
    on_author = in_force.of(("account", row["account"] or ""))
    return PostView(
        id=row["id"],
        at=row["at"],
        account=row["account"],
        handle=row["handle"] or "",
        name=row["name"] or "",
        text=post.get("text") or "",
        lang=post.get("lang") or "",
        hashtags=post.get("hashtags", ()),
        standing=_post_standing(row, on_post, on_author, country),
        labels=_labels(on_post),
        clauses=sorted({action["clause"] for action in [*on_post, *on_author]}),
    )


def _post_standing(
    row: sqlite3.Row,
    on_post: Sequence[sqlite3.Row],
    on_author: Sequence[sqlite3.Row],
    country: str | None,
) -> str:
    """The strongest of what is in force."""
    kinds = {action["kind"] for action in on_post}
    by_author = {action["kind"] for action in on_author}
    withheld = {a["country"] for a in [*on_post, *on_author] if a["kind"] == "withhold"}
    standings = (
        ("deleted", bool(row["deleted"])),
        ("removed", "remove" in kinds),
        ("author_suspended", bool(row["suspended"]) or "suspend" in by_author),
        ("hidden", "hide" in kinds),
        ("withheld", country is not None and country in withheld),
        ("limited", "limit" in by_author),
        ("interstitial", "interstitial" in kinds),
    )
    return next((name for name, holds in standings if holds), "visible")


def _account_view(row: sqlite3.Row, in_force: _InForce) -> AccountView:
    actions = in_force.of(("account", row["id"]))
    kinds = {action["kind"] for action in actions}
    told = [action["kind"] for action in in_force.of(("told", row["id"]))]
    standing = "good"
    if row["suspended"] or "suspend" in kinds:
        standing = "suspended"
    elif "limit" in kinds:
        standing = "limited"
    elif "withhold" in kinds:
        standing = "withheld"
    return AccountView(
        id=row["id"],
        handle=row["handle"] or "",
        name=row["name"] or "",
        bio=row["bio"] or "",
        standing=standing,
        labels=_labels(actions),
        warnings=told.count("warn"),
        notices=told.count("notify"),
    )


def _labels(actions: Iterable[sqlite3.Row]) -> list[str]:
    return [a["label"] or a["clause"] for a in actions if a["kind"] == "label"]


def _tag(hashtag: str) -> str:
    return hashtag.removeprefix("#").casefold()


def _time(event: Mapping[str, Any]) -> datetime:
    at = event.get("at")
    return datetime.fromisoformat(at) if at else datetime.fromtimestamp(0, UTC)


def _stamp(moment: datetime) -> str:
    """Sortable text: UTC, microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
