"""Settings: one frozen struct, read once, from a file and the environment.

Comes in: `tocsin.toml` and variables named `TOCSIN_…`. Goes out: `Settings`. Always holds:
this is the only module that reads settings files or the environment; every field has a
docstring, and `docs/reference/settings.md` is generated from it. Refused: unknown keys, wrong
types and impossible values, each with the key, the place and what was expected.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from tocsin.errors import InputError

__all__ = ["ENVIRONMENT", "Settings", "default_data_dir", "load_settings"]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that an operator may set.

    Each field carries its documentation in `Meta(description=…)`, so that the reference page,
    the error messages and the code cannot differ.
    """

    database_url: Annotated[
        str,
        Meta(description="SQLAlchemy URL of the store: `sqlite:///file.db` or `postgresql://…`."),
    ] = "sqlite:///tocsin.db"
    data_dir: Annotated[
        str,
        Meta(
            description="Folder for archive, media, keys and anchors. Empty: beside the database."
        ),
    ] = ""
    policy_dir: Annotated[
        str, Meta(description="Folder of the policy pack. Empty: the pack that ships with Tocsin.")
    ] = ""
    text_model_dir: Annotated[
        str,
        Meta(
            description="Folder of weights of text models, as `tocsin train` writes them. Empty:"
            " those that ship with Tocsin."
        ),
    ] = ""
    writer: Annotated[
        str,
        Meta(
            description="Name of this process's chain in the ordered log.", pattern="^[a-z0-9-]+$"
        ),
    ] = "main"
    accept_non_public: Annotated[
        bool,
        Meta(description="Accept posts that are not public. Audited; off unless the law says."),
    ] = False
    allow_fields: Annotated[
        tuple[str, ...],
        Meta(description="Fields outside the wire format to keep, as dotted paths (`post.mood`)."),
    ] = ()
    batch_events: Annotated[
        int, Meta(description="Events per batch, at most.", ge=1, le=65_536)
    ] = 256
    batch_ms: Annotated[
        int,
        Meta(
            description="Milliseconds after which a part-filled batch is judged.", ge=1, le=10_000
        ),
    ] = 5
    archive_after_events: Annotated[
        int,
        Meta(description="Move events into the Parquet archive when this many wait.", ge=1),
    ] = 100_000
    anchor_every_s: Annotated[
        int, Meta(description="Seconds between signed anchors of the log.", ge=1)
    ] = 300
    window_lateness_s: Annotated[
        int,
        Meta(
            description="How many seconds an event may lie behind the latest one and still be"
            " counted in windows. Changing it counts them anew from the log.",
            ge=0,
            le=604_800,
        ),
    ] = 600
    window_snapshot_s: Annotated[
        int, Meta(description="Seconds between snapshots of windows.", ge=1)
    ] = 60
    undo_window_s: Annotated[
        int,
        Meta(
            description="Seconds in which a verdict can be taken back before its actions leave.",
            ge=0,
        ),
    ] = 30
    webhook_url: Annotated[
        str, Meta(description="Where actions are delivered. Empty: they wait in the outbox.")
    ] = ""
    webhook_actions: Annotated[
        tuple[str, ...],
        Meta(description="Actions that the platform has. Empty: all of them."),
    ] = ()
    webhook_irreversible: Annotated[
        tuple[str, ...], Meta(description="Of those, the ones that it cannot take back.")
    ] = ()
    delivery_poll_ms: Annotated[
        int, Meta(description="Milliseconds between looks at the outbox.", ge=10, le=60_000)
    ] = 500
    delivery_lease_s: Annotated[
        int,
        Meta(
            description="Seconds for which one process claims an action it delivers; more than"
            " the 45 that one delivery may take.",
            ge=1,
        ),
    ] = 60
    webhook_networks: Annotated[
        tuple[str, ...],
        Meta(description="Private networks (`10.1.0.0/16`) in which the platform may stand."),
    ] = ()
    judge_url: Annotated[
        str,
        Meta(
            description="Address of a language model that may be asked about posts, up to `/v1`."
            " Empty: none is asked."
        ),
    ] = ""
    judge_model: Annotated[str, Meta(description="Name of the model at that address.")] = ""
    judge_style: Annotated[
        str,
        Meta(
            description="How it is asked: `safeguard`, `cope` or `generic`.",
            pattern="^(safeguard|cope|generic)$",
        ),
    ] = "generic"
    judge_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Machines besides this one to which posts may be sent for it."),
    ] = ()
    judge_plain_http: Annotated[
        bool, Meta(description="Let posts travel to those machines unencrypted.")
    ] = False
    judge_timeout_s: Annotated[
        float, Meta(description="Seconds that one question may take.", gt=0, le=600)
    ] = 20.0
    judge_calls_per_minute: Annotated[
        int, Meta(description="Questions per minute, tries counted.", ge=1, le=100_000)
    ] = 60
    judge_seconds_per_minute: Annotated[
        float,
        Meta(
            description="Seconds per minute spent waiting for it, all questions together.",
            gt=0,
            le=15_360,
        ),
    ] = 60.0
    host: Annotated[str, Meta(description="Address that `tocsin serve` listens on.")] = "127.0.0.1"
    port: Annotated[
        int, Meta(description="Port that `tocsin serve` listens on.", ge=0, le=65_535)
    ] = 8470
    allow_public_address: Annotated[
        bool, Meta(description="Let `tocsin serve` listen on an address that is not loopback.")
    ] = False
    secure_cookies: Annotated[
        bool,
        Meta(description="Send the session cookie over HTTPS only. Needed on a public address."),
    ] = False
    session_hours: Annotated[
        int, Meta(description="Hours until a console session ends.", ge=1, le=168)
    ] = 12
    session_idle_minutes: Annotated[
        int, Meta(description="Minutes without a request until a console session ends.", ge=1)
    ] = 60
    max_body_bytes: Annotated[
        int, Meta(description="Largest request body of `POST /v1/events`.", ge=1_000)
    ] = 64_000_000
    max_media_bytes: Annotated[
        int, Meta(description="Largest file of `PUT /v1/media/…`.", ge=1_000)
    ] = 512_000_000
    solo: Annotated[
        bool, Meta(description="One-person operation: stated in notices and reports.")
    ] = False
    solo_delay_s: Annotated[
        int,
        Meta(
            description="Seconds after which, in solo mode, the one person decides a proposal of"
            " their own again.",
            ge=0,
        ),
    ] = 86_400

    @property
    def folder(self) -> Path:
        """The data folder in force."""
        return Path(self.data_dir) if self.data_dir else default_data_dir(self.database_url)


ENVIRONMENT = {
    "TOCSIN_DB": "database_url",
    **{f"TOCSIN_{name.upper()}": name for name in Settings.__struct_fields__},
}
"""Environment variable -> field. `TOCSIN_DB` is the short name of `TOCSIN_DATABASE_URL`."""


def default_data_dir(database_url: str) -> Path:
    """Beside a SQLite file (`x.db` -> `x.db.d`); else `<database>.d` in the current folder."""
    parts = urlsplit(database_url)
    if parts.scheme.startswith("sqlite") and parts.path.strip("/"):
        path = database_url.split("///", 1)[1].split("?", 1)[0]
        return Path(path + ".d")
    name = "".join(c for c in parts.path if c.isalnum() or c in "-_") or "tocsin"
    return Path(f"{name}.d")


def load_settings(
    overrides: Mapping[str, Any] | None = None,
    *,
    config_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from defaults, file, environment and `overrides`, the later ones winning.

    The file is `config_file`, else the one that `TOCSIN_CONFIG` names, else `tocsin.toml` in
    the data folder if it exists. Overrides that are None count as not given.

    Raises:
        InputError: an unknown key or a value of the wrong kind; says which and what was expected.
    """
    environ = os.environ if environ is None else environ
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    from_environment = _from_environment(environ)
    merged = {**from_environment, **given}
    path = config_file or _config_path(environ, merged)
    if path is not None:
        merged = {**_from_file(path), **merged}
    try:
        settings = msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(
            f"a setting is wrong: {_lowered(str(error))}", where=str(path or "")
        ) from None
    return _normalised(settings)


def _normalised(settings: Settings) -> Settings:
    url = settings.database_url
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith(("sqlite:", "postgresql+psycopg:")):
        raise InputError(
            "the database must be SQLite or PostgreSQL",
            where="database_url",
            hint="for example sqlite:///tocsin.db or postgresql://user@host/name",
        )
    return msgspec.structs.replace(settings, database_url=url)


def _config_path(environ: Mapping[str, str], given: Mapping[str, Any]) -> Path | None:
    if environ.get("TOCSIN_CONFIG"):
        return Path(environ["TOCSIN_CONFIG"])
    url = given.get("database_url", "sqlite:///tocsin.db")
    folder = Path(given["data_dir"]) if given.get("data_dir") else default_data_dir(url)
    path = folder / "tocsin.toml"
    return path if path.is_file() else None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("the settings file does not exist", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the settings file is not TOML: {error}", where=str(path)) from None
    for key in found:
        if key not in Settings.__struct_fields__:
            near = difflib.get_close_matches(key, Settings.__struct_fields__, n=1)
            hint = f"did you mean `{near[0]}`?" if near else "see docs/reference/settings.md"
            raise InputError(f"unknown setting `{key}`", where=str(path), hint=hint)
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, field in ENVIRONMENT.items():
        value = environ.get(variable)
        if value:
            is_list = isinstance(getattr(_DEFAULTS, field), tuple)
            found[field] = [part for part in value.split(",") if part] if is_list else value
    return found


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


_DEFAULTS = Settings()
