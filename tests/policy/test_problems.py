from __future__ import annotations

from tocsin.policy.problems import Code, Document, Problem, Problems, Severity


def rendered(text: str, start: int, end: int) -> str:
    place = Document("f.yaml", text).place(start, end)
    return Problem(code=Code.VALUE, message="wrong", place=place).render()


def test_lines_and_columns_count_from_one() -> None:
    assert str(Document("f", "ab\ncd\n").place(4, 5)) == "f:2:2"


def test_tabs_keep_the_carets_in_place() -> None:
    assert rendered("\tabc", 1, 3).splitlines()[-1] == "  | \t^^"


def test_control_characters_are_not_shown() -> None:
    assert "\x1b" not in rendered("a\x1b[31mred", 0, 1)


def test_long_lines_are_cut_around_the_place() -> None:
    lines = rendered("x" * 500 + "HERE" + "y" * 500, 500, 504).splitlines()
    column = lines[-1].index("^")
    assert lines[-2][column : column + 4] == "HERE"
    assert all(len(line) < 130 for line in lines)


def test_a_span_over_lines_points_at_its_first_line() -> None:
    assert rendered("abc\ndef", 1, 6).splitlines()[-1] == "  |  ^^"


def test_problems_are_ordered_by_place() -> None:
    problems, document = Problems(), Document("f", "a\nb\nc\n")
    for at in (4, 0, 2):
        problems.error(Code.VALUE, "wrong", document.place(at, at + 1))
    assert [p.place.line for p in problems.ordered(Severity.ERROR)] == [1, 2, 3]


def test_a_problem_as_json_names_its_place() -> None:
    place = Document("f", "ab").place(1, 2)
    problem = Problem(code=Code.VALUE, message="wrong", place=place, seconds=(("first", place),))
    assert problem.as_json() == {
        "code": "POLICY.VALUE", "severity": "error", "message": "wrong", "file": "f",
        "line": 1, "column": 2, "hint": None, "seconds": [{"label": "first", "where": "f:1:2"}],
    }  # fmt: skip
