"""A process for the power cut: `python working.py FOLDER ACKS` writes in every way, and tells what is acknowledged."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from world import WEB, home_variables, opened, transcripts

from sidecar.index import Embedder

MEMORIES = 4


def main(folder: Path, acks: Path) -> None:
    home_variables(folder)
    told = os.open(acks, os.O_WRONLY | os.O_CREAT, 0o600)

    def tell(text: str) -> None:
        os.write(told, f"{text}\n".encode())

    with opened(folder, Embedder.load()) as world:
        world.start()
        for number in range(MEMORIES):
            content = f"Machine number {number} stands in rack {number + 40}."
            identifier, forgotten = world.remember(content, number), content
            tell(f"remembered {content}")
            world.say(f"talk-{number}", [f"Message {number} speaks of the tide."])
            tell(f"said talk-{number}")
            if number % 2:
                world.follow.commit(WEB)
                tell(f"committed {content}")
        contents = [f"Crane number {number} lifts {number + 40} tons." for number in range(MEMORIES)]
        world.remember_together(contents, 60)
        for content in contents:
            tell(f"remembered {content}")
        world.web.forget(identifier, "no longer", world.web_context)
        tell(f"forgot {forgotten}")
        world.archiving.step("claude-code", transcripts(folder, 1)[0])
        world.learn_one()
        world.commit()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
