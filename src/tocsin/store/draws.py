"""The draw: which hits of rules become samples, and what judgements do to them.

Comes in: what was judged of a batch; entries of the log. Goes out: samples for the entry's body;
rows of `samples` and `sample_judgements`. Always holds: whether a hit is drawn depends on a hash of
rule version and subject, and on how many samples were waiting before it, never on a score, a text
or what was decided: the share that people find right among samples is the rule's precision; how
events were cut into batches changes nothing. What was drawn stands in the entry's body, so that
erasing content changes no later draw.

Refused: hits that an `allow` rule overrides, hits in no known language, and everything that could
never act by itself: other subjects than items, other actions than those on items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import sqlalchemy as sa

from tocsin.clock import stable_id
from tocsin.records import (
    ITEM_ACTIONS,
    ActionKind,
    Decision,
    Judgement,
    LogEntry,
    Outcome,
    Sample,
    SampleJudgement,
    SampleState,
    ShadowHit,
    Stratum,
    Subject,
)
from tocsin.store import schema
from tocsin.store.driversql import DriverSql, insert_rows
from tocsin.store.times import to_us

__all__ = ["HALVING", "apply_judgement", "draw", "insert"]

HALVING = 25
"""Each time that so many samples more are waiting, half as many hits are drawn. A rule that hits
seldom has every hit judged; one that hits without end keeps a queue that people can look through:
25 waiting where they judge every second hit, 175 where they judge one in 128."""

_UNKNOWN_LANGUAGE = "und"
_ITEMS = frozenset({"post", "media"})
_DRAWS = 1 << 32

_COUNT = (
    "SELECT rule_version, language, action, count(*) FROM samples"
    " WHERE state IN ('waiting', 'unsure') AND rule_version {}"
    " GROUP BY rule_version, language, action"
)
_WAITING = DriverSql(  # on the live path, for each batch with such hits
    _COUNT.format("IN (SELECT value FROM json_each(?))"), _COUNT.format("= ANY(?::text[])")
)

_Key = tuple[str, str, str]
table = schema.samples


def draw(connection: sa.Connection, judgement: Judgement) -> list[Sample]:
    """The samples among the hits of one batch, in the order of its events."""
    hits = [*_active(judgement.decisions), *_in_shadow(judgement.shadow)]
    if not hits:
        return []
    waiting = _waiting(connection, {hit.stratum.rule_version for hit in hits})
    # more may only wait as the batch goes on: who is not drawn now is not drawn then
    hits = [hit for hit in hits if _is_drawn(hit, waiting)]
    if not hits:
        return []
    seen = _known(connection, {hit.id for hit in hits})
    epochs = _epochs(connection, {hit.stratum.rule_version for hit in hits})
    drawn = []
    for hit in hits:
        if hit.id not in seen and _is_drawn(hit, waiting):
            seen.add(hit.id)
            waiting[_key(hit.stratum)] += 1
            epoch = epochs.get(_key(hit.stratum), 0)
            drawn.append(msgspec.structs.replace(hit, epoch=epoch))
    return drawn


def insert(connection: sa.Connection, entry: LogEntry) -> None:
    """Note the samples that stand in an entry's body."""
    drawn = msgspec.convert(entry.body.get("samples", []), list[Sample])
    rows = [
        {
            "id": sample.id,
            "position": entry.position,
            "ordinal": ordinal,
            "rule": sample.stratum.rule,
            "rule_version": sample.stratum.rule_version,
            "language": sample.stratum.language,
            "action": sample.stratum.action.value,
            "clause": sample.clause,
            "subject_kind": sample.subject.kind,
            "subject_id": sample.subject.id,
            "event_id": sample.event,
            "decision_id": sample.decision,
            "epoch": sample.epoch,
            "state": SampleState.WAITING.value,
        }
        for ordinal, sample in enumerate(drawn)
    ]
    if rows:
        insert_rows(connection, table, rows)


def apply_judgement(connection: sa.Connection, entry: LogEntry) -> None:
    """What one person said of a sample."""
    given = msgspec.convert(entry.body, SampleJudgement)
    row = {
        "position": entry.position,
        "sample_id": given.sample,
        "reviewer": given.reviewer,
        "answer": given.answer.value,
        "at_us": to_us(entry.at),
    }
    connection.execute(sa.insert(schema.sample_judgements), row)
    is_settled = given.state is not SampleState.UNSURE
    connection.execute(
        sa.update(table)
        .where(table.c.id == given.sample)
        .values(state=given.state.value, settled_position=entry.position if is_settled else None)
    )


def _active(decisions: Sequence[Decision]) -> Iterator[Sample]:
    for decision in decisions:
        allowing = (r.priority for r in decision.reasons if r.outcome is Outcome.ALLOW)
        floor = max(allowing, default=-1)
        for reason in decision.reasons:
            if reason.priority < floor:
                continue
            found = _sample(
                reason.rule, reason.rule_version, decision, reason.outcome, reason.clause
            )
            if found is not None:
                yield msgspec.structs.replace(found, decision=decision.id)


def _in_shadow(hits: Sequence[ShadowHit]) -> Iterator[Sample]:
    for hit in hits:
        found = _sample(hit.rule, hit.rule_version, hit, hit.outcome, hit.clause)
        if found is not None:
            yield found


def _sample(
    rule: str, version: str, about: Decision | ShadowHit, outcome: Outcome, clause: str
) -> Sample | None:
    """The sample that a hit would be; None where nothing could be earned by it."""
    action, subject = outcome.action, about.subject
    if action not in ITEM_ACTIONS or subject.kind not in _ITEMS:
        return None
    if about.language == _UNKNOWN_LANGUAGE:
        return None
    return Sample(
        id=_sample_id(rule, version, subject),
        stratum=Stratum(
            rule=rule, rule_version=version, language=about.language, action=ActionKind(action)
        ),
        clause=clause,
        subject=subject,
        event=about.event,
    )


def _sample_id(rule: str, version: str, subject: Subject) -> str:
    """The id of a subject's sample, whose digits are the draw: each subject has one chance."""
    return stable_id("smp", rule, version, subject.kind, subject.id)


def _key(stratum: Stratum) -> _Key:
    return stratum.rule_version, stratum.language, stratum.action.value


def _epochs(connection: sa.Connection, versions: set[str]) -> dict[_Key, int]:
    states = schema.automation_states
    statement = sa.select(
        states.c.rule_version, states.c.language, states.c.action, states.c.epoch
    ).where(states.c.rule_version.in_(sorted(versions)))
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(statement)}


def _is_drawn(hit: Sample, waiting: Counter[_Key]) -> bool:
    return int(hit.id[4:12], 16) < _DRAWS >> (waiting[_key(hit.stratum)] // HALVING)


def _waiting(connection: sa.Connection, versions: set[str]) -> Counter[_Key]:
    """How many samples of each stratum nobody has settled; an epoch that ended has none."""
    wanted = sorted(versions)
    is_sqlite = connection.dialect.name == "sqlite"
    rows = _WAITING.rows(connection, msgspec.json.encode(wanted).decode() if is_sqlite else wanted)
    return Counter({(row[0], row[1], row[2]): row[3] for row in rows})


def _known(connection: sa.Connection, ids: set[str]) -> set[str]:
    statement = sa.select(table.c.id).where(table.c.id.in_(sorted(ids)))
    return set(connection.execute(statement).scalars())
