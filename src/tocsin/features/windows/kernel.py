"""The inner loop of `ring`: hash tables and linked entries in arrays, compiled by numba.

Comes in: the arrays of one window, and steps. Goes out: answers; the arrays are changed in place.
Always holds:

- `entries` is a ring in order of arrival; each entry is linked with its key's others in order of
  time, so that late events find their place and the newest are at hand;
- per key, `FIRST` is the first entry inside the window that ends at `REACHED`, and `COUNT`,
  `KINDS` and `TOTAL` are over the entries from there on: a step in time order moves it and is
  done; a late one walks over what lies between its own window and that one;
- an entry leaves where it is the oldest to have arrived and no step can reach it any more; the row
  of a key or pair without entries is taken by the next new one that passes it, and what is left of
  them goes when the table is made anew, when three quarters are used;
- a key and all that is known of it stand in one cache line: memory is what an update waits for, so
  that `advance` first looks at the lines that the next `AHEAD` steps need, which the processor
  fetches side by side;
- where the ring or a table is full, `advance` returns early and says which: nothing is dropped
  before its time.

Refused: nothing. Needs the extra `tocsin[fast]`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tocsin.matching.compiling import compiled

__all__ = [
    "ENTRY_COLUMNS",
    "KEY_COLUMNS",
    "PAIR_COLUMNS",
    "advance",
    "expire",
    "holds",
    "rehash",
    "relink",
    "unroll",
]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NONE: Final = -1

EMPTY: Final = -2
"""In the column `USE` of a row that was never used."""

# Columns of a key or a pair: its 128 bits, and one that is never `EMPTY` where there is a key.
HIGH: Final = 0
LOW: Final = 1
USE: Final = 2
# of a key
LAST: Final = 2
FIRST: Final = 3
REACHED: Final = 4
COUNT: Final = 5
KINDS: Final = 6
TOTAL: Final = 7
KEY_COLUMNS: Final = 8
# of a pair: how often it stands in the window, and in the ring
INSIDE: Final = 2
HELD: Final = 3
PAIR_COLUMNS: Final = 4
# of an entry
TIME: Final = 0
AMOUNT: Final = 1
OLDER: Final = 2
NEWER: Final = 3
OWNER: Final = 4
PAIR: Final = 5
ENTRY_COLUMNS: Final = 6
# of the state
FRONT: Final = 0
SIZE: Final = 1
USED_KEYS: Final = 2
N_KEYS: Final = 3
USED_PAIRS: Final = 4
TOUCHED: Final = 5
"""A sum over what was looked at ahead of time, so that no compiler leaves the looking out."""

AHEAD: Final = 64
"""Steps that are looked at ahead: at 16 an update took a tenth longer (`tocsin bench windows`)."""

_COUNT: Final = 0
_DISTINCT: Final = 1
_SUM: Final = 2
_AGE: Final = 3
_ADD: Final = 1
_ASK: Final = 2


@compiled
def _find(rows: Ints, high: int, low: int) -> int:
    """The row of these bits, or the empty one where it would stand."""
    mask = rows.shape[0] - 1
    place = low & mask
    while rows[place, USE] != EMPTY and (rows[place, LOW] != low or rows[place, HIGH] != high):
        place = (place + 1) & mask
    return int(place)


@compiled
def rehash(old: Ints, new: Ints, column: int, least: int) -> Ints:
    """Empty a table and move the rows whose column is at least this in: where each stands now."""
    for row in range(new.shape[0]):
        for part in range(new.shape[1]):
            new[row, part] = 0
        new[row, USE] = EMPTY
    moved = np.full(old.shape[0], NONE, np.int64)
    for row in range(old.shape[0]):
        if old[row, USE] != EMPTY and old[row, column] >= least:
            place = _find(new, old[row, HIGH], old[row, LOW])
            for part in range(old.shape[1]):
                new[place, part] = old[row, part]
            moved[row] = place
    return moved


@compiled
def relink(entries: Ints, state: Ints, link: int, moved: Ints) -> None:
    """Let entries point to where the rows of a table stand now."""
    n = entries.shape[0]
    for nth in range(state[SIZE]):
        entry = state[FRONT] + nth if state[FRONT] + nth < n else state[FRONT] + nth - n
        row = entries[entry, link]
        if row >= 0:
            entries[entry, link] = moved[row]


@compiled
def unroll(old: Ints, new: Ints, keys: Ints, front: int) -> None:
    """Copy a full ring into a longer one, from its first entry on, links and all."""
    n = old.shape[0]
    for entry in range(n):
        place = front + entry if front + entry < n else front + entry - n
        for column in range(ENTRY_COLUMNS):
            new[entry, column] = old[place, column]
        for column in (OLDER, NEWER):
            link = old[place, column]
            if link >= 0:
                new[entry, column] = link - front if link >= front else link - front + n
    for key in range(keys.shape[0]):
        if keys[key, USE] != EMPTY:
            for column in (LAST, FIRST):
                link = keys[key, column]
                if link >= 0:
                    keys[key, column] = link - front if link >= front else link - front + n


@compiled
def _enter(keys: Ints, pairs: Ints, key: int, amount: int, pair: int) -> None:
    """Count an entry into its key's window."""
    keys[key, COUNT] += 1
    keys[key, TOTAL] += amount
    if pair >= 0:
        if pairs[pair, INSIDE] == 0:
            keys[key, KINDS] += 1
        pairs[pair, INSIDE] += 1


@compiled
def _leave(keys: Ints, pairs: Ints, key: int, amount: int, pair: int) -> None:
    """Count an entry out of its key's window."""
    keys[key, COUNT] -= 1
    keys[key, TOTAL] -= amount
    if pair >= 0:
        pairs[pair, INSIDE] -= 1
        if pairs[pair, INSIDE] == 0:
            keys[key, KINDS] -= 1


@compiled
def _reach(keys: Ints, pairs: Ints, entries: Ints, key: int, time: int, over: int) -> None:
    """Move a key's window on to this time; never back."""
    if time <= keys[key, REACHED]:
        return
    keys[key, REACHED] = time
    first = keys[key, FIRST]
    while first >= 0 and entries[first, TIME] <= time - over:
        _leave(keys, pairs, key, entries[first, AMOUNT], entries[first, PAIR])
        first = entries[first, NEWER]
    keys[key, FIRST] = first


@compiled
def _link(keys: Ints, pairs: Ints, entries: Ints, key: int, entry: int, over: int) -> None:
    """Put a filled entry into its key's list and window."""
    time = entries[entry, TIME]
    older = keys[key, LAST]
    newer = NONE
    while older >= 0 and entries[older, TIME] > time:
        newer = older
        older = entries[older, OLDER]
    entries[entry, OLDER] = older
    entries[entry, NEWER] = newer
    if older >= 0:
        entries[older, NEWER] = entry
    if newer >= 0:
        entries[newer, OLDER] = entry
    else:
        keys[key, LAST] = entry
    if time > keys[key, REACHED] - over:
        _enter(keys, pairs, key, entries[entry, AMOUNT], entries[entry, PAIR])
        if keys[key, FIRST] == newer:
            keys[key, FIRST] = entry
    _reach(keys, pairs, entries, key, time, over)


@compiled
def _drop_front(
    keys: Ints, pairs: Ints, entries: Ints, state: Ints,
    over: int,
) -> None:  # fmt: skip
    """Let go of the entry that arrived first."""
    entry = state[FRONT]
    key, pair = entries[entry, OWNER], entries[entry, PAIR]
    older, newer = entries[entry, OLDER], entries[entry, NEWER]
    if entries[entry, TIME] > keys[key, REACHED] - over:
        _leave(keys, pairs, key, entries[entry, AMOUNT], pair)
        if keys[key, FIRST] == entry:
            keys[key, FIRST] = newer
    if older >= 0:
        entries[older, NEWER] = newer
    if newer >= 0:
        entries[newer, OLDER] = older
    else:
        keys[key, LAST] = older
    if pair >= 0:
        pairs[pair, HELD] -= 1
    if keys[key, LAST] < 0:
        state[N_KEYS] -= 1
    state[FRONT] = entry + 1 if entry + 1 < entries.shape[0] else 0
    state[SIZE] -= 1


@compiled
def expire(
    keys: Ints, pairs: Ints, entries: Ints, state: Ints,
    over: int, horizon: int,
) -> None:  # fmt: skip
    """Let go of entries up to the horizon, as far as they are the oldest to have arrived."""
    while state[SIZE] > 0 and entries[state[FRONT], TIME] <= horizon:
        _drop_front(keys, pairs, entries, state, over)


@compiled
def _answer_late(
    keys: Ints, pairs: Ints, entries: Ints, key: int, time: int, over: int, measure: int
) -> int:
    """The answer for a time before the key's `REACHED`.

    Walks over the entries that only one of the two windows holds, out and (for what it counted
    in `pairs`) back again.
    """
    count, kinds, total = keys[key, COUNT], keys[key, KINDS], keys[key, TOTAL]
    first = keys[key, FIRST]
    edge = keys[key, REACHED] - over
    newest = keys[key, LAST]
    entry = newest
    while entry >= 0 and entries[entry, TIME] > time and entries[entry, TIME] > edge:
        count -= 1
        total -= entries[entry, AMOUNT]
        pair = entries[entry, PAIR]
        if pair >= 0:
            pairs[pair, INSIDE] -= 1
            if pairs[pair, INSIDE] == 0:
                kinds -= 1
        entry = entries[entry, OLDER]
    outside = entries[first, OLDER] if first >= 0 else newest
    oldest = entries[first, TIME] if first >= 0 else time + 1
    entry = outside
    while entry >= 0 and entries[entry, TIME] > time - over:
        if entries[entry, TIME] <= time:
            count += 1
            total += entries[entry, AMOUNT]
            oldest = entries[entry, TIME]
            pair = entries[entry, PAIR]
            if pair >= 0:
                if pairs[pair, INSIDE] == 0:
                    kinds += 1
                pairs[pair, INSIDE] += 1
        entry = entries[entry, OLDER]
    if measure == _DISTINCT:
        entry = outside
        while entry >= 0 and entries[entry, TIME] > time - over:
            if entries[entry, TIME] <= time:
                pairs[entries[entry, PAIR], INSIDE] -= 1
            entry = entries[entry, OLDER]
        entry = newest
        while entry >= 0 and entries[entry, TIME] > time and entries[entry, TIME] > edge:
            pairs[entries[entry, PAIR], INSIDE] += 1
            entry = entries[entry, OLDER]
        return int(kinds)
    if measure == _AGE:
        return int(time - oldest) if oldest <= time else NONE
    return int(count if measure == _COUNT else total)


@compiled
def holds(
    keys: Ints, pairs: Ints, entries: Ints, step_keys: Ints, times: Ints, of: Ints, found: Bools,
    over: int,
) -> None:  # fmt: skip
    """Whether what each step would count stands in its key's window already; changes nothing."""
    for step in range(times.shape[0]):
        high, low, time = step_keys[step, 0], step_keys[step, 1], times[step]
        key = _find(keys, high, low)
        if keys[key, USE] == EMPTY:
            continue
        pair = _find(pairs, of[step, 0] ^ high, of[step, 1] ^ ((low << 1) | (low >> 63 & 1)))
        if pairs[pair, USE] == EMPTY or pairs[pair, HELD] == 0:
            continue
        if time == keys[key, REACHED]:
            found[step] = pairs[pair, INSIDE] > 0
            continue
        entry = keys[key, LAST]
        while entry >= 0 and entries[entry, TIME] > time - over:
            if entries[entry, TIME] <= time and entries[entry, PAIR] == pair:
                found[step] = True
                break
            entry = entries[entry, OLDER]


@compiled
def advance(
    keys: Ints, pairs: Ints, entries: Ints, state: Ints,
    step_keys: Ints, times: Ints, watermarks: Ints, of: Ints, amounts: Ints, flags: Ints,
    answers: Ints, start: int, over: int, lateness: int, measure: int,
) -> int:  # fmt: skip
    """Take steps from `start` on; how many are done: fewer than all where something is full."""
    n_steps = times.shape[0]
    key_mask, pair_mask = keys.shape[0] - 1, pairs.shape[0] - 1
    # In time order nothing below calls a function: each call would count references to every
    # array up and down, which costs more than the work (measured: twice the time).
    # The counts of the state are local meanwhile: the compiler cannot know that `keys` and `state`
    # are not the same memory, and would read them again after each write.
    front, size, used_keys = state[FRONT], state[SIZE], state[USED_KEYS]
    n_keys, used_pairs = state[N_KEYS], state[USED_PAIRS]
    n_entries = entries.shape[0]
    full_keys, full_pairs = (3 * keys.shape[0] + 3) // 4, (3 * pairs.shape[0] + 3) // 4
    ahead = start
    touched = 0
    for step in range(start, n_steps):
        if step == ahead:
            ahead = min(step + AHEAD, n_steps)
            for other in range(step, ahead):
                low = step_keys[other, 1]
                touched += keys[low & key_mask, USE]
                if measure == _DISTINCT:
                    pair_low = of[other, 1] ^ ((low << 1) | (low >> 63 & 1))
                    touched += pairs[pair_low & pair_mask, HELD]
            entry = front
            for _ in range(min(size, ahead - step)):
                touched += keys[entries[entry, OWNER], USE]
                if measure == _DISTINCT:
                    touched += pairs[entries[entry, PAIR], HELD]
                entry = entry + 1 if entry + 1 < n_entries else 0
        horizon = watermarks[step] - lateness - over
        for _ in range(2):
            entry = front
            if size == 0 or entries[entry, TIME] > horizon:
                break
            key = entries[entry, OWNER]
            if entries[entry, OLDER] >= 0:
                state[FRONT], state[SIZE], state[N_KEYS] = front, size, n_keys
                _drop_front(keys, pairs, entries, state, over)
                front, size, n_keys = state[FRONT], state[SIZE], state[N_KEYS]
                continue
            newer = entries[entry, NEWER]
            pair = entries[entry, PAIR]
            if entries[entry, TIME] > keys[key, REACHED] - over:
                keys[key, FIRST] = newer
                keys[key, COUNT] -= 1
                keys[key, TOTAL] -= entries[entry, AMOUNT]
                if pair >= 0:
                    pairs[pair, INSIDE] -= 1
                    if pairs[pair, INSIDE] == 0:
                        keys[key, KINDS] -= 1
            if newer >= 0:
                entries[newer, OLDER] = NONE
            else:
                keys[key, LAST] = NONE
                n_keys -= 1
            if pair >= 0:
                pairs[pair, HELD] -= 1
            front = entry + 1 if entry + 1 < n_entries else 0
            size -= 1
        time = times[step]
        high, low = step_keys[step, 0], step_keys[step, 1]
        key = low & key_mask
        free = NONE
        while keys[key, USE] != EMPTY and (keys[key, LOW] != low or keys[key, HIGH] != high):
            if free < 0 and keys[key, LAST] == NONE:
                free = key
            key = (key + 1) & key_mask
        if flags[step] & _ADD:
            if size == n_entries or used_keys >= full_keys or used_pairs >= full_pairs:
                state[FRONT], state[SIZE], state[N_KEYS] = front, size, n_keys
                state[USED_KEYS], state[USED_PAIRS], state[TOUCHED] = used_keys, used_pairs, touched
                return step
            if keys[key, USE] == EMPTY:
                if free >= 0:
                    key = free
                else:
                    used_keys += 1
                keys[key, HIGH] = high
                keys[key, LOW] = low
                keys[key, LAST] = NONE
                keys[key, FIRST] = NONE
                keys[key, REACHED] = time
            older = keys[key, LAST]
            if older < 0:
                n_keys += 1
            pair = NONE
            if measure == _DISTINCT:
                # All bits come from a cryptographic hash: mixing the key in keeps pairs apart.
                pair_high = of[step, 0] ^ high
                pair_low = of[step, 1] ^ ((low << 1) | (low >> 63 & 1))
                pair = pair_low & pair_mask
                free = NONE
                while pairs[pair, USE] != EMPTY and (
                    pairs[pair, LOW] != pair_low or pairs[pair, HIGH] != pair_high
                ):
                    if free < 0 and pairs[pair, HELD] == 0:
                        free = pair
                    pair = (pair + 1) & pair_mask
                if pairs[pair, USE] == EMPTY:
                    if free >= 0:
                        pair = free
                    else:
                        used_pairs += 1
                    pairs[pair, HIGH] = pair_high
                    pairs[pair, LOW] = pair_low
                    pairs[pair, INSIDE] = 0
                pairs[pair, HELD] += 1
            entry = front + size
            if entry >= n_entries:
                entry -= n_entries
            size += 1
            entries[entry, TIME] = time
            entries[entry, AMOUNT] = amounts[step]
            entries[entry, OWNER] = key
            entries[entry, PAIR] = pair
            if time < keys[key, REACHED]:
                _link(keys, pairs, entries, key, entry, over)
            else:
                entries[entry, OLDER] = older
                entries[entry, NEWER] = NONE
                if older >= 0:
                    entries[older, NEWER] = entry
                keys[key, LAST] = entry
                if keys[key, FIRST] < 0:
                    keys[key, FIRST] = entry
                keys[key, COUNT] += 1
                keys[key, TOTAL] += amounts[step]
                if pair >= 0:
                    if pairs[pair, INSIDE] == 0:
                        keys[key, KINDS] += 1
                    pairs[pair, INSIDE] += 1
        if not flags[step] & _ASK and not flags[step] & _ADD:
            answers[step] = NONE
            continue
        if keys[key, USE] == EMPTY:
            answers[step] = NONE if measure == _AGE else 0
            continue
        if time < keys[key, REACHED]:
            answers[step] = NONE
            if flags[step] & _ASK:
                answers[step] = _answer_late(keys, pairs, entries, key, time, over, measure)
            continue
        keys[key, REACHED] = time
        first = keys[key, FIRST]
        while first >= 0 and entries[first, TIME] <= time - over:
            keys[key, COUNT] -= 1
            keys[key, TOTAL] -= entries[first, AMOUNT]
            pair = entries[first, PAIR]
            if pair >= 0:
                pairs[pair, INSIDE] -= 1
                if pairs[pair, INSIDE] == 0:
                    keys[key, KINDS] -= 1
            first = entries[first, NEWER]
        keys[key, FIRST] = first
        if not flags[step] & _ASK:
            answers[step] = NONE
        elif measure == _COUNT:
            answers[step] = keys[key, COUNT]
        elif measure == _DISTINCT:
            answers[step] = keys[key, KINDS]
        elif measure == _SUM:
            answers[step] = keys[key, TOTAL]
        else:
            answers[step] = time - entries[first, TIME] if first >= 0 else NONE
    state[FRONT], state[SIZE], state[N_KEYS] = front, size, n_keys
    state[USED_KEYS], state[USED_PAIRS], state[TOUCHED] = used_keys, used_pairs, touched
    return int(n_steps)
