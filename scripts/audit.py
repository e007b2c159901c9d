"""What each package of `requirements.lock` may do, as `docs/audit.md` lists it, and whether a fault of one is known.

    python scripts/audit.py                         write the list
    python scripts/audit.py --advisories FOLDER     look each locked version up, without a network

FOLDER holds advisories in the OSV format, as YAML or JSON, at any depth: a clone of `pypa/advisory-database`, or what
osv.dev exports for PyPI, unpacked.  Exit code 1: a fault of a locked version is known.

What a package may do is read from the very files that are installed here, as far as they are of the locked version:
what it imports, and whether it brings machine code.  That is what it could do, not what we let it do; what of others'
reaches it stands in `READS` below, which is kept by hand.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

sys.path.insert(0, str(Path(__file__).parent))

import lock

PAGE = lock.ROOT / "docs" / "audit.md"
BEGIN, END = "<!-- audit: written by scripts/audit.py -->", "<!-- end of audit -->"

REQUEST = "requests on the socket, and on the port if one is set"
MODEL = "answers of the model server"
TEXT = "texts of transcripts, memories and queries"
MCP = "requests of MCP"
HUB = "only if `embedding.model` names a model of Hugging Face: what comes from there"
UNUSED = "nothing"
MADE = "not their bytes, only what others have made of them: numbers, lists, objects"

READS: Mapping[str, str] = {
    "ahocorasick-rs": TEXT,
    "aiohappyeyeballs": UNUSED,
    "aiohttp": REQUEST,
    "aiosignal": MADE,
    "annotated-types": UNUSED,
    "anyio": f"{MCP}; {MODEL}, as they are transported",
    "attrs": MADE,
    "certifi": UNUSED,
    "cffi": UNUSED,
    "click": "the command line of the user",
    "cryptography": UNUSED,
    "filelock": HUB,
    "frozenlist": MADE,
    "fsspec": HUB,
    "h11": MODEL,
    "hf-xet": HUB,
    "httpcore": MODEL,
    "httpcore2": HUB,
    "httpx": MODEL,
    "httpx2": HUB,
    "huggingface-hub": HUB,
    "idna": "names of hosts, from the settings",
    "jsonschema": MCP,
    "jsonschema-specifications": UNUSED,
    "mcp": MCP,
    "mcp-types": MCP,
    "multidict": REQUEST,
    "numpy": MADE,
    "ollama": MODEL,
    "opentelemetry-api": UNUSED,
    "packaging": UNUSED,
    "platformdirs": "the environment of the user",
    "propcache": MADE,
    "psutil": "what the kernel says of the battery",
    "pycparser": UNUSED,
    "pydantic": f"{REQUEST}; {MCP}; {MODEL}",
    "pydantic-core": f"{REQUEST}; {MCP}; {MODEL}",
    "pyjwt": UNUSED,
    "python-multipart": UNUSED,
    "pyyaml": "front matter, also of shared profiles; settings",
    "referencing": MCP,
    "rpds-py": MADE,
    "simsimd": MADE,
    "sse-starlette": MCP,
    "starlette": MCP,
    "tantivy": TEXT,
    "tokenizers": TEXT,
    "tqdm": UNUSED,
    "truststore": HUB,
    "typing-extensions": UNUSED,
    "typing-inspection": UNUSED,
    "uvicorn": UNUSED,
    "watchdog": "names of files in watched folders",
    "yarl": REQUEST,
    "zstandard": "compressed transcripts",
}
"""By package: what of others' reaches it."""

_POWERS: Mapping[str, frozenset[str]] = {
    "network": frozenset(
        {"aiohttp", "anyio", "http.client", "http.server", "httpcore", "httpcore2", "httpx", "httpx2", "requests"}
        | {"socket", "ssl", "urllib.request", "urllib3"}
    ),
    "programs": frozenset({"multiprocessing", "os.execv", "os.popen", "os.system", "subprocess"}),
    "C functions": frozenset({"cffi", "ctypes"}),
    "pickle": frozenset({"cloudpickle", "marshal", "pickle"}),
    "runs text": frozenset({"eval", "exec"}),
}
"""By what a package may do: the modules and functions that let it."""

_WORDS = re.compile(
    "|".join(
        sorted(rf"\b{name.replace('.', '[. ]+(?:import )?')}\b" for names in _POWERS.values() for name in names)
    ).encode()
)
"""A file without any of these words need not be read further."""


def main(arguments: Sequence[str]) -> int:
    """Write the list, or look for known faults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advisories", type=Path, metavar="FOLDER")
    folder = parser.parse_args(arguments).advisories
    found = lock.locked(lock.LOCK.read_text("utf-8"))
    if folder is None:
        page = PAGE.read_text("utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table(found, known(page))}\n{END}{rest.partition(END)[2]}", "utf-8")
        return 0
    records = list(advisories(folder))
    if not records:
        print(f"{folder}: no advisories are there, so nothing was looked up", file=sys.stderr)
        return 2
    faults = sorted(known_faults(records, {name: version for name, (version, _) in found.items()}))
    print("\n".join(faults) or f"{len(found)} packages, {len(records)} advisories: none concerns these versions")
    return 1 if faults else 0


def table(found: lock.Locked, before: Mapping[str, str]) -> str:
    """The list; `before`: what was known of packages that are not installed here in the locked version."""
    rows = ["| package | version | may do | reads of others |", "|---|---|---|---|"]
    for name, (version, _) in sorted(found.items()):
        may = powers(name, version)
        rows.append(f"| {name} | {version} | {before.get(name, 'unknown') if may is None else may} | {READS[name]} |")
    return "\n".join(rows)


def known(page: str) -> dict[str, str]:
    """What the page says that each package may do."""
    return dict(re.findall(r"^\| ([a-z0-9-]+) \| \d\S* \| ([^|]+) \|", page, re.MULTILINE))


def powers(name: str, version: str) -> str | None:
    """What an installed package may do, in words; None if it is not here in this version."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    if package.version != version or package.files is None:
        return None
    used: set[str] = set()
    native = False
    for file in package.files:
        native = native or file.suffix in (".so", ".dylib")
        if file.suffix == ".py" and not {"test", "tests"} & set(file.parts):
            used.update(_used(Path(str(package.locate_file(file)))))
    may = ["machine code"] * native + [power for power, names in _POWERS.items() if names & used]
    return ", ".join(may) or "nothing of these"


def _used(file: Path) -> Iterator[str]:
    """The modules that a file imports, and what it calls of functions that are in `_POWERS`."""
    try:
        source = file.read_bytes()
        tree = ast.parse(source if _WORDS.search(source) else b"")
    except (OSError, SyntaxError, ValueError):  # a template, or a file that the installer has left out
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func)
            continue
        else:
            continue
        for name in names:
            yield from (name, name.partition(".")[0])


def advisories(folder: Path) -> Iterator[dict[str, Any]]:
    """All advisories below a folder, but for those that were withdrawn."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            record = json.loads(path.read_bytes())
        elif path.suffix in (".yaml", ".yml"):
            record = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
        else:
            continue
        if isinstance(record, dict) and "affected" in record and not record.get("withdrawn"):
            yield record


def known_faults(records: Sequence[Mapping[str, Any]], versions: Mapping[str, str]) -> Iterator[str]:
    """A line for each advisory that concerns one of these packages in its version."""
    for record in records:
        for affected in record["affected"]:
            about = affected.get("package", {})
            name = lock.canonical(str(about.get("name", "")))
            if about.get("ecosystem") == "PyPI" and name in versions and _concerns(affected, versions[name]):
                aliases = ", ".join(record.get("aliases", []))
                yield f"{name} {versions[name]}: {record['id']} ({aliases or 'no other name'})"


def _concerns(affected: Mapping[str, Any], version: str) -> bool:
    """As the OSV schema defines it: listed, or within a range."""
    if version in affected.get("versions", []):
        return True
    here = Version(version)
    for bounds in affected.get("ranges", []):
        if bounds.get("type") != "ECOSYSTEM":
            continue
        inside = False
        events = [(Version(at), kind) for event in bounds["events"] for kind, at in event.items()]
        for at, kind in sorted(events):
            if kind == "introduced" and here >= at:
                inside = True
            elif (kind == "fixed" and here >= at) or (kind == "last_affected" and here > at):
                inside = False
        if inside:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
