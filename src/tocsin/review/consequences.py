"""What each action will do, in one sentence for the person who chooses it.

Comes in: a case and an action. Goes out: a sentence. Always holds: every action has one, and it
says on what the action falls: the post, or the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tocsin.records import ActionKind, Case, Subject

__all__ = ["ACCOUNT_ACTIONS", "LABELS", "consequence", "subject_of"]

ACCOUNT_ACTIONS = frozenset({ActionKind.WARN, ActionKind.LIMIT, ActionKind.SUSPEND})
"""Fall on the account, whatever the case is about."""

LABELS: Mapping[ActionKind, str] = MappingProxyType(
    {
        ActionKind.NOTIFY: "Notify",
        ActionKind.LABEL: "Label",
        ActionKind.WARN: "Warn",
        ActionKind.INTERSTITIAL: "Interstitial",
        ActionKind.STOP_TRENDING: "Stop trending",
        ActionKind.LIMIT: "Limit account",
        ActionKind.WITHHOLD: "Withhold in a country",
        ActionKind.HIDE: "Hide",
        ActionKind.REMOVE: "Remove",
        ActionKind.SUSPEND: "Suspend account",
        ActionKind.RESTORE: "Restore",
    }
)

_SENTENCES: Mapping[ActionKind, str] = MappingProxyType(
    {
        ActionKind.NOTIFY: "Tells the author, and no more.",
        ActionKind.LABEL: "Puts a label on {it}.",
        ActionKind.WARN: "Formally warns the author.",
        ActionKind.INTERSTITIAL: "Puts a notice before {it}.",
        ActionKind.STOP_TRENDING: "Keeps {it} out of trends.",
        ActionKind.LIMIT: "Its posts are spread no further.",
        ActionKind.WITHHOLD: "Hides {it} in one country.",
        ActionKind.HIDE: "Only its author sees {it}.",
        ActionKind.REMOVE: "Deletes {it}; held if final.",
        ActionKind.SUSPEND: "Closes the account to its owner.",
        ActionKind.RESTORE: "Takes the earlier action back.",
    }
)
"""Short enough to stand on one line under the name of the action."""

_THINGS = MappingProxyType(
    {
        "post": "the post",
        "account": "the profile",
        "hashtag": "the hashtag",
        "campaign": "the posts of the campaign",
        "media": "the media",
    }
)


def consequence(case: Case, action: ActionKind) -> str:
    """What the action will do to the subject of this case, or to its author."""
    return _SENTENCES[action].format(it=_THINGS[case.subject.kind])


def subject_of(case: Case, action: ActionKind) -> Subject | None:
    """What the action falls on; None where it needs an account and none is known."""
    if action not in ACCOUNT_ACTIONS or case.subject.kind == "account":
        return case.subject
    return None if case.actor is None else Subject(kind="account", id=case.actor)
