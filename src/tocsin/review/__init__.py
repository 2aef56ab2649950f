"""Review: cases, verdicts, labels, and the people who decide.

Comes in: what people choose, and who they say they are. Goes out: verdicts with the actions that
follow, labels, sessions, tokens, permissions. Always holds: there is no HTTP in here; every
verdict is one entry of the ordered log. Refused: what the policy or the person's role does not
allow.
"""

from tocsin.review.clauses import ClauseView, PolicyView
from tocsin.review.consequences import ACCOUNT_ACTIONS, LABELS, consequence, subject_of
from tocsin.review.labels import LabelWish, change_label, label_key
from tocsin.review.passwords import MIN_CHARACTERS, Passwords
from tocsin.review.queue import Neighbours, QueuePage, find_neighbours, list_page
from tocsin.review.roles import PERMISSIONS, Permission, Role, may, parse_role, require
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
    "ClauseView",
    "LabelWish",
    "Neighbours",
    "NewSession",
    "NewToken",
    "Passwords",
    "Permission",
    "PolicyView",
    "QueuePage",
    "Role",
    "Ruling",
    "Scope",
    "Session",
    "TokenCache",
    "add_user",
    "change_label",
    "consequence",
    "create_token",
    "decide",
    "find_neighbours",
    "find_session",
    "find_token",
    "get_user",
    "label_key",
    "list_page",
    "log_in",
    "log_out",
    "may",
    "parse_role",
    "parse_scopes",
    "require",
    "require_scope",
    "reverse",
    "revoke_token",
    "set_disabled",
    "set_password",
    "set_role",
    "subject_of",
    "undo_until",
]
