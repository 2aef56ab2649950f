"""Keys and media: whole or absent, and what they claim to be."""

from __future__ import annotations

import hashlib
import stat
import threading
from pathlib import Path

import pytest

from tocsin.errors import InputError
from tocsin.store import keys
from tocsin.store.media import MediaStore

PICTURE = b"a picture" * 1_000
DIGEST = hashlib.sha256(PICTURE).hexdigest()


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = keys.secret(tmp_path, "webhook")
    assert len(bytes.fromhex(first)) == 32
    assert keys.secret(tmp_path, "webhook") == first
    assert keys.secret(tmp_path, "other") != first
    path = tmp_path / "keys" / "webhook.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_threads_that_ask_together_get_the_same_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(keys.anchor_key(tmp_path).private_bytes_raw()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["anchor.key"]


def test_media_is_kept_under_its_hash(tmp_path: Path) -> None:
    media = MediaStore(tmp_path)
    assert media.put(DIGEST.upper(), [PICTURE[:10], PICTURE[10:]], max_bytes=10_000)
    assert not media.put(DIGEST, [PICTURE], max_bytes=10_000)
    assert media.path(DIGEST).read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("digest", "max_bytes", "told"),
    [("0" * 64, 10_000, "do not have the SHA-256"), (DIGEST, 100, "at most 100 bytes")],
)
def test_media_that_is_not_what_it_claims_leaves_nothing(
    tmp_path: Path, digest: str, max_bytes: int, told: str
) -> None:
    media = MediaStore(tmp_path)
    with pytest.raises(InputError, match=told):
        media.put(digest, [PICTURE], max_bytes=max_bytes)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "x" * 64, DIGEST[:-1], DIGEST + "0"])
def test_a_media_file_has_no_other_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="64 hexadecimal digits"):
        MediaStore(tmp_path).path(name)
