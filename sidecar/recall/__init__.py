"""The read road: channels, fusion, gate and answer over an index."""

from sidecar.recall.recall import Recall
from sidecar.recall.request import RecallAnswer, RecallRequest, ResponseLength, without_model

__all__ = ["Recall", "RecallAnswer", "RecallRequest", "ResponseLength", "without_model"]
