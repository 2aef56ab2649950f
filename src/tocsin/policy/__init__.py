"""Policy: clauses and rules; parse, check, decide, explain.

Comes in: a pack (a folder of YAML), the catalogue of features, signals and banks that exist, and
for each batch its features and signals. Goes out: decisions with all their reasons.

    source = load_pack(path)                    # None: the pack that ships with Tocsin
    report = check_pack(source, catalogue)      # every problem at once
    decided = report.policy.decide(batch, features, signals, versions)
    print(explain(decision, report.policy).render())

Always holds: pure, apart from `load_pack` reading files; a rule cannot hang, loop or write; the
same inputs give the same bytes; no decision lets an action happen by itself that touches a
person. The rule language is described in `docs/concepts/policy-language.md`.
"""

from tocsin.policy.automation import EarnedGate, Gate, default_gate, held_reason
from tocsin.policy.catalogue import Catalogue
from tocsin.policy.check import CheckReport, check_pack, with_states
from tocsin.policy.examples import RuleExample, collect_examples
from tocsin.policy.explain import CountedEvent, Explanation, WindowContents, explain
from tocsin.policy.functions import (
    FUNCTIONS,
    SPECIAL,
    WINDOW_FUNCTIONS,
    Form,
    Function,
    WindowFunction,
)
from tocsin.policy.problems import CODES, Code, Place, Problem, Severity
from tocsin.policy.reference import (
    Described,
    FunctionGroup,
    described_functions,
    render_functions,
    render_reference,
)
from tocsin.policy.run import UNDETERMINED, CompiledPolicy
from tocsin.policy.source import PackSource, load_pack
from tocsin.policy.spec import Basis, Clause, Example, Purpose, Rule

__all__ = [
    "CODES",
    "FUNCTIONS",
    "SPECIAL",
    "UNDETERMINED",
    "WINDOW_FUNCTIONS",
    "Basis",
    "Catalogue",
    "CheckReport",
    "Clause",
    "Code",
    "CompiledPolicy",
    "CountedEvent",
    "Described",
    "EarnedGate",
    "Example",
    "Explanation",
    "Form",
    "Function",
    "FunctionGroup",
    "Gate",
    "PackSource",
    "Place",
    "Problem",
    "Purpose",
    "Rule",
    "RuleExample",
    "Severity",
    "WindowContents",
    "WindowFunction",
    "check_pack",
    "collect_examples",
    "default_gate",
    "described_functions",
    "explain",
    "held_reason",
    "load_pack",
    "render_functions",
    "render_reference",
    "with_states",
]
