"""Every setting, declared once: name, default, kind, help, unit, whether SIGHUP can change it, and whether it counts.

The validation, `config.example.yaml` and `docs/config.md` all come from these classes.  Names and defaults are part of
the contract and never change meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields

from sidecar.config.address import read_address
from sidecar.config.host import read_host
from sidecar.config.kinds import (
    BOOLEAN,
    Kind,
    Spec,
    choice,
    either,
    mapping,
    number,
    optional,
    sequence,
    setting,
    specs,
    text,
    whole,
)
from sidecar.model import AGENTS
from sidecar.records import dataclass

_NAME = text(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", "a name of 1 to 32 characters a-z, 0-9 and -")
_AGENT = choice(*AGENTS)
_GLOB = text(what="a glob pattern")
_FOLDER = text(what="a folder")
_ADDRESS = Kind("an address of this machine with a port, such as 127.0.0.1:7373", read_address)
_FILE = text(r"[/~]\S.*", "a file, by its whole path")
_HOST = Kind("the address of an Ollama server", read_host)
_MODEL = text(r"[^\s]+", "the name of a model")
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ProfileRule:
    """One rule of `profiles`: what it matches (all that is given must match), and where such sessions go."""

    path: str | None = None
    remote: str | None = None
    agent: str | None = None
    profile: str | None = None
    ignore: bool = False


@dataclass(frozen=True, slots=True)
class ExtraFolder:
    """One entry of `watch.extra`: a folder with transcripts of a known agent."""

    agent: str
    path: str


def _read_rule(value: object) -> ProfileRule:
    keys = tuple(item.name for item in fields(ProfileRule))
    given = mapping(value, keys, "a rule such as {path: '~/work/*', profile: work}")
    if not any(given.get(key) for key in ("path", "remote", "agent")):
        raise ValueError("needs one of path, remote and agent")
    if ("profile" in given) == bool(given.get("ignore")):
        raise ValueError("needs either profile or ignore: true")
    kinds = {"path": _GLOB, "remote": _GLOB, "agent": _GLOB, "profile": _NAME, "ignore": BOOLEAN}
    return ProfileRule(**_read_entries(given, kinds))  # type: ignore[arg-type]


def _read_extra(value: object) -> ExtraFolder:
    given = mapping(value, ("agent", "path"), "an entry such as {agent: claude-code, path: /srv/claude}")
    missing = [key for key in ("agent", "path") if key not in given]
    if missing:
        raise ValueError(f"needs {' and '.join(missing)}")
    return ExtraFolder(**_read_entries(given, {"agent": _AGENT, "path": _FOLDER}))  # type: ignore[arg-type]


def _read_entries(given: object, kinds: dict[str, Kind]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in dict(given).items():  # type: ignore[call-overload]
        try:
            found[key] = kinds[key].read(value)
        except ValueError as error:
            raise ValueError(f"{key} {error}") from error
    return found


_RULES = sequence(Kind("a rule", _read_rule), "a list of rules")
_EXTRA = sequence(Kind("a folder of an agent", _read_extra), "a list of {agent, path}")
_AGENTS = either("auto", sequence(_AGENT, "a list of agents"))


@dataclass(frozen=True, slots=True)
class Watch:
    """Which transcripts are read, and when a session counts as quiet."""

    agents: str | tuple[str, ...] = setting(
        "auto", _AGENTS, "Agents whose folders are watched; auto takes all that are found."
    )
    extra: tuple[ExtraFolder, ...] = setting((), _EXTRA, "Further folders with transcripts.")
    quiet_seconds: float = setting(
        60, number(0, _DAY), "How long a session must rest before it is extracted.", unit="seconds", reloadable=True
    )
    rescan_minutes: float = setting(
        15,
        number(0.1, 1440),
        "How often all folders are scanned besides being watched.",
        unit="minutes",
        reloadable=True,
    )
    backfill_days: int | None = setting(
        None, optional(whole(0, 36_500)), "How far back old sessions are taken in; null takes all.", unit="days"
    )


@dataclass(frozen=True, slots=True)
class Archive:
    """The local copy of verbatim messages (agents delete their transcripts after about 30 days)."""

    enabled: bool = setting(
        True,
        BOOLEAN,
        "Whether verbatim messages are kept and searchable; with false each is let go once it is extracted.",
        reloadable=True,
    )
    keep_days: int | None = setting(
        None,
        optional(whole(1, 36_500)),
        "Age at which archived messages are dropped; null keeps them.",
        unit="days",
        reloadable=True,
    )
    max_mb: int = setting(
        2048,
        whole(1, 1_048_576),
        "Size of the compressed texts at which the oldest archived messages are dropped.",
        unit="MB",
        reloadable=True,
    )


@dataclass(frozen=True, slots=True)
class Extract:
    """How memories are found in sessions, and what the model may use."""

    extractor: str = setting(
        "auto",
        choice("auto", "ollama", "rules", "none"),
        "What extracts: auto takes the model while Ollama has it, else the rules; with ollama sessions wait for the"
        " model.",
    )
    host: str = setting("http://127.0.0.1:11434", _HOST, "The Ollama server; without it OLLAMA_HOST counts.")
    allow_remote: bool = setting(False, BOOLEAN, "Whether text may be sent to a model that is not on this machine.")
    model: str = setting("qwen3:4b-instruct", _MODEL, "The model that extracts.")
    verify_model: str | None = setting(
        None, optional(_MODEL), "The model that checks what was extracted; null takes the same."
    )
    recall_model: str | None = setting(
        None, optional(_MODEL), "The model for recall at medium and high; null takes the one that extracts."
    )
    stall_seconds: float = setting(
        60, number(1, _DAY), "Silence within an answer of the model after which it is given up.", unit="seconds"
    )
    timeout_seconds: float = setting(900, number(1, _DAY), "Longest time for one answer of the model.", unit="seconds")
    seconds_per_hour: float = setting(
        1800,
        number(0, 3600),
        "Budget of model time in any hour, but for sessions that somebody waits for; 3600 is no limit.",
        unit="seconds",
        reloadable=True,
    )
    nice: int = setting(
        10, whole(0, 19), "Niceness of extraction and of reading old sessions; that of Ollama is Ollama's."
    )
    pause_on_battery: bool = setting(
        True, BOOLEAN, "Whether the model waits while the machine runs on battery; the rules do not.", reloadable=True
    )
    review: bool = setting(
        False, BOOLEAN, "Whether new memories wait as proposed until you accept them.", reloadable=True
    )


@dataclass(frozen=True, slots=True)
class Embedding:
    """The model behind the vector channel."""

    model: str = setting("bundled", _MODEL, "bundled, a model2vec model on Hugging Face, or a folder with one.")


@dataclass(frozen=True, slots=True)
class Recall:
    """Defaults of recall."""

    limit: int = setting(10, whole(1, 100), "Number of candidates unless the request says.", reloadable=True)
    include_personal: bool = setting(
        True, BOOLEAN, "Whether recall from a project also searches the profile personal.", reloadable=True
    )


@dataclass(frozen=True, slots=True)
class Git:
    """When changes of the store are committed."""

    quiet_seconds: float = setting(
        2, number(0.1, 3600), "How long the store must rest before a commit.", unit="seconds", reloadable=True
    )
    max_seconds: float = setting(
        30, number(0.1, _DAY), "Longest time that a change waits for its commit.", unit="seconds", reloadable=True
    )


@dataclass(frozen=True, slots=True)
class Sync:
    """Exchange of shared profiles with their remotes."""

    minutes: float = setting(
        10, number(0.1, 1440), "How often shared profiles are fetched and pushed.", unit="minutes", later=True
    )


@dataclass(frozen=True, slots=True)
class Hooks:
    """Limits of what the hooks in agents may cost."""

    timeout_ms: int = setting(
        300, whole(10, 60_000), "Longest time that a hook makes an agent wait.", unit="milliseconds", reloadable=True
    )
    budget_tokens: int = setting(
        1500,
        whole(0, 100_000),
        "Most text that a hook gives to an agent at once; 0 gives nothing.",
        unit="tokens",
        reloadable=True,
    )


@dataclass(frozen=True, slots=True)
class Mcp:
    """The MCP server for agents."""

    http: bool = setting(
        False, BOOLEAN, "Whether the daemon serves MCP over HTTP too, at /mcp: on its socket, and on listen.tcp."
    )
    autostart: bool = setting(False, BOOLEAN, "Whether `sidecar mcp` starts the daemon if none runs.", reloadable=True)


@dataclass(frozen=True, slots=True)
class Reflect:
    """Upkeep of memories while the machine is idle."""

    enabled: bool = setting(False, BOOLEAN, "Whether memories are tidied up when the machine is idle.", later=True)
    policy: str = setting(
        "review", choice("review", "apply"), "Whether proposals wait for review or are applied.", later=True
    )
    idle_minutes: float = setting(
        30, number(1, 1440), "Idle time after which upkeep may start.", unit="minutes", later=True
    )


@dataclass(frozen=True, slots=True)
class Listen:
    """Listening besides the Unix socket."""

    tcp: str | None = setting(
        None,
        optional(_ADDRESS),
        "Address to listen on as well, for programs that cannot use the socket; none but this machine's own is taken.",
    )
    token_file: str | None = setting(
        None,
        optional(_FILE),
        "File with the token that TCP clients must send; null is `token` in the state folder, made when first needed.",
    )


@dataclass(frozen=True, slots=True)
class Log:
    """The daemon's log; it never contains what was said."""

    level: str = setting(
        "info",
        choice("debug", "info", "warning", "error"),
        "Least important entries that are written.",
        reloadable=True,
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All settings; the sections are attributes of their own names."""

    namespace: str = setting("local", _NAME, "Namespace of profiles that are routed by folder.")
    profiles: tuple[ProfileRule, ...] = setting(
        (), _RULES, "Rules that pick a profile by path, remote or agent, or ignore sessions; the first match wins."
    )
    watch: Watch = field(default_factory=Watch)
    archive: Archive = field(default_factory=Archive)
    extract: Extract = field(default_factory=Extract)
    embedding: Embedding = field(default_factory=Embedding)
    recall: Recall = field(default_factory=Recall)
    git: Git = field(default_factory=Git)
    sync: Sync = field(default_factory=Sync)
    hooks: Hooks = field(default_factory=Hooks)
    mcp: Mcp = field(default_factory=Mcp)
    reflect: Reflect = field(default_factory=Reflect)
    listen: Listen = field(default_factory=Listen)
    log: Log = field(default_factory=Log)


SECTIONS: dict[str, type] = {
    "watch": Watch,
    "archive": Archive,
    "extract": Extract,
    "embedding": Embedding,
    "recall": Recall,
    "git": Git,
    "sync": Sync,
    "hooks": Hooks,
    "mcp": Mcp,
    "reflect": Reflect,
    "listen": Listen,
    "log": Log,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting with its place.  `section` is empty for the two at the top level."""

    section: str
    name: str
    spec: Spec
    default: object

    @property
    def key(self) -> str:
        """The name under which messages and the documentation speak of it."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "_".join(("sidecar", *filter(None, (self.section, self.name)))).upper()


def declared() -> Iterator[Setting]:
    """Every setting in the order of the configuration file."""
    for section, cls in (("", Config), *SECTIONS.items()):
        defaults = {item.name: item.default for item in fields(cls)}
        for name, spec in specs(cls).items():
            yield Setting(section, name, spec, defaults[name])
