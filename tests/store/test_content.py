from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import TocsinError
from tocsin.store import content

ITEMS = st.lists(st.binary(min_size=1).map(lambda b: b.replace(b"\n", b"?")), min_size=1)


@given(ITEMS)
def test_packing_keeps_every_item(items: list[bytes]) -> None:
    assert content.unpack(content.pack(items)) == items


@given(ITEMS, st.data())
def test_erasing_one_item_leaves_the_commitments_of_the_others(
    items: list[bytes], data: st.DataObject
) -> None:
    salts = content.new_salts(len(items))
    before = content.commitments(items, salts)
    place = data.draw(st.integers(0, len(items) - 1))
    packed, blanked = content.erase(content.pack(items), salts, place)
    left = content.unpack(packed)
    assert left[place] == b""
    after = content.commitments(left, blanked)
    pairs = zip(content.split_commitments(before), content.split_commitments(after), strict=True)
    assert [a == b for a, b in pairs] == [number != place for number in range(len(items))]


def test_the_same_item_has_another_commitment_each_time() -> None:
    item = b'"dawn of iron rises"'
    assert content.commit(content.new_salts(1), item) != content.commit(content.new_salts(1), item)


@pytest.mark.parametrize("ordinal", [-1, 2])
def test_there_is_nothing_to_erase_beyond_the_end(ordinal: int) -> None:
    with pytest.raises(TocsinError, match="no such item"):
        content.erase(content.pack([b"a", b"b"]), content.new_salts(2), ordinal)
