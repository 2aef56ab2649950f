"""Data sets from files, and who is held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NO_DEV_DATA, REPOSITORY
from tests.support.labelled import event
from tocsin.errors import CheckFailedError, InputError
from tocsin.evaluation import Split, find_files, parts_of, read_codes, read_sets
from tocsin.evaluation.sets import Example
from tocsin.evaluation.split import later_starts, refuse_trained
from tocsin.evaluation.surface import without_surface
from tocsin.nlp import Harm
from tocsin.nlp.split import is_held_out
from tocsin.nlp.trained import TrainedOn

Write = Callable[[str, Iterable[Mapping[str, Any]]], Path]

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DATA = REPOSITORY.parent / "shared" / "data"
NEWS = {"group": "news"}


def read(*paths: Path, **options: object) -> list[Example]:
    return read_sets(find_files(paths), now=NOW, **options)  # type: ignore[arg-type]  # passed on


def test_a_set_has_the_name_of_its_folder_and_its_label_goes_no_further(write: Write) -> None:
    write("harbour/a.jsonl.gz", [event(1, "Boats", NEWS, account="a1", at="2026-01-02T00:00:00Z")])
    path = write("meadow/b.jsonl", [event(2, "Cows", {"threat": True})])
    found = read(path.parent.parent)
    assert [(one.data_set, one.account, one.has_account) for one in found] == [
        ("harbour", "a1", True),
        ("meadow", "e2", False),
    ]
    assert found[0].at == datetime(2026, 1, 2, tzinfo=UTC).timestamp()
    assert found[1].at is None
    assert "news" not in repr(found[0].post)
    assert "handle_of" not in repr(found[0])


def test_events_without_a_post_are_left_out(write: Write) -> None:
    share = {"id": "s1", "type": "share", "actor": {"id": "a1"}, "object": {"id": "o1"}}
    assert len(read(write("x/a.jsonl", [share, event(1, "Boats", NEWS)]))) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"id": "e1", "type": "post.created", "post": {"id": "p1", "text": 7}}, "$.post.text"),
        (event(1, "secret", None), "no `label`"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_not_quoted(
    write: Write, line: dict[str, object], told: str
) -> None:
    path = write("x/a.jsonl", [event(0, "Boats", NEWS), line])
    with pytest.raises(InputError) as refused:
        read(path)
    assert told in str(refused.value)
    assert "a.jsonl:2" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_one_event_twice_is_one_post_and_two_posts_are_refused(write: Write) -> None:
    one = event(1, "Boats", NEWS)
    assert len(read(write("x/a.jsonl", [one, one]))) == 1
    write("x/b.jsonl", [event(1, "Cows", NEWS)])
    with pytest.raises(InputError, match="stands twice"):
        read(write("x/a.jsonl", [one]).parent)


def test_a_path_without_events_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file of events"):
        find_files([tmp_path])
    with pytest.raises(InputError, match="no such file"):
        find_files([tmp_path / "none"])


def test_codes_and_labels_of_posts_join_by_the_id_of_the_event(
    write: Write, tmp_path: Path
) -> None:
    pro = {"account": "pro_dawn"}
    path = write("x/posts.jsonl", [event(n, f"Text {n}", pro, account="a1") for n in range(3)])
    write("x/tweet_labels.jsonl.gz", [{"id": "e1", "label": {"extreme": True}}])
    (tmp_path / "codes.tsv").write_text("e2\tCt\n")
    found = read(path.parent, codes=read_codes(tmp_path / "codes.tsv"))
    assert [one.truth.harms.get(Harm.SUPPORT) for one in found] == [None, True, False]
    assert found[2].truth.harms[Harm.THREAT] is True
    assert found[2].source_harms == {}


def test_lines_that_are_no_codes_are_refused_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "codes.tsv").write_text("e1\tS\ne2 N\n")
    with pytest.raises(InputError, match=r"codes\.tsv:2"):
        read_codes(tmp_path / "codes.tsv")


# --- who is held out ------------------------------------------------------------------------------


def many(write: Write, n: int = 200) -> list[Example]:
    posts = (event(i, f"Number {i} of many", NEWS, account=f"a{i % 50}") for i in range(n))
    return read(write("harbour/a.jsonl", posts))


def test_an_account_is_on_one_side_only(write: Write) -> None:
    parts = parts_of(many(write), Split.HELD_OUT)
    assert parts.training
    assert all(is_held_out("harbour", one.account) for one in parts.evaluation)
    assert not {one.account for one in parts.training} & {one.account for one in parts.evaluation}


def test_a_held_out_repost_of_a_text_of_training_is_on_neither_side(write: Write) -> None:
    held = next(f"a{n}" for n in range(100) if is_held_out("harbour", f"a{n}"))
    other = next(f"a{n}" for n in range(100) if not is_held_out("harbour", f"a{n}"))
    posts = [
        event(1, "The boats are in! #harbour https://x.example/1", NEWS, account=other),
        event(2, "RT @mo: the boats are  in! https://x.example/2", NEWS, account=held),
        event(3, "Another thing", NEWS, account=held),
    ]
    parts = parts_of(read(write("harbour/a.jsonl", posts)), Split.HELD_OUT)
    assert [one.post.id for one in parts.evaluation] == ["e3"]
    assert parts.n_repeated == 1


def test_cases_of_a_test_suite_are_always_held_out(write: Write) -> None:
    label = {"functionality": "counter_ref_nh", "gold": "non-hateful"}
    posts = (event(n, f"Case {n}", label) for n in range(40))
    parts = parts_of(read(write("suite/cases.jsonl", posts)), Split.HELD_OUT)
    assert (len(parts.training), len(parts.evaluation)) == (0, 40)


def test_what_was_trained_on_is_refused_also_under_another_name(write: Write) -> None:
    examples = many(write)
    trained = TrainedOn.of([("harbour", "a7")])
    with pytest.raises(CheckFailedError, match="1 of `harbour`"):
        refuse_trained(examples, trained)
    refuse_trained([one for one in examples if one.account != "a7"], trained)
    copied = TrainedOn.of([("older-name", "a7"), ("older-name", "a8")])
    refuse_trained(examples, copied)
    with pytest.raises(CheckFailedError, match="2 of `harbour`"):
        refuse_trained(examples, copied, ["older-name"])


def test_the_later_part_begins_where_three_tenths_of_the_posts_are_left(write: Write) -> None:
    posts = [
        event(n, f"Text {n}", NEWS, at=f"2026-01-{n + 1:02d}T00:00:00Z")
        for n in reversed(range(10))
    ]
    starts = later_starts(read(write("harbour/a.jsonl", posts)))
    assert starts == {"harbour": datetime(2026, 1, 8, tzinfo=UTC).timestamp()}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Boats #harbour are in @mo https://x.example/a", "Boats are in"),
        ("RT @mo: Boats", "Boats"),
        ("السفن #الميناء هنا", "السفن هنا"),
        ("START here, ART there", "START here, ART there"),
        ("a@b", "a"),
        ("", ""),
    ],
)
def test_surface_cues_are_removed(text: str, plain: str) -> None:
    assert without_surface(text) == plain


@pytest.mark.skipif(not DATA.exists(), reason=NO_DEV_DATA)
def test_the_development_sets_are_read_with_a_meaning_for_every_post() -> None:
    files = [one for one in find_files([DATA]) if one[0] != "coortweet"]
    examples = read_sets(files, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert len(examples) > 100_000
    assert [one.post.id for one in examples if not one.truth.groups] == []
    parts = parts_of(examples, Split.HELD_OUT)
    assert {one.data_set for one in parts.evaluation} == {one.data_set for one in examples}
    assert "hatecheck" not in {one.data_set for one in parts.training}
