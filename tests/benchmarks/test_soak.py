"""A short day beside the daemon: it holds no more at its end than in its middle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_short_day_leaves_nothing_behind() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "soak.py"), "--minutes", "0.75"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=350)
    assert done.returncode == 0, done.stdout + done.stderr
