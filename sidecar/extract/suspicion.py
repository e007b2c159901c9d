"""What has to wait for a person wherever nobody but a machine or a stranger says it."""

from __future__ import annotations

from sidecar.extract.harm import harmful
from sidecar.extract.noise import Noise, noise
from sidecar.extract.sentences import sentences


def addresses_agents(text: str) -> bool:
    """Whether a text speaks to agents, or tells of one that does."""
    return noise(text) is Noise.RELAYED or any(noise(one.text) is Noise.RELAYED for one in sentences(text))


def suspicion(text: str) -> str:
    """Why a text has to wait, in words; empty where nothing speaks against it."""
    if addresses_agents(text):
        return "it speaks to agents"
    return "it would do harm if somebody did as it says" if harmful(text) else ""
