"""`tocsin policy`: check, test and activate packs, and the life of their rules.

Comes in: the folder of a pack (or none: the pack that ships). Goes out: every problem at once,
results of the rules' examples, versions; exit status 4 where a check did not pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli import backtest, policy_proposals, policy_rules
from tocsin.cli.automation import automate_rule, demote_rule, list_automation
from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import CheckFailedError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.policy import CheckReport, PackSource
    from tocsin.records import BankEntry

__all__ = ["command"]

PACK = click.argument(
    "pack", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)


@click.group(name="policy")
def command() -> None:
    """Policy packs: clauses, rules and banks as files that people read and review.

    PACK is a folder with `policy.yaml`, `rules/*.yaml` and `banks/*.yaml`; without it, the pack
    that ships with Tocsin is meant.
    """


for _one in (*backtest.COMMANDS, list_automation, automate_rule, demote_rule):
    command.add_command(_one)


@command.command(name="check")
@PACK
@click.option("--stored", is_flag=True, help="Count the store's banks as existing too.")
@shared_options
def check_pack(context: CliContext, *, pack: Path | None, stored: bool) -> None:
    """Report every mistake of a pack at once, with its place and a caret.

    Warns of clauses without protected purposes, and of those that name a religion, an ethnicity
    or criticism of officials. Changes nothing.
    """
    _, report = _checked(context, pack, _stored(context) if stored else ())
    if context.json:
        context.emit(report.as_json())
    else:
        context.say(report.render().rstrip())
    if not report.is_clean:
        raise CheckFailedError(f"the pack has {counted(len(report.problems), 'mistake')}")


@command.command(name="test")
@PACK
@click.option("--stored", is_flag=True, help="Count the store's banks as existing too.")
@shared_options
def test_pack(context: CliContext, *, pack: Path | None, stored: bool) -> None:
    """Run the rules' own examples: what each must hit, and must leave alone."""
    from tocsin.clock import SystemClock  # not needed for --help
    from tocsin.pipeline import run_examples

    entries = _stored(context) if stored else ()
    _, report = _checked(context, pack, entries)
    if report.policy is None:
        context.say(report.render().rstrip())
        raise CheckFailedError(f"the pack has {counted(len(report.problems), 'mistake')}")
    text_model = context.settings.text_model_dir
    results = run_examples(report.policy, SystemClock(), entries, text_model)
    broken = [result for result in results if not result.is_kept]
    if context.json:
        for result in results:
            context.emit(result)
    for result in broken:
        wanted = "must hit and did not" if result.should_hit else "must not hit and did"
        others = f" (hit: {', '.join(result.hits)})" if result.hits else ""
        context.say(f"{result.where}: an example that `{result.rule}` {wanted}{others}")
    context.say(f"{len(results) - len(broken)} of {len(results)} examples kept")
    if broken:
        raise CheckFailedError(f"{len(broken)} examples are not kept")


@command.command(name="activate")
@PACK
@click.option("--reason", required=True, help="Why; kept in the log.")
@click.option("--by", help="Who decides it. [the operating system's user]")
@shared_options
def activate_pack(context: CliContext, *, pack: Path | None, reason: str, by: str | None) -> None:
    """Check a pack, run its examples, and make it the one in force.

    Where people may log in, a pack that adds or changes active rules, clauses or banks is
    proposed instead: a second person approves it. A server that runs takes a pack over with its
    next batch. Where the pack does not pass, the one in force stays.
    """
    from tocsin.pipeline import activate_or_propose  # not needed for --help
    from tocsin.policy import load_pack

    source = load_pack(pack)
    with context.store(create=True) as store:
        who = policy_proposals.proposer(store, by)
        policy, proposal = activate_or_propose(store, source, by=who, reason=reason)
    if proposal is not None:
        context.say("this adds or changes what decides: it waits for a second person")
        policy_proposals.say_proposed(context, proposal)
        return
    if context.json:
        context.emit({"version": policy.version, "rules": len(policy.rules)})
    context.say(f"policy {policy.version} is in force: {counted(len(policy.rules), 'rule')}")


@command.command(name="list")
@shared_options
def list_versions(context: CliContext) -> None:
    """List the packs that were in force, newest first."""
    from tocsin.store import people, policies  # not needed for --help

    with context.store() as store, store.read() as connection:
        activations = policies.list_activations(connection)
        names = {user.id: user.name for user in people.list_users(connection)}
    if context.json:
        for activation in activations:
            context.emit(activation)
        return
    context.table(
        ("version", "since", "by", "reason"),
        (
            (a.version, f"{a.at:%Y-%m-%d %H:%M:%S}", names.get(a.by, a.by), a.reason)
            for a in activations
        ),
    )


@command.command(name="export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--version", help="A version that was in force. [the pack that ships]")
@shared_options
def export_pack(context: CliContext, *, folder: Path, version: str | None) -> None:
    """Write a pack's files into a new folder: where a policy of your own begins."""
    from tocsin.policy import load_pack  # not needed for --help
    from tocsin.store import policies

    if folder.exists() and any(folder.iterdir()):
        raise InputError("the folder is not empty", where=str(folder), hint="name a new one")
    if version is None:
        files = dict(load_pack().files)
    else:
        with context.store() as store, store.read() as connection:
            files = policies.files_of(connection, version) or {}
        if not files:
            raise InputError("no such version was in force here", where=version)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if context.json:
        context.emit({"folder": str(folder), "files": sorted(files)})
    context.say(f"{counted(len(files), 'file')} in {folder}; try: tocsin policy test {folder}")


@command.command(name="functions")
@shared_options
def list_functions(context: CliContext) -> None:
    """List what rules may call: what each takes and gives, with an example and its value.

    Functions first, then functions over windows, then the forms that take a name in quotes.
    """
    from tocsin.policy import described_functions  # not needed for --help

    for group in described_functions():
        if context.json:
            for item in group.items:
                context.emit({"group": group.name, **item.as_json()})
            continue
        context.say(f"{group.title}\n    {group.example}\n")
        for item in group.items:
            context.say(f"{item.signature}\n    {item.doc}\n    {item.call}  gives  {item.value}\n")


for _one in (policy_rules.rules, policy_rules.diff, *policy_proposals.COMMANDS):
    command.add_command(_one)


def _checked(
    context: CliContext, pack: Path | None, stored: Sequence[BankEntry]
) -> tuple[PackSource, CheckReport]:
    from tocsin.pipeline import check  # not needed for --help
    from tocsin.policy import load_pack

    del context
    source = load_pack(pack)
    return source, check(source, stored)


def _stored(context: CliContext) -> list[BankEntry]:
    from tocsin.store import banks  # not needed for --help

    with context.store() as store, store.read() as connection:
        return banks.list_entries(connection)
