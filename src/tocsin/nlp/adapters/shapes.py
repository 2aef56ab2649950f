"""The OpenAI shapes: what a chat, a completion and vectors look like when they come back.

Comes in: the JSON object that an endpoint answered. Goes out: the model's words, the chances of its
first token, or vectors. Always holds: whatever is not exactly of the shape is no answer; from the
model's words exactly one JSON object with exactly the known keys is taken, so that text which the
model repeats cannot pass for its answer. Refused (`OutsideServiceError`, in our words): refusals,
answers that were cut off, several choices, tool calls, anything before or after the object, keys
twice, numbers that are none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from tocsin.errors import OutsideServiceError

__all__ = ["Chat", "Words", "chances", "json_answer", "schema_format", "words_of"]

T = TypeVar("T")

_LONGEST_NAME: Final = 200
_LONGEST_DRAFT: Final = 4_000


class _Message(Struct, frozen=True):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[Any] | None = None


class _ChatChoice(Struct, frozen=True):
    message: _Message
    finish_reason: str | None = None


class Chat(Struct, frozen=True):
    """An answer of `/v1/chat/completions`."""

    choices: list[_ChatChoice]
    model: str | None = None
    system_fingerprint: str | None = None


class _CompletionChoice(Struct, frozen=True):
    logprobs: dict[str, Any] | None = None


class _Completion(Struct, frozen=True):
    choices: list[_CompletionChoice]
    model: str | None = None
    system_fingerprint: str | None = None


class Words(Struct, frozen=True):
    """What a model said, what it thought before, and what its server calls it."""

    text: str
    draft: str
    version: str


def words_of(reply: Mapping[str, Any]) -> Words:
    """The one message of a chat.

    Raises:
        OutsideServiceError: there is none, or it was refused or cut off.
    """
    chat = _shaped(reply, Chat)
    if len(chat.choices) != 1:
        raise _unusable("the model gave no answer, or several")
    message, finish = chat.choices[0].message, chat.choices[0].finish_reason
    if message.refusal or finish == "content_filter":
        raise _unusable("the model refused to answer")
    if finish == "length":
        raise _unusable("the model's answer was cut off")
    if message.tool_calls or not message.content:
        raise _unusable("the model said nothing")
    draft = message.reasoning_content or message.reasoning or ""
    return Words(message.content, draft[:_LONGEST_DRAFT], _named(chat))


def json_answer(text: str, kind: type[T]) -> T:
    """The one JSON object that the model's words are, with exactly the keys of `kind`.

    Raises:
        OutsideServiceError: the words are anything else.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        return msgspec.convert(found, kind)
    except (ValueError, RecursionError):
        raise _unusable("the model's answer is not the one JSON object it was asked for") from None


def schema_format(name: str, kind: type[Struct]) -> dict[str, Any]:
    """`response_format` for servers that can hold a model to a schema."""
    (schema,), components = msgspec.json.schema_components([kind])
    schema = components[kind.__name__] if "$ref" in schema else schema
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "strict": True, "schema": schema},
    }


def chances(reply: Mapping[str, Any]) -> tuple[float, str]:
    """How probable 1 is against 0 as the first token of a completion, and the model's version.

    A token that is not among those listed is at most as probable as the least of them.

    Raises:
        OutsideServiceError: there are no chances, or the model was about to say something else.
    """
    completion = _shaped(reply, _Completion)
    if len(completion.choices) != 1:
        raise _unusable("the model gave no answer, or several")
    listed = _first_token(completion.choices[0].logprobs or {})
    of = {"0": 0.0, "1": 0.0}
    for token, chance in listed:
        if token.strip() in of:
            of[token.strip()] += chance
    if of["0"] + of["1"] < 0.5:  # noqa: PLR2004  # more often than not, neither
        raise _unusable("the model answered neither 0 nor 1")
    least = min(chance for _, chance in listed)
    one, zero = of["1"] or least, of["0"] or least
    return one / (one + zero), _named(completion)


def _first_token(logprobs: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The likeliest first tokens, in the shape of completions or of chats (llama.cpp)."""
    try:
        if "top_logprobs" in logprobs:
            top = msgspec.convert(logprobs["top_logprobs"], list[dict[str, float]])[0]
            pairs = list(top.items())
        else:
            first = msgspec.convert(logprobs["content"], list[_Token])[0]
            pairs = [(each.token, each.logprob) for each in first.top_logprobs]
    except (KeyError, IndexError, msgspec.ValidationError):
        pairs = []
    found = [(token, math.exp(min(value, 0.0))) for token, value in pairs if not math.isnan(value)]
    if not found:
        raise _unusable("the server gives no probabilities of tokens (`logprobs`)")
    return found


class _Alternative(Struct, frozen=True):
    token: str
    logprob: float


class _Token(Struct, frozen=True):
    top_logprobs: list[_Alternative]


def _shaped(reply: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(reply, kind)
    except msgspec.ValidationError:
        raise _unusable("the server's answer has another shape") from None


def _named(answer: Chat | _Completion) -> str:
    name = answer.system_fingerprint or answer.model or ""
    return "".join(filter(str.isprintable, name))[:_LONGEST_NAME]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_number(_: str) -> float:
    raise ValueError


def _unusable(reason: str) -> OutsideServiceError:
    return OutsideServiceError(reason, hint="the model may be the wrong one for this style")
