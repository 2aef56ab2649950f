"""Which outside model to ask, and within which limits.

Comes in: what the operator wrote. Goes out: one frozen struct. Always holds: every limit has a
finite default. Refused: values outside their range, unknown keys (by `msgspec`), and an address
that cannot be used (by `Endpoint`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["JudgeStyle", "OutsideModel"]

JudgeStyle = Literal["safeguard", "cope", "generic"]


class OutsideModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model behind an endpoint that speaks the OpenAI shapes.

    The key for it is no part of this: it is passed beside the settings and never written out.
    """

    kind: Annotated[
        Literal["judge", "embedder", "translator", "ocr"],
        Meta(description="What the model is asked for."),
    ] = "judge"
    style: Annotated[
        JudgeStyle,
        Meta(description="How a judge is asked: `safeguard`, `cope` or `generic`."),
    ] = "generic"
    base_url: Annotated[
        str,
        Meta(description="Address up to `/v1`, such as `http://127.0.0.1:8080/v1`."),
    ]
    model: Annotated[
        str, Meta(description="Name of the model at that address.", min_length=1, max_length=200)
    ]
    version: Annotated[
        str,
        Meta(
            description="What you know of the weights (a release or hash): kept with each answer.",
            max_length=200,
        ),
    ] = ""
    allow_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Machines besides this one that may be sent posts. Empty: none."),
    ] = ()
    allow_plain_http: Annotated[
        bool, Meta(description="Let posts travel unencrypted to those machines.")
    ] = False
    timeout_s: Annotated[
        float, Meta(description="Seconds that one call may take.", gt=0, le=600)
    ] = 20.0
    retries: Annotated[
        int, Meta(description="Further tries after a failure that may pass.", ge=0, le=5)
    ] = 2
    max_concurrent: Annotated[int, Meta(description="Calls at once.", ge=1, le=256)] = 2
    max_calls_per_minute: Annotated[
        int, Meta(description="Calls per minute, tries counted.", ge=1, le=100_000)
    ] = 60
    max_seconds_per_minute: Annotated[
        float,
        Meta(description="Seconds per minute spent waiting, all calls together.", gt=0, le=15_360),
    ] = 60.0
    waits_for_budget: Annotated[
        bool,
        Meta(description="Wait for the next minute where the budget is spent; else abstain."),
    ] = False
    max_answer_bytes: Annotated[
        int, Meta(description="Longest answer that is read.", ge=1_000, le=64_000_000)
    ] = 1_000_000
    max_text_characters: Annotated[
        int,
        Meta(
            description="Longest text that is sent; the model abstains on more.", ge=1, le=200_000
        ),
    ] = 8_000
    max_image_bytes: Annotated[
        int, Meta(description="Largest image that is sent.", ge=1, le=32_000_000)
    ] = 4_000_000
    max_tokens: Annotated[
        int,
        Meta(description="Tokens that the model may write, thoughts included.", ge=1, le=65_536),
    ] = 1_024
    cache_entries: Annotated[
        int, Meta(description="Answers kept in memory. 0: none.", ge=0, le=10_000_000)
    ] = 10_000
    reasoning_effort: Annotated[
        Literal["", "low", "medium", "high"],
        Meta(description="How long a reasoning model may think. Empty: as the server does it."),
    ] = ""
    instructions: Annotated[
        str,
        Meta(
            description="Style `cope`: the words under INSTRUCTIONS, where the model's card has"
            " others than we do.",
            max_length=4_000,
        ),
    ] = ""
