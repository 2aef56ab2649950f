"""The order of the stages, and nothing else: live, from files, from many senders.

Comes in: events, packs. Goes out: decisions, stored. Always holds: the only package that knows
which stage follows which; every variety (detector, adapter, connector) is registered here.
"""

from tocsin.pipeline.checking import Checked, batch_to_check
from tocsin.pipeline.contents import window_contents
from tocsin.pipeline.engine import Engine
from tocsin.pipeline.explaining import explain_checked, explain_decision, texts_of
from tocsin.pipeline.files import event_policy, find_adapter, run_files
from tocsin.pipeline.intake import Intake, IntakeResult
from tocsin.pipeline.live import BatchResult, Live, RunSummary
from tocsin.pipeline.packdiff import PackDifference, RuleChange, compare, compare_rules
from tocsin.pipeline.packs import (
    ExampleResult,
    activate,
    activate_first,
    check,
    in_force,
    load_engine,
    load_policy,
    run_examples,
    standing_rules,
)
from tocsin.pipeline.preparing import Preparing
from tocsin.pipeline.promotion import (
    activate_or_propose,
    change_state,
    decide_proposal,
    difference_of,
    propose_pack,
    roll_back,
    withdraw_proposal,
)
from tocsin.pipeline.registry import catalogue, detectors, panels, webhook_connector
from tocsin.pipeline.repairs import replay_dead_letter
from tocsin.pipeline.ruleviews import (
    Overlap,
    Precision,
    RuleDetail,
    RuleEvent,
    RuleSummary,
    read_rule,
    read_rules,
)
from tocsin.pipeline.upkeep import Upkeep

__all__ = [
    "BatchResult",
    "Checked",
    "Engine",
    "ExampleResult",
    "Intake",
    "IntakeResult",
    "Live",
    "Overlap",
    "PackDifference",
    "Precision",
    "Preparing",
    "RuleChange",
    "RuleDetail",
    "RuleEvent",
    "RuleSummary",
    "RunSummary",
    "Upkeep",
    "activate",
    "activate_first",
    "activate_or_propose",
    "batch_to_check",
    "catalogue",
    "change_state",
    "check",
    "compare",
    "compare_rules",
    "decide_proposal",
    "detectors",
    "difference_of",
    "event_policy",
    "explain_checked",
    "explain_decision",
    "find_adapter",
    "in_force",
    "load_engine",
    "load_policy",
    "panels",
    "propose_pack",
    "read_rule",
    "read_rules",
    "replay_dead_letter",
    "roll_back",
    "run_examples",
    "run_files",
    "standing_rules",
    "texts_of",
    "webhook_connector",
    "window_contents",
    "withdraw_proposal",
]
