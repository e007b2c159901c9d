"""Write `requirements.lock` and the table of licences in `docs/licences.md`.

    python scripts/lock.py [--licences]

pip resolves what `pyproject.toml` asks for, once for each system and Python that is served, and reports the hash of
each file that it would install; nothing is installed.  The first resolution decides the versions, so that all have the
same.  With `--licences` only the table is written again, from the metadata of what is installed here.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs" / "licences.md"
BEGIN, END = "<!-- licences: written by scripts/lock.py -->", "<!-- end of licences -->"

PLATFORMS: Mapping[str, Sequence[str]] = {
    "Linux on x86-64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "Linux on ARM": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "macOS on ARM": ("macosx_14_0_arm64", "macosx_12_0_arm64", "macosx_11_0_arm64", "macosx_10_12_universal2"),
}
PYTHONS = ("3.11", "3.12", "3.13")

HEAD = """\
# What an installation consists of, with the hash of every file.  Written by `python scripts/lock.py`.
#   pip install --require-hashes --only-binary :all: -r requirements.lock && pip install --no-deps .
"""

Locked = dict[str, tuple[str, set[str]]]
"""By name: the version, and the hashes of its files."""


def main(arguments: Sequence[str]) -> int:
    """Write the lock and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--licences", action="store_true", help="write the table alone")
    if not parser.parse_args(arguments).licences:
        LOCK.write_text(HEAD + rendered(_resolved(wanted())), "utf-8")
    before = PAGE.read_text("utf-8")
    PAGE.write_text(with_table(before, table(locked(LOCK.read_text("utf-8")))), "utf-8")
    return 0


def wanted() -> list[str]:
    """What `pyproject.toml` asks for at run time."""
    found: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    return found


def _resolved(requirements: Sequence[str]) -> Locked:
    found: Locked = {}
    for python in PYTHONS:
        for name, tags in PLATFORMS.items():
            print(f"{name}, Python {python}", flush=True)
            pins = [f"{package}=={version}" for package, (version, _) in sorted(found.items())]
            for package, version, digest in _report(requirements, pins, python, tags):
                known = found.setdefault(package, (version, set()))
                if known[0] != version:
                    raise SystemExit(f"{package}: {version} on {name} with Python {python}, but {known[0]} elsewhere")
                known[1].add(digest)
    return found


def _report(
    requirements: Sequence[str], pins: Sequence[str], python: str, tags: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """What pip would install there: name, version and SHA-256 of the file."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints"
        constraints.write_text("\n".join(pins), "utf-8")
        command = [
            sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--no-input",
            "--disable-pip-version-check", "--report", "-", "--only-binary", ":all:", "--python-version", python,
            "--implementation", "cp", "--target", str(Path(folder) / "none"), "--constraint", str(constraints),
        ]  # fmt: skip
        command += [word for tag in tags for word in ("--platform", tag)]
        done = subprocess.run([*command, *requirements], stdout=subprocess.PIPE, check=True)
    for entry in json.loads(done.stdout)["install"]:
        about = entry["metadata"]
        yield canonical(about["name"]), about["version"], entry["download_info"]["archive_info"]["hashes"]["sha256"]


def canonical(name: str) -> str:
    """A package's name in the one form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def rendered(found: Locked) -> str:
    """The lock as pip reads it."""
    lines = []
    for name, (version, hashes) in sorted(found.items()):
        lines.append(" \\\n".join([f"{name}=={version}", *(f"    --hash=sha256:{one}" for one in sorted(hashes))]))
    return "\n".join(lines) + "\n"


def locked(text: str) -> Locked:
    """What a lock says."""
    found: Locked = {}
    for entry in re.finditer(r"^(\S+)==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)$", text, re.MULTILINE):
        found[entry[1]] = entry[2], set(re.findall(r"[0-9a-f]{64}", entry[3]))
    return found


def table(found: Locked) -> str:
    """Name, version, licence and who needs it, as a table; of a package that is not installed here what was known."""
    known = dict(re.findall(r"^\| (\S+) \| \S+ \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    rows = ["| package | version | licence | needed by |", "|---|---|---|---|"]
    needed = {name: sorted(_needed(name)) for name in found}
    direct = {canonical(re.split(r"[^A-Za-z0-9._-]", one)[0]) for one in wanted()}
    for name, (version, _) in sorted(found.items()):
        users = [other for other in sorted(found) if name in needed[other]]
        told = ", ".join(["sidecar"] * (name in direct) + users) or "an extra of another"
        rows.append(f"| {name} | {version} | {licence(name) or known.get(name, 'unknown')} | {told} |")
    return "\n".join(rows)


def _needed(name: str) -> Iterable[str]:
    try:
        entries = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    return [canonical(re.split(r"[^A-Za-z0-9._-]", one)[0]) for one in entries if "extra ==" not in one]


def licence(name: str) -> str | None:
    """The licence as the package's own metadata tells it; None for one that is not installed here."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    told = about.get("License-Expression") or about.get("License") or ""
    if told and len(told) < 60 and "\n" not in told:
        return told.strip()
    kinds = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
    return ", ".join(kinds) or "unknown"


def with_table(page: str, rows: str) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{rows}\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
