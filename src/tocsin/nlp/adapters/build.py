"""From settings to a model.

Comes in: the settings of one outside model, a clock, its key. Goes out: the judge, embedder,
translator or reader of images that they describe. Refused: settings of another kind.
"""

from __future__ import annotations

from tocsin.clock import Clock
from tocsin.errors import InputError
from tocsin.nlp.adapters.embed_endpoint import OpenAICompatEmbedder
from tocsin.nlp.adapters.judge import OpenAICompatJudge
from tocsin.nlp.adapters.ocr import OpenAICompatOcr
from tocsin.nlp.adapters.settings import OutsideModel
from tocsin.nlp.adapters.translate import NoTranslator, OpenAICompatTranslator

__all__ = ["build_embedder", "build_judge", "build_ocr", "build_translator"]


def build_judge(settings: OutsideModel, clock: Clock, *, api_key: str = "") -> OpenAICompatJudge:
    """The judge of these settings; implements `PolicyJudge`. Close it after use.

    Raises:
        InputError: the settings are of another kind, or hold an address that cannot be used.
    """
    _expect(settings, "judge")
    return OpenAICompatJudge(settings, clock, api_key=api_key)


def build_embedder(
    settings: OutsideModel, clock: Clock, *, api_key: str = ""
) -> OpenAICompatEmbedder:
    """The embedder of these settings.

    Raises:
        InputError: as for a judge.
    """
    _expect(settings, "embedder")
    return OpenAICompatEmbedder(settings, clock, api_key=api_key)


def build_translator(
    settings: OutsideModel | None, clock: Clock, *, api_key: str = ""
) -> OpenAICompatTranslator | NoTranslator:
    """The translator of these settings; without settings, the one that never translates.

    Raises:
        InputError: as for a judge.
    """
    if settings is None:
        return NoTranslator()
    _expect(settings, "translator")
    return OpenAICompatTranslator(settings, clock, api_key=api_key)


def build_ocr(settings: OutsideModel, clock: Clock, *, api_key: str = "") -> OpenAICompatOcr:
    """The reader of images of these settings.

    Raises:
        InputError: as for a judge.
    """
    _expect(settings, "ocr")
    return OpenAICompatOcr(settings, clock, api_key=api_key)


def _expect(settings: OutsideModel, kind: str) -> None:
    if settings.kind != kind:
        raise InputError(
            f"the settings are those of a model of kind `{settings.kind}`; `{kind}` is expected",
            where="kind",
        )
