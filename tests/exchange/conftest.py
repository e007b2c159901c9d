"""A home for each test, as a fixture."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from home_kit import Scenario, home


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Scenario], None]:
    def call(scenario: Scenario) -> None:
        with home(tmp_path) as world:
            asyncio.run(scenario(world))

    return call
