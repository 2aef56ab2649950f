"""What every command keeps: help, exit statuses, and what stands on standard output."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from tests.support.runs import Ran, environment, made_lines, run_command
from tocsin import __version__
from tocsin.cli import COMMANDS, program
from tocsin.config import Settings
from tocsin.store import Store

HEAVY = (
    "alembic", "cryptography", "duckdb", "fastapi", "httpx", "hyperscan", "jinja2", "msgspec",
    "numpy", "pyarrow", "rich", "sqlalchemy", "uvicorn", "yaml",
)  # fmt: skip
"""What takes long to import, and `tocsin --help` does not need."""

HELP_CPU_S = 0.3
"""The contract of the command line: `tocsin --help` takes less CPU time than this."""


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    context = click.Context(program)
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner, part in command.commands.items():
                yield f"{name} {inner}", part
        else:
            yield name, command


LEAVES = dict(leaves())


@pytest.fixture
def database(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database that the environment names."""
    Store.open(Settings(database_url=sqlite_url)).close()
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TOCSIN_DB", sqlite_url)
    monkeypatch.chdir(tmp_path)
    return sqlite_url


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"]])
def test_help_and_version_import_nothing_heavy_and_are_quick(words: list[str]) -> None:
    code = (
        "import sys, tocsin.cli\n"
        "try: tocsin.cli.main(sys.argv[1:])\n"
        "finally: print('\\n' + ' '.join(sorted(sys.modules)), file=sys.stderr)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    loaded = set(ran.stderr.split())
    assert "tocsin.cli.program" in loaded
    assert [name for name in HEAVY if name in loaded] == []
    used_s = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    assert used_s < HELP_CPU_S


def test_the_version_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert __version__ in run_command(capfd, "--version").out


def test_help_lists_every_command_with_its_summary(capfd: pytest.CaptureFixture[str]) -> None:
    shown = " ".join(run_command(capfd, "--help").out.split())
    for name, spec in COMMANDS.items():
        assert f"{name} {spec.summary}" in shown
        assert spec.summary[0].isupper()
        assert spec.summary.endswith(".")


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_can_be_loaded_and_has_its_name(name: str) -> None:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert command.name == name


@pytest.mark.parametrize("words", list(LEAVES))
def test_the_help_of_a_command_teaches(words: str, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run_command(capfd, *words.split(), "--help")
    assert ran.status == 0
    assert len(ran.out.split()) > 25
    for option in LEAVES[words].params:
        if isinstance(option, click.Option) and option.help is not None:
            assert option.help.strip(), option.name


@pytest.mark.parametrize("words", [name for name in LEAVES if name != "completion"])
def test_every_command_takes_the_shared_options(words: str) -> None:
    options = {name for param in LEAVES[words].params for name in param.opts}
    assert {"--db", "--data-dir", "--config", "--json"} <= options


@pytest.mark.parametrize(
    ("words", "near"), [(["polcy"], "policy"), (["decision"], "decisions"), (["rn"], "run")]
)
def test_a_wrong_command_names_the_nearest(
    words: list[str], near: str, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run_command(capfd, *words)
    assert (ran.status, ran.out) == (2, "")
    assert f"did you mean {near}" in ran.err
    assert ran.err.startswith("error: no such command")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run_command(capfd, "completion", shell)
    assert ran.status == 0
    assert "_TOCSIN_COMPLETE" in ran.out


def test_the_shell_completes_files_to_run() -> None:
    complete = ShellComplete(program, {}, "tocsin", "_TOCSIN_COMPLETE")
    assert [item.type for item in complete.get_completions(["run"], "ev")] == ["file"]
    assert [item.type for item in complete.get_completions(["run", "one.jsonl"], "")] == ["file"]


# --- whose fault a failure is -------------------------------------------------------------------


def check_error(ran: Ran, status: int, told: str) -> None:
    assert ran.status == status, ran.err
    first = ran.err.splitlines()[0]
    assert first.startswith("error: ")
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert not first.endswith(".")


YOUR_INPUT = [
    pytest.param(["run"], "missing argument", id="no-file"),
    pytest.param(["run", "none.jsonl"], "there is no such file", id="unknown-file"),
    pytest.param(["run", "."], "there is no such file", id="folder"),
    pytest.param(["run", "--batch", "0", "-"], "--batch", id="impossible-batch"),
    pytest.param(["run", "--format", "fax", "-"], "--format", id="unknown-format"),
    pytest.param(["decisions", "--db", "mysql://x"], "SQLite or PostgreSQL", id="database"),
    pytest.param(["decisions", "--none"], "--none", id="unknown-option"),
    pytest.param(["explain", "dec_none"], "no decision", id="unknown-decision"),
    pytest.param(["bank", "list", "none"], "no such bank", id="unknown-bank"),
    pytest.param(["bank", "history", "ent_none"], "no such entry", id="unknown-entry"),
    pytest.param(["deadletters", "show", "dead_none"], "no such dead letter", id="unknown-letter"),
    pytest.param(["deadletters", "replay"], "name dead letters", id="nothing-to-replay"),
    pytest.param(["query", "select"], "SQL", id="wrong-sql"),
    pytest.param(["enforce"], "no platform is configured", id="no-platform"),
    pytest.param(["enforce", "--retry", "act_none"], "dead letters", id="unknown-action"),
    pytest.param(["policy", "export", "/", "--version", "x"], "not empty", id="full-folder"),
    pytest.param(["audit", "verify", "--anchor", "none"], "cannot be read", id="no-anchors"),
    pytest.param(["bench", "none"], "'none'", id="unknown-benchmark"),
]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("words", "told"), YOUR_INPUT)
def test_your_input_is_status_2_with_a_hint(
    words: list[str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run_command(capfd, *words)
    check_error(ran, 2, told)
    assert ran.out == ""


@pytest.mark.usefixtures("database")
def test_an_outside_service_is_status_3(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    url = f"postgresql://nobody:kestrel-4711@/x?host={tmp_path}"
    ran = run_command(capfd, "decisions", "--db", url)
    check_error(ran, 3, "the database cannot be used")
    assert "hint: " in ran.err
    assert "kestrel" not in ran.err


@pytest.mark.usefixtures("database")
def test_a_check_that_does_not_pass_is_status_4(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pack" / "rules" / "rules.yaml").write_text("- id: x")
    check_error(run_command(capfd, "policy", "check", tmp_path / "pack"), 4, "mistakes")


@pytest.mark.usefixtures("database")
def test_an_internal_fault_is_status_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(b"\n".join(made_lines(10)))
    assert run_command(capfd, "run", lines).status == 0
    next((tmp_path / "data" / "archive").rglob("*.parquet")).unlink()
    check_error(run_command(capfd, "query", "select 1 from events"), 1, "archive")


@pytest.mark.usefixtures("database")
def test_a_reader_that_stops_reading_is_no_fault(tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(b"\n".join(made_lines(2_000, slogan_every=2)))
    tocsin = f"{sys.executable} -m tocsin"
    script = (
        f"set -o pipefail; {tocsin} run {lines} >/dev/null && {tocsin} decisions --json | head -1"
    )
    ran = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert json.loads(ran.stdout)["id"].startswith("dec_")
    assert ran.stderr == ""
    assert ran.returncode == 0
