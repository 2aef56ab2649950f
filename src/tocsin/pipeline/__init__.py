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
from tocsin.pipeline.packs import (
    ExampleResult,
    activate,
    activate_first,
    check,
    load_engine,
    load_policy,
    run_examples,
)
from tocsin.pipeline.preparing import Preparing
from tocsin.pipeline.registry import catalogue, detectors, panels, webhook_connector
from tocsin.pipeline.repairs import replay_dead_letter
from tocsin.pipeline.upkeep import Upkeep

__all__ = [
    "BatchResult",
    "Checked",
    "Engine",
    "ExampleResult",
    "Intake",
    "IntakeResult",
    "Live",
    "Preparing",
    "RunSummary",
    "Upkeep",
    "activate",
    "activate_first",
    "batch_to_check",
    "catalogue",
    "check",
    "detectors",
    "event_policy",
    "explain_checked",
    "explain_decision",
    "find_adapter",
    "load_engine",
    "load_policy",
    "panels",
    "replay_dead_letter",
    "run_examples",
    "run_files",
    "texts_of",
    "webhook_connector",
    "window_contents",
]
