"""Clauses and posts in the words that an outside judge is given.

Comes in: the settings, the policy in force, a post. Goes out: the judge that the settings describe,
a clause as text, a post as text. Always holds: the judge reads what a moderator reads: the
guideline, what falls in, what does not, and the protected purposes; text from images is marked as
such; no author goes with a post. Refused: clauses that the policy does not have, and settings that
name no model.

A judge's opinion decides nothing (`tocsin.nlp.adapters.protocols.Opinion`): it moves a case in its
queue and explains.
"""

from __future__ import annotations

import difflib

import msgspec
import sqlalchemy as sa

from tocsin.config import Settings
from tocsin.errors import InputError, NotFoundError
from tocsin.nlp import PostText
from tocsin.nlp.adapters.protocols import ClauseText
from tocsin.nlp.adapters.settings import OutsideModel
from tocsin.pipeline.packs import in_force
from tocsin.policy import Clause

__all__ = ["clause_in_force", "clause_text", "judge_settings", "judged_text"]


def judge_settings(settings: Settings) -> OutsideModel:
    """The judge that the settings describe.

    Raises:
        InputError: they name no address or no model.
    """
    if not settings.judge_url or not settings.judge_model:
        raise InputError(
            "no judge is set up",
            where="judge_url, judge_model",
            hint="name its address and model in the settings, or with --url and --model",
        )
    given = {
        "kind": "judge",
        "style": settings.judge_style,
        "base_url": settings.judge_url,
        "model": settings.judge_model,
        "allow_hosts": settings.judge_hosts,
        "allow_plain_http": settings.judge_plain_http,
        "timeout_s": settings.judge_timeout_s,
        "max_calls_per_minute": settings.judge_calls_per_minute,
        "max_seconds_per_minute": settings.judge_seconds_per_minute,
    }
    return msgspec.convert(given, OutsideModel)


def clause_in_force(connection: sa.Connection, clause_id: str) -> ClauseText:
    """A clause of the policy in force.

    Raises:
        NotFoundError: the policy has no such clause; names the nearest one.
    """
    clauses = in_force(connection).clauses
    if clause_id not in clauses:
        near = difflib.get_close_matches(clause_id, clauses, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"it has {', '.join(sorted(clauses))}"
        raise NotFoundError("the policy has no such clause", where=clause_id, hint=hint)
    return clause_text(clauses[clause_id])


def clause_text(clause: Clause) -> ClauseText:
    """What a moderator reads of a clause."""
    parts = [f"{clause.title}\n\n{clause.guideline.strip()}"]
    for title, lines in (
        ("Falls under it:", clause.examples_in),
        ("Does not fall under it:", clause.examples_out),
        ("Is no breach where it serves:", [str(each) for each in clause.protected_purposes]),
    ):
        if lines:
            parts.append("\n".join([title, *(f"- {line}" for line in lines)]))
    return ClauseText(clause.id, "\n\n".join(parts))


def judged_text(post: PostText) -> str:
    """What the post says, and behind it, marked, what stands in its images."""
    if not post.from_image:
        return post.text
    return f"{post.text}\n\n(In the post's images stands:)\n{post.from_image}"
