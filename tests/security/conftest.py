"""The store's test kit, which attacks use too."""

import sys
from pathlib import Path

for room in ("store", "daemon"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))
