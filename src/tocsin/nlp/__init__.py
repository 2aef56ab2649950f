"""Text models: what a post says, in whose voice, and against whom.

Comes in: texts and the languages that they are in. Goes out: readings (role, quoted spans, cues),
threats with their parts, and calibrated scores for support, incitement and threat. Always holds:
equal input gives equal output, whatever stands beside it in a batch; where there is no measured
data for a language the answer is an abstention, never "safe". Nothing here decides anything, reads
a store or knows a policy.
"""

from tocsin.nlp.types import (
    ROLES,
    AccountPosts,
    AccountScore,
    AccountScorer,
    Harm,
    PostScore,
    PostScorer,
    PostText,
    Reading,
    Role,
    TextSpan,
    Threat,
    ThreatKind,
    ThreatPart,
)

__all__ = [
    "ROLES",
    "AccountPosts",
    "AccountScore",
    "AccountScorer",
    "Harm",
    "PostScore",
    "PostScorer",
    "PostText",
    "Reading",
    "Role",
    "TextSpan",
    "Threat",
    "ThreatKind",
    "ThreatPart",
]
