"""Golden files of rendered errors: the files of a pack, and what the check says of them.

A golden file holds sections, each under a line `=== name`: files of a pack, a single `when`, and
last `expected`. `python -m tests.policy.golden` writes what the check says now into each; read
the difference before committing it.
"""

from __future__ import annotations

from pathlib import Path

from tests.policy.kit import check, rule_yaml

FOLDER = Path(__file__).parent.parent / "golden" / "policy"
MARK = "=== "
EXPECTED = "expected"


def read(path: Path) -> dict[str, str]:
    """The sections of a golden file."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith(MARK):
            current = sections.setdefault(line.removeprefix(MARK).strip(), [])
        else:
            current.append(line)
    return {name: "".join(lines) for name, lines in sections.items()}


def rendered(sections: dict[str, str]) -> str:
    """What the check says of the files in a golden file."""
    files = {name: text for name, text in sections.items() if name not in (EXPECTED, "when")}
    if "when" in sections:
        files["rules/r.yaml"] = rule_yaml(sections["when"].rstrip("\n"))
    return check(files).render()


def rewrite(path: Path) -> None:
    """Write what the check says now into a golden file."""
    sections = read(path)
    sections[EXPECTED] = rendered(sections)
    path.write_text("".join(f"{MARK}{name}\n{text}" for name, text in sections.items()))


def main() -> None:
    """Write all golden files again."""
    for path in sorted(FOLDER.glob("*.txt")):
        rewrite(path)


if __name__ == "__main__":
    main()
