"""What the commands `train` and `eval` share: the posts that people judged here, as examples.

Comes in: the store of the command. Goes out: examples; on standard error, how many posts there are
and how many answers teach nothing. Always holds: no text and no account is printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, counted

if TYPE_CHECKING:
    from tocsin.evaluation import Example

__all__ = ["examples_of_store"]


def examples_of_store(context: CliContext) -> list[Example]:
    """What people judged here; says how much of it cannot be used.

    Raises:
        InputError: no clause of the policy in force names a harm.
    """
    from tocsin.pipeline import load_policy
    from tocsin.pipeline.judged import judged_events
    from tocsin.training.verdicts import examples_of

    with context.store() as store:
        with store.read() as connection:
            policy = load_policy(connection)
        judged = judged_events(store, policy)
    examples = list(examples_of(judged.posts))
    click.echo(
        f"verdicts: {counted(len(examples), 'post')}"
        f"; left out: {judged.n_erased:,} erased, {judged.n_without_harm:,} of clauses or subjects"
        f" without a harm, {len(judged.posts) - len(examples):,} without words",
        err=True,
    )
    return examples
