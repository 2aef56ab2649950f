"""Tables of the store.

Comes in: nothing. Goes out: SQLAlchemy tables, the same on SQLite and PostgreSQL. Always holds:
times are microseconds since 1970 UTC in `*_us` columns (equal on both databases); what is
derived from the ordered log is listed in `DERIVED` and can be dropped and rebuilt; what may
have to be erased stands in `log_content`, `decisions.trigger_json` and `dead_letters.content`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "DERIVED",
    "account_labels",
    "account_states",
    "actions",
    "alerts",
    "api_tokens",
    "archive_files",
    "automation_states",
    "backtest_changes",
    "backtests",
    "bank_edits",
    "bank_entries",
    "case_decisions",
    "cases",
    "dead_letters",
    "decisions",
    "event_ids",
    "label_changes",
    "log_content",
    "log_entries",
    "metadata",
    "opinions",
    "policy_versions",
    "prepared_packs",
    "reports",
    "rule_hits",
    "sample_judgements",
    "samples",
    "sessions",
    "users",
    "verdicts",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- the truth: the ordered log and its erasable content -------------------------------------

log_entries = Table(
    "log_entries",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("writer", String(64), nullable=False),
    Column("writer_seq", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("commitments", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("writer", "writer_seq"),
    Index(None, "kind", "position"),
)

log_content = Table(
    "log_content",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(32), primary_key=True),
    Column("packed", LargeBinary, nullable=False),
    Column("salts", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

archive_files = Table(
    "archive_files",
    metadata,
    Column("path", String(255), primary_key=True),
    Column("day", String(10), nullable=False, index=True),
    Column("first_position", BigInteger, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Index(None, "first_position", "last_position"),
)

# --- derived from the log ---------------------------------------------------------------------

event_ids = Table(
    "event_ids",
    metadata,
    Column("id", String(512), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", String(512), nullable=False),
    Column("actor", String(512)),
    Column("event_id", String(512), nullable=False, index=True),
    Column("event_at_us", BigInteger),
    Column("language", String(16), nullable=False),
    Column("clause", String(128), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("rules", Text, nullable=False),
    Column("replaces", String(64)),
    Column("trigger_json", Text),
    UniqueConstraint("position", "ordinal"),
    Index(None, "subject_kind", "subject_id"),
    Index(None, "actor"),
    Index(None, "clause", "position"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", String(512), nullable=False),
    Column("open_key", String(600), unique=True),
    Column("actor", String(512)),
    Column("state", String(16), nullable=False),
    Column("clause", String(128), nullable=False),
    Column("priority", Integer, nullable=False),  # with `moved` in it
    Column("language", String(16), nullable=False),
    Column("opened_at_us", BigInteger, nullable=False),
    Column("decided_at_us", BigInteger),
    Column("verdict_id", String(64)),
    Column("version", Integer, nullable=False),
    Column("moved", Integer, nullable=False, server_default="0"),  # by an opinion
    Column("opinion", BigInteger),  # the position of that one
    Index(None, "state", "priority", "opened_at_us"),
    Index(None, "subject_kind", "subject_id"),
    Index(None, "actor"),
)

case_decisions = Table(
    "case_decisions",
    metadata,
    Column("case_id", String(64), primary_key=True),
    Column("decision_id", String(64), primary_key=True),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("case_id", String(64), nullable=False, index=True),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", String(512), nullable=False),
    Column("reviewer", String(64), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("clause", String(128)),
    Column("actions", Text, nullable=False),
    Column("protected_purpose", String(32), nullable=False),
    Column("decisions", Text, nullable=False),
    Column("reverses", String(64)),
    Index(None, "subject_kind", "subject_id"),
)

opinions = Table(
    "opinions",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", String(64), nullable=False, index=True),
    Column("decision_id", String(64), nullable=False),
    Column("event_id", String(512), nullable=False, index=True),  # whose erasure takes words along
    Column("clause", String(128), nullable=False),
    Column("words", String(64), nullable=False),  # hash of the clause as the model read it
    Column("model", String(200), nullable=False),
    Column("version", String(200), nullable=False),
    Column("style", String(16), nullable=False),
    Column("label", String(16)),  # none: the model had no opinion
    Column("score", Double),
    Column("moves", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("by_whom", String(128), nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

actions = Table(
    "actions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", String(512), nullable=False),
    Column("actor", String(512)),
    Column("clause", String(128), nullable=False),
    Column("authority", String(96), nullable=False, index=True),
    Column("not_before_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger),
    Column("country", String(2)),
    Column("label", String(128)),
    Column("undoes", String(64)),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_us", BigInteger, nullable=False),
    Column("lease_until_us", BigInteger, nullable=False),
    Column("last_error", Text),
    Column("sent_at_us", BigInteger),
    Column("result_at_us", BigInteger),
    Column("result_error", Text),
    Index(None, "state", "next_attempt_us"),
    Index(None, "subject_kind", "subject_id"),
)

bank_entries = Table(
    "bank_entries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("bank", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("content", Text),
    Index(None, "bank", "state"),
)

bank_edits = Table(
    "bank_edits",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", String(64), nullable=False, index=True),
    Column("bank", String(128), nullable=False),
    Column("by_whom", String(128), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
)

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("version", String(64), nullable=False, index=True),
    Column("by_whom", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

account_states = Table(
    "account_states",
    metadata,
    Column("key", String(512), primary_key=True),
    Column("handle", String(512)),
    Column("state", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("state_at_us", BigInteger),
    Column("position", BigInteger, nullable=False),
    Index(None, "handle"),
    Index(None, "state"),
)

reports = Table(
    "reports",
    metadata,
    Column("event_id", String(512), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("target_kind", String(16), nullable=False),
    Column("target_id", String(512), nullable=False),
    Column("reporter", String(512)),
    Column("category", String(512)),
    Column("at_us", BigInteger, nullable=False),
    Index(None, "target_kind", "target_id"),
)

rule_hits = Table(
    "rule_hits",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("mode", String(8), primary_key=True),  # `active`, or `shadow`
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("rule", String(128), primary_key=True),
    Column("rule_version", String(32), nullable=False),
    Column("decision_id", String(64)),
    Column("event_id", String(512), nullable=False, index=True),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", String(512), nullable=False),
    Column("actor", String(512)),
    Column("language", String(16), nullable=False),
    Column("clause", String(128), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("is_overridden", Boolean, nullable=False),
    Column("at_us", BigInteger, nullable=False),  # of the event, or of its arrival
    Index(None, "rule", "at_us"),
    Index(None, "decision_id"),
)

rule_states = Table(
    "rule_states",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("rule", String(128), nullable=False),
    Column("rule_version", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("by_whom", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposal", String(64)),
    Column("at_us", BigInteger, nullable=False),
    Index(None, "rule", "rule_version"),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("by_whom", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("base", String(64)),
    Column("pack", String(64)),  # the change: a version of a pack, or the state of a rule version
    Column("rule", String(128)),
    Column("rule_version", String(32)),
    Column("rule_state", String(16)),
    Column("backtest", String(64)),
    Column("state", String(16), nullable=False),
    Column("decided_by", String(128)),
    Column("decided_reason", Text),
    Column("decided_at_us", BigInteger),
    Column("decided_position", BigInteger),
    Column("solo", String(16)),
    Index(None, "state", "position"),
)

proposal_invites = Table(
    "proposal_invites",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("id", String(64), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("proposal", String(64), nullable=False),
    Column("by_whom", String(128), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
)

samples = Table(
    "samples",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("rule", String(128), nullable=False),
    Column("rule_version", String(32), nullable=False),
    Column("language", String(16), nullable=False),
    Column("action", String(32), nullable=False),
    Column("clause", String(128), nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", String(512), nullable=False),
    Column("event_id", String(512), nullable=False),
    Column("decision_id", String(64)),  # none where the rule was in shadow
    Column("epoch", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("settled_position", BigInteger),
    UniqueConstraint("position", "ordinal"),
    Index(None, "rule_version", "language", "action", "epoch", "state"),
    Index(None, "state", "rule_version", "language", "action"),
)

sample_judgements = Table(
    "sample_judgements",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("sample_id", String(64), nullable=False, index=True),
    Column("reviewer", String(64), nullable=False),
    Column("answer", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

automation_states = Table(
    "automation_states",
    metadata,
    Column("rule", String(128), primary_key=True),
    Column("rule_version", String(32), primary_key=True),
    Column("language", String(16), primary_key=True),
    Column("action", String(32), primary_key=True),
    Column("clause", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("eligible_position", BigInteger),
    Column("n_judged", Integer, nullable=False),
    Column("n_violations", Integer, nullable=False),
    Column("lower", Double, nullable=False),
    Column("bar", Double, nullable=False),
    Column("alpha", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by_whom", String(128), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("rule", String(128), nullable=False),
    Column("rule_version", String(32), nullable=False),
    Column("language", String(16), nullable=False),
    Column("action", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("acknowledged_by", String(128)),
    Column("acknowledged_at_us", BigInteger),
    Index(None, "acknowledged_at_us", "position"),
)

account_labels = Table(
    "account_labels",
    metadata,
    Column("holder", String(16), primary_key=True),  # `account`, or `handle`
    Column("key", String(512), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("source", String(8), primary_key=True),  # `person`, or `rule`
    Column("is_added", Boolean, nullable=False),
    Column("by_whom", String(128), nullable=False),
    Column("rule_version", String(32)),
    Column("decision_id", String(64)),
    Column("since_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger),
    Column("position", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Index(None, "name"),
)

label_changes = Table(
    "label_changes",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("holder", String(16), nullable=False),  # `account`, or `handle`
    Column("key", String(512), nullable=False),
    Column("name", String(128), nullable=False),
    Column("source", String(8), nullable=False),  # `person`, or `rule`
    Column("change", String(16), nullable=False),  # `added`, `removed`, or `withdrawn`
    Column("by_whom", String(128), nullable=False),
    Column("rule_version", String(32)),
    Column("decision_id", String(64)),
    Column("at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger),
    Index(None, "holder", "key"),
)

DERIVED = (
    event_ids,
    decisions,
    cases,
    case_decisions,
    verdicts,
    opinions,
    actions,
    bank_entries,
    bank_edits,
    policy_versions,
    account_states,
    reports,
    rule_hits,
    rule_states,
    proposals,
    proposal_invites,
    samples,
    sample_judgements,
    automation_states,
    alerts,
    account_labels,
    label_changes,
)
"""Tables that `tocsin rebuild` empties and fills again from the log."""

# --- beside the log: refused lines, people and keys -------------------------------------------

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("source", String(512), nullable=False),
    Column("byte_offset", BigInteger, nullable=False),
    Column("line_number", BigInteger, nullable=False),
    Column("format", String(32), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("content", LargeBinary),
    Column("is_truncated", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("received_at_us", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Index(None, "state", "received_at_us"),
)

users = Table(
    "users",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(128), nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("failed_logins", Integer, nullable=False),
    Column("locked_until_us", BigInteger, nullable=False),
)

prepared_packs = Table(
    "prepared_packs",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("files", LargeBinary, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", String(64), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("seen_at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger),
    Column("is_revoked", Boolean, nullable=False),
)

# --- beside the log: packs tried on the past, which decide nothing -----------------------------

backtests = Table(
    "backtests",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("version", String(64), nullable=False),
    Column("base_version", String(64), nullable=False),
    Column("by_whom", String(128), nullable=False),
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("seen_at_us", BigInteger, nullable=False),  # when the process that runs it last wrote
    Column("since_us", BigInteger),
    Column("until_us", BigInteger),
    Column("events", BigInteger, nullable=False),
    Column("events_done", BigInteger, nullable=False),
    Column("took_us", BigInteger, nullable=False),
    Column("problem", Text),
    Column("stored", BigInteger, nullable=False),
    Column("figures", Text),
    Column("pack", LargeBinary, nullable=False),
)

backtest_changes = Table(
    "backtest_changes",
    metadata,
    Column("backtest_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", String(512), nullable=False),
    Column("actor", String(512)),
    Column("event_id", String(512), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("language", String(16), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("rules_before", Text, nullable=False),
    Column("rules_after", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("verdict", String(16)),
    Column("mark", String(8)),
    Column("marked_by", String(128)),
    Column("marked_at_us", BigInteger),
    Index(None, "backtest_id", "kind"),
    Index(None, "backtest_id", "actor"),
)
