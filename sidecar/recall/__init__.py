"""The read road: channels, fusion, gate and answer over an index."""

from sidecar.recall.recall import Recall
from sidecar.recall.request import RecallAnswer, RecallRequest, ResponseLength

__all__ = ["Recall", "RecallAnswer", "RecallRequest", "ResponseLength"]
