"""Review: cases, verdicts, labels, and the people who decide.

Comes in: what people choose, and who they say they are. Goes out: verdicts with the actions that
follow, labels, sessions, tokens, permissions. Always holds: there is no HTTP in here; every
verdict is one entry of the ordered log. Refused: what the policy or the person's role does not
allow.
"""

from tocsin.review.automation import (
    SOLO_DELAY,
    Bar,
    Progress,
    confirm,
    demote,
    list_bars,
    list_progress,
    parse_stratum,
)
from tocsin.review.clauses import BarView, ClauseView, MeasuredPolicy, PolicyView, RuleView
from tocsin.review.consequences import ACCOUNT_ACTIONS, LABELS, consequence, subject_of
from tocsin.review.labels import LabelWish, change_label, label_key
from tocsin.review.passwords import MIN_CHARACTERS, Passwords
from tocsin.review.queue import Neighbours, QueuePage, find_neighbours, list_page
from tocsin.review.roles import PERMISSIONS, Permission, Role, may, parse_role, require
from tocsin.review.samples import judge, next_sample, samples_left
from tocsin.review.secondperson import (
    Colleague,
    NewInvite,
    check_second_person,
    checked_reason,
    create_invite,
    find_colleague,
    find_invite,
    has_users,
    is_same_person,
)
from tocsin.review.sessions import NewSession, Session, find_session, log_in, log_out
from tocsin.review.tokens import (
    NewToken,
    Scope,
    TokenCache,
    create_token,
    find_token,
    parse_scopes,
    require_scope,
    revoke_token,
)
from tocsin.review.users import add_user, get_user, set_disabled, set_password, set_role
from tocsin.review.verdicts import CONFIRMED_ACTIONS, Ruling, decide, reverse, undo_until

__all__ = [
    "ACCOUNT_ACTIONS",
    "CONFIRMED_ACTIONS",
    "LABELS",
    "MIN_CHARACTERS",
    "PERMISSIONS",
    "SOLO_DELAY",
    "Bar",
    "BarView",
    "ClauseView",
    "Colleague",
    "LabelWish",
    "MeasuredPolicy",
    "Neighbours",
    "NewInvite",
    "NewSession",
    "NewToken",
    "Passwords",
    "Permission",
    "PolicyView",
    "Progress",
    "QueuePage",
    "Role",
    "RuleView",
    "Ruling",
    "Scope",
    "Session",
    "TokenCache",
    "add_user",
    "change_label",
    "check_second_person",
    "checked_reason",
    "confirm",
    "consequence",
    "create_invite",
    "create_token",
    "decide",
    "demote",
    "find_colleague",
    "find_invite",
    "find_neighbours",
    "find_session",
    "find_token",
    "get_user",
    "has_users",
    "is_same_person",
    "judge",
    "label_key",
    "list_bars",
    "list_page",
    "list_progress",
    "log_in",
    "log_out",
    "may",
    "next_sample",
    "parse_role",
    "parse_scopes",
    "parse_stratum",
    "require",
    "require_scope",
    "reverse",
    "revoke_token",
    "samples_left",
    "set_disabled",
    "set_password",
    "set_role",
    "subject_of",
    "undo_until",
]
