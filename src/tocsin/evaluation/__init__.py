"""How good the text models are, on what they have not seen, beside what they flag wrongly.

Comes in: labelled events of data sets, scorers, and what these were trained on. Goes out: one
`Evaluation` with everything that must be shown together: what is found of each harm, the share
flagged of each group that must not be flagged, accounts, calibration, the worst errors by id; as
tables, as JSON, as a page. Always holds: accounts that a model was trained on are refused; figures
for a naive baseline come from the same run; no text and no handle goes out.
"""

from tocsin.evaluation.figures import Evaluation
from tocsin.evaluation.labels import Group, GroupKind, Truth, truth_of
from tocsin.evaluation.run import Evaluated, Options, Progress, evaluate
from tocsin.evaluation.scored import Surface
from tocsin.evaluation.sets import Example, find_files, read_codes, read_sets
from tocsin.evaluation.split import Split, parts_of
from tocsin.evaluation.table import Table, tables

__all__ = [
    "Evaluated",
    "Evaluation",
    "Example",
    "Group",
    "GroupKind",
    "Options",
    "Progress",
    "Split",
    "Surface",
    "Table",
    "Truth",
    "evaluate",
    "find_files",
    "parts_of",
    "read_codes",
    "read_sets",
    "tables",
    "truth_of",
]
