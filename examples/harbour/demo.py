"""`make demo`: a small platform, judged by Tocsin, with a console to look at it.

Comes in: options. Goes out: a temporary deployment that lives until Ctrl-C: Harbour with a week
of posts on it, the week judged by the real pipeline, the console, and what to look at first.
Always holds: both servers listen on this machine only; they are stopped and the folder is
removed (unless `--keep` names it) however the demo ends. Refused: a `--keep` folder that holds
something already.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import FrameType

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from examples.harbour import world
from examples.harbour.children import Child, free_ports, running
from examples.harbour.deployment import (
    LOGINS,
    Sights,
    find_sights,
    judge_week,
    open_deployment,
)
from tocsin.clock import random_token
from tocsin.errors import InputError, TocsinError
from tocsin.pipeline import RunSummary
from tocsin.store import Store, keys

__all__ = ["main"]

CONSOLE_PORT = 8470
DAYS = 7
LOOK_EVERY_S = 0.5


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """A demo that is up; what `--json` prints. Without servers the addresses are None."""

    database: str
    summary: RunSummary
    sights: Sights
    console: str | None = None
    harbour: str | None = None
    password: str
    logins: dict[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until it is told to stop; 3 where a server ended by itself."""
    options = _parser().parse_args(arguments)
    screen = Console(stderr=options.json, highlight=False, soft_wrap=True)
    try:
        with ExitStack() as stack:
            stack.enter_context(_ended_by_signals())
            return _run(options, screen, stack)
    except KeyboardInterrupt:
        screen.print("\nstopped; nothing is left running")
        return 0
    except TocsinError as error:
        screen.print(f"[red]{escape(str(error))}[/red]")
        return error.exit_status


def _run(options: argparse.Namespace, screen: Console, stack: ExitStack) -> int:
    folder = stack.enter_context(_folder(options.keep))
    port, harbour_port = free_ports(options.port, options.port + 1 if options.port else 0)
    webhook = f"http://127.0.0.1:{harbour_port}/tocsin/actions"
    password = f"harbour-{random_token(4)}"
    screen.print("setting up a database, the policy, six people …")
    store, token = open_deployment(folder, webhook_url=webhook, password=password)
    with closing(store):
        summary = _judge(store, folder, screen, options.size)
        sights = find_sights(store)
        secrets = {
            "HARBOUR_WEBHOOK_SECRET": keys.secret(store.folder, "webhook"),
            "HARBOUR_TOCSIN_TOKEN": token,
        }
    demo = Demo(
        database=store.settings.database_url,
        summary=summary,
        sights=sights,
        password=password,
        logins={name: role.value for name, role in LOGINS.items()},
    )
    _print_summary(screen, summary)
    children: list[Child] = []
    if not options.no_serve:
        demo, children = _serve(demo, folder, stack, (port, harbour_port), secrets)
        _print_guide(screen, demo, options.keep)
    if options.json:
        print(json.dumps(msgspec.to_builtins(demo), ensure_ascii=False), flush=True)
    return _wait(children, screen) if children else 0


def _judge(store: Store, folder: Path, screen: Console, size: int) -> RunSummary:
    """Write the week down, as it comes over the wire and as Harbour knows it; judge it."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=DAYS)
    lines = list(world.lines(days=DAYS, size=size, start=start))
    wire, clean = folder / "wire.jsonl", folder / "harbour.jsonl"
    wire.write_bytes(b"".join(lines))
    with clean.open("w", encoding="utf-8") as file:
        for event in world.simulate(days=DAYS, size=size, start=start):
            file.write(json.dumps(event, ensure_ascii=False) + "\n")
    columns = (
        TextColumn("a week on Harbour"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} lines"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen) as progress:
        task = progress.add_task("judging", total=len(lines))
        return judge_week(store, wire, lambda n: progress.update(task, completed=n))


def _serve(
    demo: Demo,
    folder: Path,
    stack: ExitStack,
    ports: tuple[int, int],
    secrets: Mapping[str, str],
) -> tuple[Demo, list[Child]]:
    port, harbour_port = ports
    harbour = running(
        "Harbour",
        [
            "examples.harbour.platform",
            *("--port", str(harbour_port)),
            *("--db", str(folder / "harbour.db")),
            *("--events", str(folder / "harbour.jsonl")),
            *("--tocsin-url", f"http://127.0.0.1:{port}"),
        ],
        folder / "harbour.log",
        secrets,
    )
    console = running(
        "the console",
        ["tocsin", "serve", "--json", "--db", demo.database, "--port", str(port)],
        folder / "console.log",
    )
    children = [stack.enter_context(harbour), stack.enter_context(console)]
    demo = msgspec.structs.replace(
        demo, harbour=children[0].said["listening"], console=children[1].said["url"]
    )
    return demo, children


def _wait(children: Iterable[Child], screen: Console) -> int:
    """Until Ctrl-C, which ends this by an exception."""
    never = Event()
    while not never.wait(LOOK_EVERY_S):
        for child in children:
            if child.has_ended:
                screen.print(f"[red]{child.name} has ended by itself[/red]")
                return 3
    return 0


# --- what is printed --------------------------------------------------------------------------


def _print_summary(screen: Console, summary: RunSummary) -> None:
    screen.print(
        f"{summary.events:,} lines in {summary.seconds:.1f} s: {summary.accepted:,} accepted,"
        f" {summary.duplicates:,} sent twice, {summary.dead_letters:,} refused;"
        f" {summary.new_decisions:,} decisions\n"
    )
    grid = Table.grid(padding=(0, 6))
    grid.add_row(_counts("clause", summary.by_clause), _counts("outcome", summary.by_outcome))
    screen.print(grid)


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    table = Table(title, "decisions", box=None, padding=(0, 2, 0, 0))
    table.columns[1].justify = "right"
    for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(name, f"{n:,}")
    return table


def _print_guide(screen: Console, demo: Demo, keep: Path | None) -> None:
    console, tocsin = demo.console, f"{_tocsin()} {{}} --db {demo.database}"
    screen.print(f"\n[bold]The console[/bold]   {console}")
    screen.print(f"[bold]The platform[/bold]  {demo.harbour}\n")
    screen.print(f"Log in as one of these; the password is [bold]{demo.password}[/bold]\n")
    for name, role in demo.logins.items():
        screen.print(f"  {name:<6} {role}")
    screen.print("\n[bold]Look first at[/bold]\n")
    for number, (what, where) in enumerate(_places(demo, tocsin), start=1):
        screen.print(f"  {number}. {what}")
        screen.print(f"     {where}\n", markup=False)
    screen.print("[bold]On the command line[/bold]\n")
    for command in ("decisions", "bank list", "reconcile", "audit verify"):
        screen.print(f"  {tocsin.format(command)}", markup=False)
    end = "removes it" if keep is None else f"leaves {keep} as it is"
    screen.print(f"\nCtrl-C stops everything and {end}.", markup=False)


def _places(demo: Demo, tocsin: str) -> Iterator[tuple[str, str]]:
    """What to look at, and where."""
    sights, console = demo.sights, demo.console
    if sights.threat_case:
        yield (
            "A threat against Mara Ellison, at the top of the queue (as mo, who may decide)",
            f"{console}/cases/{sights.threat_case}",
        )
    if sights.left_alone:
        yield (
            "A threat that a newspaper quotes: left alone, and why",
            tocsin.format(f"explain {sights.left_alone}"),
        )
    if sights.push_case:
        yield (
            "A hashtag pushed by accounts that are hours old",
            f"{console}/?clause=coordination.manipulation",
        )
    if sights.return_case:
        yield (
            "A suspended person who came back under a similar handle",
            f"{console}/cases/{sights.return_case}",
        )
    if sights.hidden_post:
        yield (
            "Known material, hidden by itself because a person judged it before: what readers see",
            f"{demo.harbour}/?id={sights.hidden_post}",
        )
    yield (
        "A rule in shadow: what it would have done (as ana, who may propose it; lee approves)",
        f"{console}/rules/support-mention-new-account",
    )
    yield "What Harbour sent and Tocsin refused (as ana)", f"{console}/deadletters"


def _tocsin() -> str:
    """The program as this person can type it here."""
    program = Path(sys.executable).with_name("tocsin")
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    return shlex.quote(str(program))


# --- how it begins and ends -------------------------------------------------------------------


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGINT and SIGTERM end the block as KeyboardInterrupt, once: ending is not interrupted."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as name:
            yield Path(name)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise InputError("the folder is not empty", where=str(keep), hint="name a new one")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.harbour.demo",
        description="A small platform in a temporary database, judged live, with the console.",
    )
    parser.add_argument(
        "--port", type=int, default=CONSOLE_PORT, help="of the console; the platform's is the next"
    )
    parser.add_argument("--size", type=int, default=world.DEFAULT_SIZE, help="about so many events")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep everything in this folder")
    parser.add_argument("--no-serve", action="store_true", help="judge the week, then end")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser


if __name__ == "__main__":
    sys.exit(main())
