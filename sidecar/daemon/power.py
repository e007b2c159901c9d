"""Whether the machine runs on its battery: the only module that asks psutil."""

from __future__ import annotations


def on_battery() -> bool:
    """Whether the battery feeds the machine now; False where there is none, or where the system does not say."""
    import psutil  # late: it takes a while, and only a model's work asks

    sensors = getattr(psutil, "sensors_battery", None)  # some systems have no such call
    found = None if sensors is None else sensors()
    return found is not None and found.power_plugged is False
