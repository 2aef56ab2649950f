"""The check of a pack: every problem at once, and the compiled policy where there is none.

Comes in: a `PackSource` and a `Catalogue`. Goes out: a `CheckReport`. Always holds: a policy is
given exactly where no problem is left; warnings never stop one. Refused: see `clauses`, `rules`,
`banks`, `parse`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tocsin.policy.banks import BankFile, check_clauses, read_bank
from tocsin.policy.catalogue import Catalogue
from tocsin.policy.clauses import Head, read_policy
from tocsin.policy.execute import Asker, CompiledPlan, Executor, Interpreted
from tocsin.policy.prefilter import Prefilter
from tocsin.policy.problems import Code, Document, Problem, Problems, Severity
from tocsin.policy.rules import RuleReader
from tocsin.policy.run import CompiledPolicy
from tocsin.policy.source import PackSource
from tocsin.policy.spec import Rule
from tocsin.records import BankEntry, BankKind, Outcome, RuleState

__all__ = ["CheckReport", "check_pack", "compile_rules", "with_states"]

MAIN = "policy.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check found. `policy` is None where there are problems."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    policy: CompiledPolicy | None

    @property
    def is_clean(self) -> bool:
        """Whether the pack may be activated."""
        return self.policy is not None

    def render(self) -> str:
        """All problems, then all warnings, then a count, as text."""
        parts = [problem.render() for problem in (*self.problems, *self.warnings)]
        parts.append(f"{_counted(self.problems, 'error')}, {_counted(self.warnings, 'warning')}")
        return "\n\n".join(parts) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        policy = self.policy
        return {
            "ok": self.is_clean,
            "problems": [problem.as_json() for problem in self.problems],
            "warnings": [problem.as_json() for problem in self.warnings],
            "policy": None
            if policy is None
            else {
                "name": policy.name,
                "title": policy.title,
                "version": policy.version,
                "clauses": len(policy.clauses),
                "rules": len(policy.rules),
                "entries": len(policy.entries),
                "left_out": list(policy.left_out),
            },
        }


def check_pack(
    source: PackSource, catalogue: Catalogue, *, leave_out_unavailable: bool = False
) -> CheckReport:
    """Check a pack against what exists.

    With `leave_out_unavailable`, rules that need a signal which is not installed are left out
    with a warning instead of being mistakes.
    """
    with _nothing_collected():
        return _report(source, catalogue, leave_out_unavailable=leave_out_unavailable)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Without Python's garbage collector: trees have no cycles, and walking them took a quarter."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _report(
    source: PackSource, catalogue: Catalogue, *, leave_out_unavailable: bool
) -> CheckReport:
    problems = Problems()
    documents = {name: Document(name, text) for name, text in source.files.items()}
    head = _read_head(documents, problems)
    banks = _read_banks(documents, head, catalogue, problems)
    full = catalogue.with_banks({bank.name: bank.kind for bank in banks}).with_labels(head.labels)
    reader = RuleReader(head, full, problems)
    for name in sorted(documents):
        if _is_in(name, "rules"):
            reader.read(documents[name])
    reader.finish()
    if not any(_is_in(name, "rules") for name in documents):
        where = documents.get(MAIN, Document(MAIN, "")).place(0, 1)
        problems.error(Code.MISSING_FILE, "the pack has no rules", where, "add `rules/*.yaml`")
    _warn_of_unused(documents, problems)
    if leave_out_unavailable:
        _soften(problems)
    errors = problems.ordered(Severity.ERROR)
    entries = tuple(entry for bank in banks for entry in bank.entries)
    return CheckReport(
        problems=errors,
        warnings=problems.ordered(Severity.WARNING),
        policy=None if errors else _compiled(source, head, reader, entries),
    )


def _read_head(documents: dict[str, Document], problems: Problems) -> Head:
    if MAIN in documents:
        return read_policy(documents[MAIN], problems)
    hint = "it holds `name`, `title` and `clauses`"
    where = Document(MAIN, "").place(0, 1)
    problems.error(Code.MISSING_FILE, "the pack has no `policy.yaml`", where, hint)
    return Head()


def _read_banks(
    documents: dict[str, Document], head: Head, catalogue: Catalogue, problems: Problems
) -> list[BankFile]:
    banks: dict[str, BankFile] = {}
    for name in sorted(documents):
        bank = read_bank(documents[name], problems) if _is_in(name, "banks") else None
        if bank is None:
            continue
        if bank.name in banks:
            second = ("first here", banks[bank.name].place)
            message = f"two banks are called `{bank.name}`"
            problems.error(Code.DUPLICATE_ID, message, bank.place, None, second)
            continue
        _check_kind(bank, catalogue.banks.get(bank.name), problems)
        check_clauses(bank, head.clauses, problems)
        banks[bank.name] = bank
    return list(banks.values())


def _check_kind(bank: BankFile, stored: BankKind | None, problems: Problems) -> None:
    if stored is not None and stored is not bank.kind:
        message = (
            f"the store has a {stored.value} bank `{bank.name}`, and this is a "
            f"{bank.kind.value} bank"
        )
        problems.error(Code.BANK_KIND, message, bank.place, "give one of the two another name")


def _warn_of_unused(documents: dict[str, Document], problems: Problems) -> None:
    for name, document in documents.items():
        if name != MAIN and not _is_in(name, "rules") and not _is_in(name, "banks"):
            hint = "rules belong into `rules/`, banks into `banks/`"
            message = f"nothing reads `{name}`"
            problems.warn(Code.UNUSED_FILE, message, document.place(0, 1), hint)


def _is_in(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/")


def _soften(problems: Problems) -> None:
    problems.found = [
        replace(problem, severity=Severity.WARNING) if problem.code is Code.UNAVAILABLE else problem
        for problem in problems.found
    ]


def _compiled(
    source: PackSource, head: Head, reader: RuleReader, entries: tuple[BankEntry, ...]
) -> CompiledPolicy:
    policy = CompiledPolicy(
        source=source,
        name=head.name,
        title=head.title,
        clauses=head.clauses,
        labels=head.labels,
        rules=tuple(reader.rules.values()),
        entries=entries,
        left_out=tuple(reader.unavailable),
    )
    return compile_rules(policy)


def with_states(
    policy: CompiledPolicy, states: Mapping[tuple[str, str], RuleState]
) -> CompiledPolicy:
    """The policy with other states than its pack says, by (rule, version); the same plan."""
    rules = tuple(
        replace(rule, state=states.get((rule.id, rule.version), rule.state))
        for rule in policy.rules
    )
    if all(new.state is old.state for new, old in zip(rules, policy.rules, strict=True)):
        return policy
    plan = policy.proposing.compiled if isinstance(policy.proposing, Executor) else None
    return compile_rules(replace(policy, rules=rules), plan=plan, use_plan=plan is not None)


def compile_rules(
    policy: CompiledPolicy,
    *,
    use_anchors: bool = True,
    use_plan: bool = True,
    plan: CompiledPlan | None = None,
) -> CompiledPolicy:
    """The policy, ready to ask its rules; `plan` is one that was made for the same conditions.

    Without the plan, the interpreter asks them, and without anchors it asks every rule about
    every event: the oracles of the plan and of the prefilter.
    """
    rules = policy.rules
    if use_plan and plan is None:
        plan = CompiledPlan.of(rules)

    def asker(chosen: Callable[[Rule], bool]) -> Asker:
        prefilter = Prefilter.of(rules, chosen, use_anchors=use_anchors)
        return Interpreted(rules, prefilter) if plan is None else Executor(plan, prefilter)

    return replace(
        policy,
        proposing=asker(lambda rule: _decides(rule) and rule.outcome is not Outcome.ALLOW),
        allowing=asker(lambda rule: _decides(rule) and rule.outcome is Outcome.ALLOW),
        shadowing=asker(lambda rule: rule.state is RuleState.SHADOW),
        trying=asker(lambda rule: rule.state in (RuleState.DRAFT, RuleState.SHADOW)),
    )


def _decides(rule: Rule) -> bool:
    return rule.state is RuleState.ACTIVE


def _counted(found: Sequence[Problem], word: str) -> str:
    return f"{len(found)} {word}{'' if len(found) == 1 else 's'}"
