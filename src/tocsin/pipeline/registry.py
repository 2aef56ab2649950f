"""What is installed: detectors, panels, adapters and the connector, registered by our own hooks.

Comes in: bank entries and settings. Goes out: detectors, the catalogue that packs are checked
against, panels, the connector. Always holds: the only place that names the varieties.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from tocsin.detectors import PANELS, BankDetectors, text_models
from tocsin.enforcement import DEFAULT_ACTIONS, WebhookConnector, WebhookSettings
from tocsin.errors import InputError
from tocsin.features import FEATURES
from tocsin.plugins import Detector, Panel
from tocsin.policy import Catalogue
from tocsin.records import ActionKind, BankEntry
from tocsin.store import Store, keys

__all__ = ["catalogue", "detectors", "panels", "text_detectors", "webhook_connector"]


_BEFORE_EVERY_EXPIRY = datetime(1970, 1, 1, tzinfo=UTC)
"""Entries expire by an entry of the log (`Live`), never by the moment of compiling: otherwise
the same log could decide differently."""


def detectors(
    entries: Iterable[BankEntry],
    builder: BankDetectors | None = None,
    reads: Collection[str] | None = None,
    text_model: str = "",
) -> list[Detector]:
    """Every detector over these bank entries, for the signals that rules read (None: for all).

    A builder that is kept reuses what it compiled. `text_model` is the folder of the weights of
    text models ("": those that ship).

    Raises:
        InputError: a rule reads a signal of the text models, and their weights are not there.
    """
    entries = list(entries)
    found = (builder or BankDetectors()).from_entries(entries, _BEFORE_EVERY_EXPIRY, reads)
    return [*found, *text_detectors(entries, reads, text_model)]


def text_detectors(
    entries: Iterable[BankEntry], reads: Collection[str] | None = None, text_model: str = ""
) -> list[Detector]:
    """The text models, where rules read their signals (None: all do); loaded once in a process."""
    if reads is not None and text_models.NAMES.isdisjoint(reads):
        return []
    model = text_models.loaded(text_model)
    return [text_models.build(entries, _BEFORE_EVERY_EXPIRY, model, reads)]


def catalogue(entries: Iterable[BankEntry] = ()) -> Catalogue:
    """What rules may name, given what is installed and these bank entries."""
    return Catalogue(
        features={spec.name: spec for spec in FEATURES},
        signals={spec.name: spec for spec in text_models.SPECS},
        banks={entry.bank: entry.kind for entry in entries},
    )


def panels() -> Sequence[Panel]:
    """The evidence panels of the case page, in order."""
    return PANELS


def webhook_connector(store: Store) -> WebhookConnector:
    """The connector that the settings describe.

    Raises:
        InputError: no address is set, or a setting names an action that does not exist.
    """
    settings = store.settings
    if not settings.webhook_url:
        raise InputError(
            "no platform is configured",
            where="webhook_url",
            hint="set `webhook_url` in tocsin.toml, or TOCSIN_WEBHOOK_URL",
        )
    names = settings.webhook_actions or tuple(kind.value for kind in DEFAULT_ACTIONS)
    unknown = {*names, *settings.webhook_irreversible} - {kind.value for kind in ActionKind}
    if unknown:
        raise InputError(
            f"there is no action `{min(unknown)}`",
            where="webhook_actions",
            hint=f"the actions are: {', '.join(ActionKind)}",
        )
    actions = {ActionKind(name): name not in settings.webhook_irreversible for name in names}
    secret = bytes.fromhex(keys.secret(store.folder, "webhook"))
    return WebhookConnector(
        WebhookSettings(
            url=settings.webhook_url,
            secrets=(secret,),
            actions=actions,
            networks=settings.webhook_networks,
        ),
        store.clock,
    )
