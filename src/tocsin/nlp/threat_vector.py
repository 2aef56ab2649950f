"""The threats of a text as numbers, for the models that are trained.

Comes in: threats. Goes out: a vector of the features `THREAT_FEATURES`, in this order. Always
holds: each value lies in [0, 1]; quoted and attributed threats have places of their own. Refused:
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tocsin.nlp.types import Threat, ThreatKind, ThreatPart

__all__ = ["THREAT_FEATURES", "threat_vector"]

_KINDS: Final = tuple(f"threat:{kind}" for kind in ThreatKind)
_PARTS: Final = tuple(f"threat_part:{part}" for part in ThreatPart if part is not ThreatPart.ACT)
THREAT_FEATURES: Final = (*_KINDS, "threat:plain", "threat:strongest", "quoted:threat", *_PARTS)
"""The plainest threat of each kind in the author's own voice; whether one is plain (0.75 or more);
the plainest of all; the plainest in other people's words; which parts are named."""

_PLAIN: Final = 0.75


def threat_vector(threats: Sequence[Threat]) -> npt.NDArray[np.float32]:
    """The features of the threats of one text.

    >>> bool(threat_vector([]).any()), threat_vector([]).shape == (len(THREAT_FEATURES),)
    (False, True)
    """
    vector = np.zeros(len(THREAT_FEATURES), np.float32)
    place = THREAT_FEATURES.index
    for threat in threats:
        if not threat.own_voice:
            vector[place("quoted:threat")] = max(vector[place("quoted:threat")], threat.score)
            continue
        for name in (f"threat:{threat.kind}", "threat:strongest"):
            vector[place(name)] = max(vector[place(name)], threat.score)
        vector[place("threat:plain")] = max(vector[place("threat:plain")], threat.score >= _PLAIN)
        for part in threat.parts:
            if part is not ThreatPart.ACT:
                vector[place(f"threat_part:{part}")] = 1
    return vector
