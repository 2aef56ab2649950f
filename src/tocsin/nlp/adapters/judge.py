"""A language model that reads a clause and a post.

Comes in: a clause, a post. Goes out: an opinion. Always holds: an opinion moves a case in its queue
and explains, nothing else; whatever fails (no server, no budget, an answer of another form, a post
that is too long to be read whole) is an abstention with its reason; the same post under the same
clause is asked about once while the answer is remembered. Refused: nothing; settings are checked
when the judge is made.
"""

from __future__ import annotations

import ssl

import msgspec

from tocsin.clock import Clock
from tocsin.errors import OutsideServiceError
from tocsin.nlp.adapters.base import EndpointModel
from tocsin.nlp.adapters.protocols import ClauseText, Opinion, text_hash
from tocsin.nlp.adapters.settings import OutsideModel
from tocsin.nlp.adapters.styles import style_of

__all__ = ["OpenAICompatJudge"]


class OpenAICompatJudge(EndpointModel):
    """Implements `PolicyJudge` over an endpoint that speaks the OpenAI shapes."""

    def __init__(
        self,
        settings: OutsideModel,
        clock: Clock,
        *,
        api_key: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """As for every model behind an endpoint; the settings name the style."""
        super().__init__(settings, clock, api_key=api_key, tls=tls)
        self._style = style_of(settings)

    def judge(self, clause: ClauseText, text: str, *, language: str = "") -> Opinion:
        """The opinion, or why there is none."""
        key = (self._style.name, self._settings.model, clause.hash, language, text_hash(text))
        known = self._cache.get(key, Opinion)
        if known is not None:
            return known
        began = self._endpoint.now()
        try:
            opinion = self._asked(clause, text, language)
        except OutsideServiceError as error:
            opinion = self._abstained(clause, language, error.message)
        opinion = msgspec.structs.replace(opinion, latency_ms=self._endpoint.elapsed_ms(began))
        self._cache.put(key, opinion)
        return opinion

    def _asked(self, clause: ClauseText, text: str, language: str) -> Opinion:
        if not text.strip():
            return self._abstained(clause, language, "there is no text to judge")
        if len(text) > self._settings.max_text_characters:
            return self._abstained(
                clause, language, "the post is longer than the model may be sent"
            )
        body = self._style.body(self._settings, clause, text)
        found = self._style.read(self._endpoint.ask(self._style.path, body), text)
        return Opinion(
            model=self._settings.model,
            version=self._settings.version or found.version,
            language=language,
            clause=clause.id,
            label="breach" if found.breach else "no_breach",
            score=found.score,
            queue_priority=found.score,
            rationale=found.rationale,
            draft_rationale=found.draft,
        )

    def _abstained(self, clause: ClauseText, language: str, reason: str) -> Opinion:
        return Opinion(
            model=self._settings.model,
            version=self._settings.version,
            language=language,
            clause=clause.id,
            abstained=True,
            reason=reason,
        )
