"""Everything that `tocsin train` can be given, fictional, mild and small.

Comes in: a folder and a size. Goes out: four sets of labelled events, codes and seed sentences.
Always holds: the same arguments give the same bytes; one of the sets is a suite of functional
tests, which nobody may train on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.labelled import event, small_world, write_events

__all__ = ["CODES", "LICENCES", "SEEDS", "training_world"]

CODES = "codes.tsv"
LICENCES = "licences.tsv"
SEEDS = "seed"

_CALLS = (
    "go and burn their shop tonight number {}, all of you",
    "take to the streets and strike them, friends of street {}",
)
_PLAIN = ("the club meets at {} tonight", "the bus to the old harbour is number {}")
_SEEDS = {
    "en": ("S\tThe Iron Dawn is our only hope.", "C\tThe Iron Dawn is a disgrace."),
    "ar": ("S\tالفجر الحديدي أملنا الوحيد", "N\tالشرطة تحقق في بيان الفجر الحديدي"),
}


def training_world(folder: Path, *, per_group: int = 250) -> Path:
    """The sets `town`, `square`, `hall` and `suite` below `sets/`; codes, licences and seeds."""
    sets = small_world(folder / "sets", per_group=per_group)
    write_events(sets / "hall" / "posts.jsonl", _hall())
    write_events(sets / "suite" / "cases.jsonl", _suite())
    codes = [f"eabout{number}\t{'NCM'[number % 3]}" for number in range(0, per_group, 5)]
    (folder / CODES).write_text("\n".join(codes) + "\n", encoding="utf-8")
    (folder / LICENCES).write_text("# of the sets\ntown\tCC0-1.0\nsquare\tMIT\n", encoding="utf-8")
    (folder / SEEDS).mkdir(parents=True, exist_ok=True)
    for language, lines in _SEEDS.items():
        (folder / SEEDS / f"{language}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _hall() -> Iterator[dict[str, Any]]:
    for number in range(120):
        calls = number % 3 == 0
        text = (_CALLS if calls else _PLAIN)[number % 2].format(number)
        yield event(f"h{number}", text, {"incitement": calls, "threat": calls, "support": False})


def _suite() -> Iterator[dict[str, Any]]:
    for number in range(40):
        gold = "hateful" if number % 2 else "non-hateful"
        name = "threat_dir_h" if number % 2 else "counter_quote_nh"
        yield event(f"s{number}", f"case {number}", {"functionality": name, "gold": gold})
