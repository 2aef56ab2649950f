"""What the commands about text models share: where a model comes from, and its option.

Comes in: `--model`. Goes out: scorers, and what they were trained on. Always holds: without the
option the weights that ship are used; a folder without its list of what it was trained on is no
model that could be evaluated.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.evaluation import Evaluated
    from tocsin.nlp import AccountScorer, PostScorer

__all__ = ["model_option", "open_account_scorer", "open_evaluated", "open_scorer"]

_CARD: Final = "card.json"


def model_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option `--model`."""
    return click.option(
        "--model",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder of a model that `tocsin train` wrote. [the weights that ship]",
    )(function)


def open_scorer(folder: Path | None) -> PostScorer:
    """The scorer of posts."""
    scorer: PostScorer = _starter().load_scorer(folder)
    return scorer


def open_account_scorer(folder: Path | None) -> AccountScorer:
    """The scorer of accounts."""
    scorer: AccountScorer = _starter().load_account_scorer(folder)
    return scorer


def open_evaluated(folder: Path | None) -> Evaluated:
    """Both scorers, with what they were trained on.

    Raises:
        InputError: the folder holds no list of what was trained on.
    """
    from tocsin.evaluation import Evaluated
    from tocsin.nlp.trained import TRAINED_ON_FILE, TrainedOn

    found = folder or _starter().model_folder()
    return Evaluated(
        posts=open_scorer(folder),
        accounts=open_account_scorer(folder),
        trained_on=TrainedOn.read(found / TRAINED_ON_FILE),
        known_sets=_known_sets(found / _CARD),
    )


def _known_sets(card: Path) -> tuple[str, ...]:
    """The names under which the sets of the card were trained on."""
    try:
        given = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            "the card of the model cannot be read",
            where=str(card),
            hint="name the folder of a model, as `tocsin train` writes it",
        ) from None
    data = given.get("data", {}) if isinstance(given, dict) else {}
    return tuple(data.get("sets", {}))


def _starter() -> Any:
    try:
        return importlib.import_module("tocsin.nlp.starter")
    except ModuleNotFoundError:
        raise InputError("this build holds no text models") from None
