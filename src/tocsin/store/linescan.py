"""The inner loops of `linecolumns`: lines of canonical JSON taken apart, compiled by numba.

Comes in: lines in one buffer, and the fields of an event as tables of numbers. Goes out: where the
values of each field stand, and then their bytes in one piece. Always holds: nothing outside a line
is looked at but the newline that ends it; a row is taken whole or is marked and left out. Refused:
nothing; a row with anything but the fields of the tables, in their order, is marked. Needs the
extra `tocsin[fast]`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tocsin.matching.compiling import compiled, inlined

__all__ = [
    "INT",
    "LIST",
    "OBJECT",
    "STRING",
    "TIME",
    "Found",
    "Tables",
    "copy",
    "marks",
    "scan",
    "unescape",
]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]

STRING: Final = 0
INT: Final = 1
TIME: Final = 2
LIST: Final = 3
OBJECT: Final = 4
"""Kinds of fields: `LIST` is one of strings, `OBJECT` one whose fields are a level of their own."""

_NEWLINE: Final = 10
_QUOTE: Final = 34
_COMMA: Final = 44
_MINUS: Final = 45
_DOT: Final = 46
_ZERO: Final = 48
_COLON: Final = 58
_OPEN_LIST: Final = 91
_BACKSLASH: Final = 92
_CLOSE_LIST: Final = 93
_OPEN: Final = 123
_CLOSE: Final = 125
_T: Final = 84
_Z: Final = 90
_MAX_DIGITS: Final = 18
_SECOND_US: Final = 1_000_000
_DAY_S: Final = 86_400
_LETTER_U: Final = 117
_FIRST_NON_ASCII: Final = 128
_ESCAPED: Final = np.frombuffer(b"b\bf\fn\nr\rt\t", np.uint8).reshape(-1, 2)
_LOWEST: Final = np.uint64(0x0101010101010101)
_HIGHEST: Final = np.uint64(0x8080808080808080)
_QUOTES: Final = np.uint64(0x2222222222222222)
_BACKSLASHES: Final = np.uint64(0x5C5C5C5C5C5C5C5C)


class Tables(NamedTuple):
    """The fields of each level, in the order in which they are written.

    Field `i` is written as `names[name_starts[i]:name_starts[i + 1]]`, with its quotes; it is of
    a kind, and its values have a place of their own among those of that kind: of an object, its
    level.
    """

    names: Bytes
    name_starts: Ints
    kinds: Ints
    places: Ints
    first: Ints
    end: Ints


class Found(NamedTuple):
    """Where values stand, by place and row; -1 where there is none.

    Items of a list are counted through all rows: those of a row are `list_starts` to `list_ends`.
    """

    starts: Shorts
    ends: Shorts
    numbers: Ints
    is_known: npt.NDArray[np.bool_]
    list_starts: Shorts
    list_ends: Shorts
    item_starts: Shorts
    item_ends: Shorts
    n_items: Ints
    has_escapes: npt.NDArray[np.bool_]
    has_object: npt.NDArray[np.bool_]
    is_other: npt.NDArray[np.bool_]


@inlined
def _number(data: Bytes, at: int) -> tuple[int, int]:
    """A whole number and where it ends; before where it begins if there is none."""
    begin = at
    sign = 1
    if data[at] == _MINUS:
        sign = -1
        at += 1
    first = at
    value = 0
    while _ZERO <= data[at] < _COLON and at - first < _MAX_DIGITS:
        value = value * 10 + int(data[at] - _ZERO)
        at += 1
    return (sign * value, at) if at > first else (0, begin - 1)


@inlined
def _digits(data: Bytes, at: int, n: int) -> int:
    """A number of so many digits; below 0 where one is none."""
    value = 0
    for place in range(at, at + n):
        if not _ZERO <= data[place] < _COLON:
            return -1
        value = value * 10 + int(data[place] - _ZERO)
    return value


@inlined
def _time(data: Bytes, at: int) -> tuple[int, int]:
    """A time in microseconds, from behind its quote on, and where it ends; -1 if it is none."""
    year, month, day = _digits(data, at, 4), _digits(data, at + 5, 2), _digits(data, at + 8, 2)
    hour, minute = _digits(data, at + 11, 2), _digits(data, at + 14, 2)
    second = _digits(data, at + 17, 2)
    if min(year, month, day, hour, minute, second) < 0:
        return 0, -1
    is_marked = data[at + 4] == _MINUS and data[at + 7] == _MINUS and data[at + 10] == _T
    if not (is_marked and data[at + 13] == _COLON and data[at + 16] == _COLON):
        return 0, -1
    at += 19
    fraction = 0
    if data[at] == _DOT:
        fraction = _digits(data, at + 1, 6)
        if fraction < 0:
            return 0, -1
        at += 7
    if data[at] != _Z or data[at + 1] != _QUOTE:
        return 0, -1
    # days since 1970 of the calendar that goes on for ever, with years that begin in March
    shifted = year - 1 if month < 3 else year  # noqa: PLR2004
    of_year = (153 * (month + (9 if month < 3 else -3)) + 2) // 5 + day - 1  # noqa: PLR2004
    days = shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719_468
    seconds = days * _DAY_S + hour * 3_600 + minute * 60 + second
    return seconds * _SECOND_US + fraction, at + 2


@compiled
def marks(data: Bytes, words: npt.NDArray[np.uint64], quotes: Shorts) -> int:
    """Where quotes and backslashes stand, and how many there are. `words` are the same bytes.

    Of most words, a bit trick says that they hold neither.
    """
    n_quotes = 0
    for word in range(words.shape[0]):
        one, other = words[word] ^ _QUOTES, words[word] ^ _BACKSLASHES
        if ((one - _LOWEST) & ~one | (other - _LOWEST) & ~other) & _HIGHEST:
            for place in range(8 * word, 8 * word + 8):
                if data[place] == _QUOTE or data[place] == _BACKSLASH:
                    quotes[n_quotes] = place
                    n_quotes += 1
    return n_quotes


@compiled
def scan(
    data: Bytes, line_starts: Ints, line_ends: Ints, quotes: Shorts, tables: Tables, found: Found
) -> None:
    """Take the lines apart.

    `quotes` are the places of all quotes and backslashes, and one behind all lines; `data` ends in
    more newlines than a time is long.
    """
    names, name_starts, kinds, places, first_of, end_of = tables
    (
        starts, ends, numbers, is_known, list_starts, list_ends, item_starts, item_ends,
        n_items, has_escapes, has_object, is_other,
    ) = found  # fmt: skip
    n_lists, room = item_starts.shape
    kept_items = np.zeros(n_lists, np.int64)
    quote = 0
    for row in range(line_starts.shape[0]):
        at, line_end = line_starts[row], line_ends[row]
        while quotes[quote] < at:
            quote += 1
        for place in range(n_lists):
            kept_items[place] = n_items[place]
        level, behind = 0, 0
        field, field_end = first_of[0], end_of[0]
        is_whole = False
        is_open = data[at] == _OPEN
        at += 1
        while is_open:
            # a key, which is the next field of this level or one behind it
            if quotes[quote] != at:
                break
            size = quotes[quote + 1] - at + 1
            match = -1
            while field < field_end and match < 0:
                start = name_starts[field]
                if name_starts[field + 1] - start == size:
                    same = 1
                    while same < size and data[at + same] == names[start + same]:
                        same += 1
                    if same == size:
                        match = field
                field += 1
            at += size
            quote += 2
            if match < 0 or data[at] != _COLON:
                break
            at += 1
            kind, place = kinds[match], places[match]
            if kind == STRING:
                if quotes[quote] != at:
                    break
                begin = at + 1
                quote += 1
                while data[quotes[quote]] == _BACKSLASH:
                    has_escapes[place] = True
                    quote += 1 + (quotes[quote + 1] == quotes[quote] + 1)
                at = quotes[quote]
                if at >= line_end:
                    break
                starts[place, row], ends[place, row] = begin, at
                at += 1
                quote += 1
            elif kind == INT:
                number, stop = _number(data, at)
                if stop < at:
                    break
                at = stop
                numbers[place, row], is_known[place, row] = number, True
            elif kind == TIME:
                number, stop = _time(data, at + 1)
                if stop < 0 or quotes[quote] != at or quotes[quote + 1] != stop - 1:
                    break
                at = stop
                quote += 2
                numbers[place, row], is_known[place, row] = number, True
            elif kind == LIST:
                if data[at] != _OPEN_LIST:
                    break
                item = n_items[place]
                list_starts[place, row] = item
                is_list = False
                while not is_list:
                    at += 1
                    if item == room or quotes[quote] != at:
                        break
                    begin = at + 1
                    quote += 1
                    while data[quotes[quote]] == _BACKSLASH:
                        quote += 1 + (quotes[quote + 1] == quotes[quote] + 1)
                    at = quotes[quote]
                    if at >= line_end:
                        break
                    item_starts[place, item], item_ends[place, item] = begin, at
                    item += 1
                    at += 1
                    quote += 1
                    if data[at] == _CLOSE_LIST:
                        is_list = True
                    elif data[at] != _COMMA:
                        break
                if not is_list:
                    break
                at += 1
                list_ends[place, row] = n_items[place] = item
            else:
                if data[at] != _OPEN:
                    break
                has_object[place - 1, row] = True
                level, behind = place, field
                field, field_end = first_of[level], end_of[level]
                at += 1
                continue
            if data[at] == _CLOSE and level:
                level, field, field_end = 0, behind, end_of[0]
                at += 1
            if data[at] == _COMMA:
                at += 1
                continue
            is_whole = data[at] == _CLOSE and level == 0 and at + 1 == line_end
            break
        if not is_whole:
            is_other[row] = True
            starts[:, row] = -1
            ends[:, row] = -1
            is_known[:, row] = False
            list_starts[:, row] = -1
            list_ends[:, row] = -1
            has_object[:, row] = False
            for place in range(n_lists):
                n_items[place] = kept_items[place]


@compiled
def copy(data: Bytes, starts: Shorts, ends: Shorts, offsets: Shorts, out: Bytes) -> None:
    """Texts that hold no escapes in one piece."""
    # Indices without a sign: of others is asked each time whether they count from the end.
    size = np.uintp(0)
    for row in range(starts.shape[0]):
        offsets[row] = size
        at, n_bytes = np.uintp(starts[row]), np.uintp(ends[row] - starts[row])
        for byte in range(n_bytes):
            out[size + byte] = data[at + byte]
        size += n_bytes
    offsets[starts.shape[0]] = size


@compiled
def unescape(data: Bytes, starts: Shorts, ends: Shorts, offsets: Shorts, out: Bytes) -> bool:
    """Texts in one piece, without escapes; whether each escape was one that our writer makes."""
    size = 0
    for row in range(starts.shape[0]):
        offsets[row] = size
        at, end = starts[row], ends[row]
        while at < end:
            byte = data[at]
            at += 1
            if byte == _BACKSLASH:
                byte = data[at]
                at += 1
                if byte == _LETTER_U:
                    code = _hexadecimal(data, at)
                    if not 0 <= code < _FIRST_NON_ASCII:
                        return False
                    at += 4
                else:
                    code = _unescaped(byte)
                    if code == 0:
                        return False
                byte = np.uint8(code)
            out[size] = byte
            size += 1
    offsets[starts.shape[0]] = size
    return True


@inlined
def _hexadecimal(data: Bytes, at: int) -> int:
    """Four digits; below 0 where one is none."""
    code = 0
    for place in range(at, at + 4):
        digit = int(data[place])
        if _ZERO <= digit < _COLON:
            digit -= _ZERO
        else:
            digit = (digit | 32) - 87
            if not 10 <= digit < 16:  # noqa: PLR2004
                return -1
        code = code * 16 + digit
    return code


@inlined
def _unescaped(byte: int) -> int:
    """What a backslash and this stand for; 0 for nothing."""
    if byte in (_QUOTE, _BACKSLASH):
        return byte
    found = 0
    for place in range(_ESCAPED.shape[0]):
        if byte == _ESCAPED[place, 0]:
            found = int(_ESCAPED[place, 1])
    return found
