"""Named sets of sampling parameters."""

from __future__ import annotations

from types import MappingProxyType

from bot.domain.personas import Sampling

PRESETS = MappingProxyType(
    {
        "creative": Sampling(temperature=1.2, top_p=0.9, presence_penalty=0.5, frequency_penalty=0.3),
        "technical": Sampling(temperature=0.3, top_p=0.8, presence_penalty=0.0, frequency_penalty=0.2),
        "conversational": Sampling(temperature=0.8, top_p=0.95, presence_penalty=0.6, frequency_penalty=0.4),
        "factual": Sampling(temperature=0.2, top_p=0.7, presence_penalty=0.0, frequency_penalty=0.0),
        "brainstorm": Sampling(temperature=1.5, top_p=0.95, presence_penalty=0.8, frequency_penalty=0.5),
        "summary": Sampling(temperature=0.4, top_p=0.85, presence_penalty=0.2, frequency_penalty=0.1),
    }
)
