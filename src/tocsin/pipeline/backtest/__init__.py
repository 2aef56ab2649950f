"""Back-tests: a pack tried on the events of the past, beside the one in force.

Comes in: a pack and a range of event times. Goes out: the difference, stored. Always holds: both
packs judge the same events in the same pass, each as it would alone; nothing is decided.
"""

from tocsin.pipeline.backtest.background import Background
from tocsin.pipeline.backtest.figures import Precision, precision_of
from tocsin.pipeline.backtest.run import BacktestRun

__all__ = ["Background", "BacktestRun", "Precision", "precision_of"]
