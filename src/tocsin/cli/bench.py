"""`tocsin bench`: measure this machine.

Comes in: the name of a benchmark. Goes out: a table, or JSON Lines; with `--save` a JSON file
with the figures, the machine and the time.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path

import click
import msgspec

from tocsin import __version__
from tocsin.cli.shared import CliContext, shared_options
from tocsin.clock import SystemClock

__all__ = ["command"]

NAMES = ("backtest", "check", "pipeline", "rules", "text", "windows")


@click.command(name="bench")
@click.argument("name", type=click.Choice(NAMES))
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write figures, machine and time into this JSON file too.",
)
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="For `text`: measure the weights in this folder instead of the shipped ones.",
)
@shared_options
def command(context: CliContext, *, name: str, save: Path | None, model: Path | None) -> None:
    """Measure this machine: CPU time on one core, beside a plain version in the same run.

    Uses a temporary folder; touches no database of yours.

    \b
    Examples:
      tocsin bench pipeline
      tocsin bench pipeline --json
      tocsin bench rules
      tocsin bench check
      tocsin bench text --model my-models
      tocsin bench windows --json
      tocsin bench backtest
    """
    from tocsin.bench import BENCHMARKS  # the engine is not needed for --help

    if model is not None and name != "text":
        raise click.UsageError(f"--model is for `text`; `{name}` measures no text models.")
    given = {} if model is None else {"model": model}
    found = []
    for measurement in BENCHMARKS[name](on_step=lambda step: click.echo(step, err=True), **given):
        found.append(measurement)
        if context.json:
            context.emit(measurement)
    if not context.json:
        context.table(
            ("measure", "params", "value", "unit", "beside", "its value", "ratio"),
            (
                (
                    m.measure,
                    " ".join(f"{key}={value}" for key, value in m.params.items()),
                    f"{m.value:,}",
                    m.unit,
                    m.peer or "-",
                    "-" if m.peer_value is None else f"{m.peer_value:,}",
                    "-" if m.ratio is None else f"{m.ratio}x",
                )
                for m in found
            ),
        )
    if save is not None:
        report = {
            "benchmark": name,
            "version": __version__,
            "at": SystemClock().now().isoformat(timespec="seconds"),
            "machine": f"{platform.machine()} {platform.system()}, Python "
            f"{platform.python_version()}",
            "measurements": msgspec.to_builtins(found),
        }
        save.parent.mkdir(parents=True, exist_ok=True)
        save.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
