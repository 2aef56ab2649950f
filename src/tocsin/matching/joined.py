"""Normal forms of many texts at once, over one joined buffer.

Comes in: the texts of a batch. Goes out: the same keys as `normal.key_of` gives one by one
(`tests/property/test_normal.py`), as one buffer that is scanned and hashed as it stands; keys of
single rows, and the way back to their originals, only where somebody asks. Always holds: a line
break in the buffer ends a part of a row, and nothing else does. Refused: nothing.

Texts in ASCII and others go through separate buffers, since most of what the others need costs
by the character. NumPy finds the few texts that steps 2 or 3 of the normal form may change.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from tocsin.matching import tables
from tocsin.matching.normal import (
    ASCII_LOWER,
    MAX_INNER_LEET,
    MAX_TRAILING_LEET,
    MIN_LETTERS_FOR_EDGE_LEET,
    MIN_RUN,
    PART_BREAK,
    Document,
    NormalText,
    Part,
    key_of,
)

__all__ = ["NormalTexts", "documents", "match_keys", "normalise_all"]

Ints = npt.NDArray[np.int64]
Row = str | Sequence[Part] | None
"""The texts of a row: a string is the text of a post."""

_WORTH_ARRAYS: Final = 3
"""Texts in ASCII from which on arrays are quicker than one text after the other."""

_BREAK: Final = ord(PART_BREAK)
_BLANK: Final = ord(" ")
_SLASH: Final = ord("/")
_COLON: Final = ord(":")
_SEPARATOR: Final = "\ufdd0"  # a noncharacter: no letter, composes with nothing, folds to itself
_CODE_OF_SEPARATOR: Final = ord(_SEPARATOR)
_WORD: Final = tables.CLASS_LETTER | tables.CLASS_MARK
_BETWEEN: Final = tables.CLASS_DIGIT | tables.CLASS_SIGN | tables.CLASS_MARK
_LEET: Final = tables.CLASS_DIGIT | tables.CLASS_SIGN


class NormalTexts(Sequence[NormalText | None]):
    """The normal forms of the rows of a batch; None where a row has no text.

    `buffer` holds all keys in UTF-8, one part a line; row `rows[i]` is `starts[i]` to `ends[i]` of
    it, and `starts` ascend. Rows without text are in neither.
    """

    def __init__(
        self, texts: Sequence[Row], buffer: bytes, rows: Ints, n_parts: Ints | None
    ) -> None:
        self.buffer = buffer
        self.rows = rows
        ends = np.flatnonzero(np.frombuffer(buffer, np.uint8) == _BREAK)
        if len(rows):
            ends = np.append(ends, len(buffer))
        starts = np.empty_like(ends)
        starts[:1] = 0
        starts[1:] = ends[:-1] + 1
        if n_parts is not None:
            last = np.cumsum(n_parts) - 1
            ends, starts = ends[last], starts[last - n_parts + 1]
        self.starts: Ints = starts
        self.ends: Ints = ends
        self._texts = texts
        self._made: dict[int, NormalText | None] = {}
        self._places: dict[int, int] | None = None

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, row: int) -> NormalText | None: ...

    @overload
    def __getitem__(self, row: slice) -> list[NormalText | None]: ...

    def __getitem__(self, row: int | slice) -> NormalText | list[NormalText | None] | None:
        if isinstance(row, slice):
            return [self[index] for index in range(*row.indices(len(self)))]
        row = range(len(self))[row]
        if row not in self._made:
            self._made[row] = self._normal(row)
        return self._made[row]

    def key(self, row: int) -> str:
        """The key of a row; empty where it has no text."""
        if self._places is None:
            self._places = {found: place for place, found in enumerate(self.rows.tolist())}
        place = self._places.get(row)
        if place is None:
            return ""
        return self.buffer[self.starts[place] : self.ends[place]].decode("utf-8", "surrogatepass")

    def original(self, row: int) -> str | None:
        """The texts of a row as they were, one part a line; None where it has none."""
        text = self._texts[row]
        if text is None or isinstance(text, str):
            return text
        return PART_BREAK.join([part.text for part in text]) if text else None

    def _normal(self, row: int) -> NormalText | None:
        text = self._texts[row]
        if text is None:
            return None
        if isinstance(text, str):
            return NormalText(self.key(row), text)
        parts = [
            NormalText(key, part.text, part.field, part.base)
            for key, part in zip(self.key(row).split(PART_BREAK), text, strict=False)
        ]
        if not parts or not text:
            return None
        return parts[0] if len(parts) == 1 else Document(parts)


def documents(rows: Sequence[Row]) -> NormalTexts:
    """The normal forms of these rows, each over all of its texts."""
    plain, others = _Group([], []), _Group([], [])
    n_parts: dict[int, int] = {}
    for row, text in enumerate(rows):
        if type(text) is str:
            group = plain if text.isascii() else others
            group.rows.append(row)
            group.texts.append(text)
        elif text:
            parts = [part.text for part in text]  # type: ignore[union-attr]  # strings went above
            group = plain if all(map(str.isascii, parts)) else others
            group.rows.append(row)
            group.texts.extend(parts)
            if len(parts) > 1:
                n_parts[row] = len(parts)
    buffers = [
        make(group.texts)
        for make, group in ((_ascii_buffer, plain), (_other_buffer, others))
        if group.rows
    ]
    found = plain.rows + others.rows
    counts = np.array([n_parts.get(row, 1) for row in found], np.int64) if n_parts else None
    return NormalTexts(rows, b"\n".join(buffers), np.array(found, np.int64), counts)


class _Group(NamedTuple):
    """Rows that go through one buffer, and their texts, one after the other."""

    rows: list[int]
    texts: list[str]


def match_keys(texts: Sequence[str]) -> list[str]:
    """The keys of many texts, in order."""
    is_ascii = list(map(str.isascii, texts))
    if all(is_ascii):
        return _keys_in(_ascii_buffer(texts)) if texts else []
    keys: list[str] = [""] * len(texts)
    for wanted, make in ((True, _ascii_buffer), (False, _other_buffer)):
        rows = [row for row, found in enumerate(is_ascii) if found is wanted]
        if rows:
            for row, key in zip(rows, _keys_in(make([texts[row] for row in rows])), strict=True):
                keys[row] = key
    return keys


def normalise_all(texts: Sequence[str]) -> list[NormalText]:
    """The normal forms of many texts, in order; the same as one by one, and faster."""
    return [NormalText(key, text) for key, text in zip(match_keys(texts), texts, strict=True)]


def _keys_in(buffer: bytes) -> list[str]:
    return buffer.decode("utf-8", "surrogatepass").split(PART_BREAK)


def _ascii_buffer(texts: Sequence[str]) -> bytes:
    """The keys of texts in ASCII, one a line."""
    if len(texts) < _WORTH_ARRAYS:
        return PART_BREAK.join(map(key_of, texts)).encode("ascii")
    joined = bytearray(PART_BREAK.join(texts), "ascii").translate(ASCII_LOWER)
    codes = np.frombuffer(joined, np.uint8)
    breaks = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)[:-1] - 1
    codes[breaks] = _BREAK
    kinds = np.frombuffer(joined.translate(_ASCII_CLASSES), np.uint8)
    shorter, rows = _shortened(codes, kinds, breaks, _leet_places(kinds))
    return _folded_rows(shorter.tobytes(), rows)


def _other_buffer(texts: Sequence[str]) -> bytes:
    """The keys of texts beyond ASCII, one a line."""
    joined = _SEPARATOR.join(texts)
    if joined.count(_SEPARATOR) != len(texts) - 1:
        return PART_BREAK.join(map(key_of, texts)).encode("utf-8", "surrogatepass")
    while True:
        folded = unicodedata.normalize("NFKC", joined).casefold()
        folded = unicodedata.normalize("NFKC", folded)
        encoded = folded.encode("utf-32-le", "surrogatepass")
        codes = np.take(tables.fold_table(), np.frombuffer(encoded, "<u4"))
        codes = codes[codes != tables.REMOVED]
        joined = codes.tobytes().decode("utf-32-le", "surrogatepass")
        if unicodedata.is_normalized("NFKC", joined):
            break
    breaks = np.flatnonzero(codes == _CODE_OF_SEPARATOR)
    codes[breaks] = _BREAK
    kinds = np.take(tables.classes(), codes)
    suspects = np.concatenate([_leet_places(kinds), _mixed_places(kinds)])
    shorter, rows = _shortened(codes, kinds, breaks, suspects)
    joined = shorter.tobytes().decode("utf-32-le", "surrogatepass")
    if len(shorter) < len(codes) and not unicodedata.is_normalized("NFKC", joined):
        return PART_BREAK.join(map(key_of, texts)).encode("utf-8", "surrogatepass")
    return _folded_rows(joined.encode("utf-8", "surrogatepass"), rows)


def _shortened(
    codes: npt.NDArray[Any], kinds: npt.NDArray[np.uint8], breaks: Ints, suspects: Ints
) -> tuple[npt.NDArray[Any], Sequence[int]]:
    """Step 3 for all texts but those that hold a character that step 2 may change, and these.

    Taking out what repeats the character before it brings no two together that did not touch
    before. So step 2 has nothing to do in texts where it had nothing to do before.
    """
    rows: Sequence[int] = []
    if len(suspects):
        own = np.searchsorted(breaks, suspects)
        rows = np.unique(own[~_inside_links(codes, suspects, breaks, own)]).tolist()
    dropped = []
    triples = _letter_triples(codes, kinds)
    if len(triples):
        own = np.searchsorted(breaks, triples)
        is_kept = _inside_links(codes, triples, breaks, own) | np.isin(own, rows)
        triples = triples[~is_kept]
        dropped += [triples + 1, triples + 2]
    is_blank = codes == _BLANK
    dropped.append(np.flatnonzero(is_blank[1:] & is_blank[:-1]) + 1)
    places = np.concatenate(dropped)
    if len(places) == 0:
        return codes, rows
    is_left = np.ones(len(codes), np.bool_)
    is_left[places] = False
    return codes[is_left], rows


def _folded_rows(buffer: bytes, rows: Sequence[int]) -> bytes:
    """The buffer after all steps: these texts may still change."""
    if not rows:
        return buffer
    keys = _keys_in(buffer)
    for row in rows:
        keys[row] = key_of(keys[row])
    return PART_BREAK.join(keys).encode("utf-8", "surrogatepass")


def _letter_triples(codes: npt.NDArray[Any], kinds: npt.NDArray[np.uint8]) -> Ints:
    if len(codes) < MIN_RUN:
        return np.zeros(0, np.int64)
    same = codes[1:] == codes[:-1]
    at = np.flatnonzero(same[1:] & same[:-1])
    return at[(kinds[at] & tables.CLASS_LETTER) > 0]


def _leet_places(kinds: npt.NDArray[np.uint8]) -> Ints:
    """Runs of digits and signs that `_stands_for_letters` may accept."""
    at = np.flatnonzero(kinds & _LEET)
    if len(at) == 0:
        return at
    gaps = np.flatnonzero(at[1:] - at[:-1] > 1)
    first = at[np.concatenate([[0], gaps + 1])]
    last = at[np.concatenate([gaps, [len(at) - 1]])]
    end = len(kinds) - 1
    has_before = (first > 0) & ((kinds[np.maximum(first - 1, 0)] & _WORD) > 0)
    has_after = (last < end) & ((kinds[np.minimum(last + 1, end)] & _WORD) > 0)
    run = last - first + 1
    is_inner = has_before & has_after & (run <= MAX_INNER_LEET)
    has_sign = np.logical_or.reduceat(
        (kinds[at] & tables.CLASS_SIGN) > 0, np.searchsorted(at, first)
    )
    is_edge = (
        ~has_sign
        & (run <= MAX_TRAILING_LEET)
        & (
            (has_after & _in_one_token(kinds, first, 1))
            | (has_before & _in_one_token(kinds, last, -1))
        )
    )
    places: Ints = first[is_inner | is_edge]
    return places


def _in_one_token(kinds: npt.NDArray[np.uint8], at: Ints, step: int) -> npt.NDArray[np.bool_]:
    found = np.ones(len(at), dtype=np.bool_)
    for distance in range(1, MIN_LETTERS_FOR_EDGE_LEET + 1):
        place = np.minimum(np.maximum(at + step * distance, 0), len(kinds) - 1)
        found &= kinds[place] > 0
    return found


def _mixed_places(kinds: npt.NDArray[np.uint8]) -> Ints:
    """Look-alikes beside a Latin letter, or beside what may stand between the two in a token."""
    at = np.flatnonzero(kinds & tables.CLASS_LOOKALIKE)
    around = kinds[np.maximum(at - 1, 0)] | kinds[np.minimum(at + 1, len(kinds) - 1)]
    return at[(around & (tables.CLASS_LATIN | _BETWEEN)) > 0]


def _inside_links(
    codes: npt.NDArray[Any], at: Ints, breaks: Ints, own: Ints
) -> npt.NDArray[np.bool_]:
    """Whether characters stand in an address; `own` says in which text each stands."""
    slashes = np.flatnonzero(codes == _SLASH)
    slashes = slashes[(slashes >= 1) & (slashes < len(codes) - 1)]
    links = slashes[(codes[slashes - 1] == _COLON) & (codes[slashes + 1] == _SLASH)]
    if len(links) == 0:
        return np.zeros(len(at), dtype=np.bool_)
    blanks = np.flatnonzero(codes == _BLANK)
    row_starts = np.concatenate([[0], breaks + 1])[own]
    last_link = np.concatenate([[-1], links])[np.searchsorted(links, at)]
    last_blank = np.concatenate([[-1], blanks])[np.searchsorted(blanks, at)]
    return np.asarray(last_link > np.maximum(last_blank, row_starts))


def _ascii_classes() -> bytes:
    """The class bits of ASCII characters, in lower case, for `bytes.translate`."""
    kinds = [
        tables.CLASS_LETTER | tables.CLASS_LATIN if chr(code).isalpha() else 0
        for code in range(128)
    ]
    for char in "0123456789":
        kinds[ord(char)] = tables.CLASS_DIGIT
    for char in "@$":
        kinds[ord(char)] = tables.CLASS_SIGN
    return bytes(kinds) + bytes(128)


_ASCII_CLASSES: Final = _ascii_classes()
