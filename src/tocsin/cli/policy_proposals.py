"""`tocsin policy propose` and what follows: changes that need a second person.

Comes in: packs, states, ids, and who says so. Goes out: what became of it. The command line takes
`--by` at its word: who may use it, may use the whole store; the console proves who somebody is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.policy_rules import say_difference
from tocsin.cli.shared import CliContext, counted, operator_name, shared_options

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tocsin.records import Proposal, ProposalState
    from tocsin.review import Colleague
    from tocsin.store import Store

__all__ = ["COMMANDS", "proposer", "say_proposed"]

_BY = click.option("--by", help="Who says so: the name of a user. [the operating system's user]")
_REASON = click.option("--reason", required=True, help="Why; kept in the log.")
_BACKTEST = click.option("--backtest", metavar="ID", help="The back-test that speaks for it.")
_STATES = click.Choice(["draft", "shadow", "active", "retired"])
_PACK = click.argument(
    "pack", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)


@click.command(name="propose")
@_PACK
@_REASON
@_BACKTEST
@_BY
@shared_options
def propose(
    context: CliContext, *, pack: Path | None, reason: str, backtest: str | None, by: str | None
) -> None:
    """Propose to put a pack in force; a second person approves it."""
    from tocsin.pipeline import propose_pack  # not needed for --help
    from tocsin.policy import load_pack

    source = load_pack(pack)
    with context.store() as store:
        made = propose_pack(store, source, by=proposer(store, by), reason=reason, backtest=backtest)
    say_proposed(context, made)


@click.command(name="propose-state")
@click.argument("rule")
@click.argument("state", type=_STATES)
@_REASON
@_BACKTEST
@_BY
@shared_options
def propose_state(
    context: CliContext,
    *,
    rule: str,
    state: str,
    reason: str,
    backtest: str | None,
    by: str | None,
) -> None:
    """Give a rule of the pack in force another state.

    What makes the policy weaker takes effect at once; what lets a rule decide (or takes an
    `allow` rule away) waits for a second person.
    """
    from tocsin.pipeline import change_state  # not needed for --help
    from tocsin.records import RuleState

    with context.store() as store:
        made = change_state(
            store,
            rule,
            RuleState(state),
            by=proposer(store, by),
            reason=reason,
            backtest=backtest,
        )
    if made is not None:
        say_proposed(context, made)
        return
    if context.json:
        context.emit({"rule": rule, "state": state, "proposal": None})
    context.say(f"the rule {rule} is {state}")


@click.command(name="proposals")
@click.argument("proposal", required=False)
@click.option("--all", "show_all", is_flag=True, help="Decided ones too.")
@shared_options
def list_proposals(context: CliContext, *, proposal: str | None, show_all: bool) -> None:
    """List what waits for a second person; or show one PROPOSAL with what it changes."""
    from tocsin.records import ProposalState  # not needed for --help
    from tocsin.store import proposals

    if proposal is not None:
        _say_one(context, proposal)
        return
    with context.store() as store, store.read() as connection:
        state = None if show_all else ProposalState.OPEN
        found = proposals.list_proposals(connection, state=state)
        names = {one.by: _name(connection, one.by) for one in found}
    if context.json:
        for one in found:
            context.emit(_shown(context, one))
        return
    rows = [
        (
            one.id,
            one.state,
            one.what,
            names[one.by],
            f"{one.at:%Y-%m-%d %H:%M}",
            one.backtest or "",
            _shown(context, one).reason,
        )
        for one in found
    ]
    context.table(("id", "state", "what", "by", "since", "back-test", "reason"), rows)


def _say_one(context: CliContext, proposal_id: str) -> None:
    from tocsin.errors import NotFoundError  # not needed for --help
    from tocsin.pipeline import difference_of
    from tocsin.store import proposals

    with context.store() as store, store.read() as connection:
        one = proposals.get(connection, proposal_id)
        if one is None:
            raise NotFoundError("there is no such proposal", where=proposal_id)
        difference = difference_of(connection, one)
        by = _name(connection, one.by)
    if context.json:
        context.emit({"proposal": _shown(context, one), "difference": difference})
        return
    context.say(f"{one.id}  {one.state}: {one.what}")
    context.say(f"  {by}: {_shown(context, one).reason}")
    if one.backtest:
        context.say(f"  back-test {one.backtest}")
    say_difference(context, difference)


@click.command(name="approve")
@click.argument("proposal")
@click.option("--reason", default="", help="Why; in solo mode asked for again.")
@_BY
@shared_options
def approve(context: CliContext, *, proposal: str, reason: str, by: str | None) -> None:
    """Approve a PROPOSAL of somebody else, and carry it out.

    In solo mode the same person may, after `solo_delay_s`, with a reason of its own: the earlier
    one is shown afterwards, beside the new one.
    """
    from tocsin.records import ProposalState  # not needed for --help

    done = _decide(context, proposal, ProposalState.APPROVED, reason=reason, by=by)
    context.say(f"approved and done: {done.what}")


@click.command(name="reject")
@click.argument("proposal")
@_REASON
@_BY
@shared_options
def reject(context: CliContext, *, proposal: str, reason: str, by: str | None) -> None:
    """Reject a PROPOSAL of somebody else."""
    from tocsin.records import ProposalState  # not needed for --help

    done = _decide(context, proposal, ProposalState.REJECTED, reason=reason, by=by)
    context.say(f"rejected: {done.what}")


@click.command(name="withdraw")
@click.argument("proposal")
@click.option("--reason", default="", help="Why; kept in the log.")
@_BY
@shared_options
def withdraw(context: CliContext, *, proposal: str, reason: str, by: str | None) -> None:
    """Take your own PROPOSAL back."""
    from tocsin.pipeline import withdraw_proposal  # not needed for --help

    with context.store() as store:
        done = withdraw_proposal(store, proposal, by=proposer(store, by), reason=reason)
    if context.json:
        context.emit(done)
    context.say(f"withdrawn: {done.what}")


@click.command(name="invite")
@click.argument("proposal")
@click.option("--url", help="Where the console is reached from outside. [host and port set]")
@_BY
@shared_options
def invite(context: CliContext, *, proposal: str, url: str | None, by: str | None) -> None:
    """Print a link by which somebody from outside decides a PROPOSAL; solo mode only.

    The link is good for this proposal, once, for seven days. Whoever has it can approve: send it
    to the one person that it is for.
    """
    from tocsin.review import create_invite  # not needed for --help

    settings = context.settings
    base = (url or f"http://{settings.host}:{settings.port}").rstrip("/")
    with context.store() as store:
        made = create_invite(store, proposal, by=proposer(store, by))
    link = f"{base}/approve/{made.secret}"
    if context.json:
        context.emit({"invite": made.id, "link": link, "expires_at": made.expires_at})
        return
    context.say(link)
    context.say(f"good until {made.expires_at:%Y-%m-%d %H:%M} UTC, for one decision")


@click.command(name="rollback")
@click.argument("version", required=False)
@_REASON
@_BY
@shared_options
def rollback(context: CliContext, *, version: str | None, reason: str, by: str | None) -> None:
    """Put the pack that was in force before (or VERSION, that once was) in force again, at once."""
    from tocsin.pipeline import roll_back  # not needed for --help

    with context.store() as store:
        policy = roll_back(store, version, by=proposer(store, by), reason=reason)
    if context.json:
        context.emit({"version": policy.version, "rules": len(policy.rules)})
    context.say(f"policy {policy.version} is in force: {counted(len(policy.rules), 'rule')}")


COMMANDS = (propose, propose_state, list_proposals, approve, reject, withdraw, invite, rollback)


def proposer(store: Store, name: str | None) -> Colleague:
    """Who proposes: a user with the permission, or whoever is at this machine."""
    from tocsin.review import Permission, find_colleague  # not needed for --help

    with store.read() as connection:
        return find_colleague(
            connection, name or operator_name(), Permission.POLICY_PROPOSE, needs_user=bool(name)
        )


def say_proposed(context: CliContext, proposal: Proposal) -> None:
    """Say that something waits, and what to do next."""
    if context.json:
        context.emit(proposal)
    context.say(f"proposed as {proposal.id}: {proposal.what}")
    if context.settings.solo:
        context.say(f"next: wait, then tocsin policy approve {proposal.id} --reason …")
        context.say(f"or let somebody from outside decide: tocsin policy invite {proposal.id}")
    else:
        context.say(f"next: a second person runs tocsin policy approve {proposal.id} --by NAME")
        context.say(f"or opens the page /proposals/{proposal.id} of the console")


def _decide(
    context: CliContext, proposal: str, state: ProposalState, *, reason: str, by: str | None
) -> Proposal:
    from tocsin.pipeline import decide_proposal  # not needed for --help
    from tocsin.review import Permission, find_colleague

    with context.store() as store:
        with store.read() as connection:
            who = find_colleague(connection, by or operator_name(), Permission.POLICY_APPROVE)
        done = decide_proposal(store, proposal, state, by=who, reason=reason)
    if context.json:
        context.emit(done)
    if done.solo == "delay":
        context.say(f"you said first: {done.reason}")
        context.say(f"you say now:    {done.decided_reason}")
    return done


def _shown(context: CliContext, proposal: Proposal) -> Proposal:
    """The proposal; in solo mode without its reason, until it is decided again."""
    import msgspec  # not needed for --help

    from tocsin.records import ProposalState

    if not context.settings.solo or proposal.state is not ProposalState.OPEN:
        return proposal
    return msgspec.structs.replace(proposal, reason="(shown after the second decision)")


def _name(connection: sa.Connection, user_id: str) -> str:
    from tocsin.store import people  # not needed for --help

    user = people.user_by_id(connection, user_id)
    return user_id if user is None else user.name
