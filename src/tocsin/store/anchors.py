"""Anchors: signed statements of where the log stood, kept outside the database.

Comes in: the heads of the chains. Goes out: lines of `anchors.jsonl`, each signed with
Ed25519, and checkpoint entries that join the writers' chains. Always holds: an anchor is
written after what it vouches for is committed; a whole line is never rewritten; half a line,
left by a crash, vouches for nothing and makes way for the next.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tocsin.errors import InputError
from tocsin.records import Anchor, EntryKind
from tocsin.store import folder, keys, log
from tocsin.store.store import Store

__all__ = ["ANCHOR_FILE", "is_signed_by", "load_anchors", "write_anchor"]

ANCHOR_FILE = "anchors.jsonl"
_ENCODER = msgspec.json.Encoder(order="deterministic")


def write_anchor(store: Store) -> Anchor | None:
    """Sign where the log stands; None if nothing was added since the last anchor."""
    with folder.exclusive(store.folder / "keys"):
        return _write_next(store, store.folder / ANCHOR_FILE)


def _write_next(store: Store, path: Path) -> Anchor | None:
    last = load_anchors(path)[-1:] if path.exists() else []
    with store.write() as transaction:
        connection = transaction.connection
        folder.claim(store, connection)
        position = log.last_position(connection)
        if position == 0 or (last and last[0].position == position):
            return None
        heads = log.heads(connection)
        if len(heads) > 1:
            body = {name: {"seq": head.seq, "hash": head.hash} for name, head in heads.items()}
            transaction.record(EntryKind.CHECKPOINT, {"heads": body})
            position, heads = log.last_position(connection), log.heads(connection)
    key = keys.anchor_key(store.folder)
    unsigned = Anchor(
        at=store.clock.now(),
        position=position,
        heads=heads,
        public_key=key.public_key().public_bytes_raw().hex(),
    )
    anchor = msgspec.structs.replace(unsigned, signature=key.sign(_signed_part(unsigned)).hex())
    _append(path, _ENCODER.encode(anchor) + b"\n")
    return anchor


def _append(path: Path, line: bytes) -> None:
    with path.open("a+b") as file:
        file.seek(0)
        half = file.read().rpartition(b"\n")[2]
        if half:
            file.truncate(file.tell() - len(half))
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    folder.sync_folder(path.parent)


def load_anchors(path: Path) -> list[Anchor]:
    """The anchors of a file, in the order in which they were written.

    Raises:
        InputError: no such file, or a line that is no anchor.
    """
    try:
        content = path.read_bytes()
    except OSError:
        raise InputError("the file of anchors cannot be read", where=str(path)) from None
    lines = content.splitlines()
    anchors = []
    for number, line in enumerate(lines, 1):
        try:
            anchors.append(msgspec.json.decode(line, type=Anchor))
        except (msgspec.DecodeError, UnicodeDecodeError):
            if number == len(lines) and not content.endswith(b"\n"):
                break  # a crash while appending leaves half a line; it vouches for nothing
            raise InputError("this line is no anchor", where=f"{path}:{number}") from None
    return anchors


def is_signed_by(anchor: Anchor, public_key: str) -> bool:
    """Whether the anchor's signature is by this key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(anchor.signature), _signed_part(anchor))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed_part(anchor: Anchor) -> bytes:
    return _ENCODER.encode(msgspec.structs.replace(anchor, signature=""))
