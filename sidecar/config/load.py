"""Reading the settings: environment over file over OLLAMA_HOST over default, and every problem at once."""

from __future__ import annotations

import dataclasses
import difflib
import stat
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sidecar.config.host import is_local, says_cloud
from sidecar.config.settings import SECTIONS, Config, Setting, declared
from sidecar.errors import CloudModel, ConfigInvalid, RemoteModelHost
from sidecar.paths import Paths, user_home
from sidecar.records import dataclass

_SHOWN = 60
"""Characters of a wrong value that a message repeats: enough to find it, too few to flood a line."""

_MOST = 1 << 20
"""Bytes of the file that are read: far more than anybody writes, and no memory to speak of."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A value as YAML gave it, and where it came from."""

    value: object
    origin: str = ""


def load(paths: Paths, environ: Mapping[str, str]) -> Config:
    """The settings that count in this environment.

    Raises ConfigInvalid with all problems, or RemoteModelHost if text would leave the machine unasked.  A missing file
    is an empty one.
    """
    problems: list[str] = []
    given = _from_ollama(environ) | _from_file(paths, problems) | _from_environment(environ, problems)
    values: dict[str, dict[str, Any]] = {section: {} for section in ("", *SECTIONS)}
    for item in declared():
        if item.key in given:
            try:
                values[item.section][item.name] = item.spec.kind.read(given[item.key].value)
            except ValueError as error:
                problems.append(_problem(item.key, str(error), given[item.key]))
    config = _built(values, user_home(environ).as_posix())
    problems.extend(_across(config, user_home(environ)))
    if problems:
        raise ConfigInvalid(
            path=paths.config_file, count=len(problems), problems="; ".join(problems), found=tuple(problems)
        )
    if not config.extract.allow_remote:
        _refuse_remote(config)
    return config


def _problem(key: str, why: str, given: _Given) -> str:
    joint = "" if why.startswith("[") else ": "
    shown = "null" if given.value is None else str(given.value)
    cut = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    origin = f", from {given.origin}" if given.origin else ""
    return f"{key}{joint}{why} (got {cut}{origin})"


def _from_ollama(environ: Mapping[str, str]) -> dict[str, _Given]:
    host = environ.get("OLLAMA_HOST")
    return {"extract.host": _Given(host, "OLLAMA_HOST")} if host else {}


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, _Given]:
    """Values of `SIDECAR_<SECTION>_<NAME>`; an empty one counts as not set, as is usual."""
    known = {item.variable: item for item in declared()}
    found: dict[str, _Given] = {}
    for variable in sorted(environ):
        if not environ[variable]:
            continue
        if variable in known:
            try:
                found[known[variable].key] = _Given(_yaml(environ[variable]), variable)
            except yaml.YAMLError:
                problems.append(f"{known[variable].key}: is not valid YAML (got {environ[variable]}, from {variable})")
        elif any(variable.startswith(f"SIDECAR_{section.upper()}_") for section in SECTIONS):
            problems.append(f"{variable}: is not a setting{_nearest(variable, known)} (got {environ[variable]})")
    return found


def _from_file(paths: Paths, problems: list[str]) -> dict[str, _Given]:
    try:
        content = _yaml(_text(paths.config_file))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"the file cannot be read: {error}")
        return {}
    except yaml.YAMLError as error:
        problems.append(_yaml_problem(error))
        return {}
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        problems.append("the file must hold settings as `key: value`")
        return {}
    return dict(_flattened(content, problems))


def _text(file: Path) -> str:
    """The file's text.  Raises OSError also for what is no file, such as a pipe, which would be waited for."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError("it is not a regular file")
    with file.open("rb") as opened:
        data = opened.read(_MOST + 1)
    if len(data) > _MOST:
        raise OSError(f"it is larger than {_MOST} bytes")
    return data.decode("utf-8")


def _yaml(text: str) -> object:
    """The value of a YAML text.  Raises YAMLError, also for what nests too deeply and for days that no month has."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - _Loader is a SafeLoader
    except RecursionError as error:
        raise yaml.YAMLError from error
    except ValueError as error:
        raise yaml.constructor.ConstructorError(None, None, str(error), None) from error


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{where}{getattr(error, 'problem', None) or 'is not valid YAML'}"


def _flattened(content: Mapping[Any, object], problems: list[str]) -> Iterator[tuple[str, _Given]]:
    """The file's values by `section.name`; what no setting has that name is a problem."""
    known = {item.key: item for item in declared()}
    top = [*SECTIONS, *known]
    for key, value in content.items():
        if key in SECTIONS and isinstance(value, Mapping):
            for name, inner in value.items():
                yield from _one(f"{key}.{name}", inner, known, problems)
        elif key in SECTIONS and value is not None:
            problems.append(_problem(str(key), "must hold settings as `key: value`", _Given(value)))
        elif key not in SECTIONS and str(key) not in top:
            problems.append(_problem(str(key), f"is not a setting{_nearest(str(key), top)}", _Given(value)))
        elif key not in SECTIONS:
            yield str(key), _Given(value)


def _one(key: str, value: object, known: Mapping[str, Setting], problems: list[str]) -> Iterator[tuple[str, _Given]]:
    if key in known:
        yield key, _Given(value)
    else:
        problems.append(_problem(key, f"is not a setting{_nearest(key, known)}", _Given(value)))


def _nearest(name: str, known: Mapping[str, object] | list[str]) -> str:
    """A suggestion of what was meant, or nothing; a right name in the wrong section is found too."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    if not close:
        last = name.rpartition(".")[2]
        close = [key for key in known if key.rpartition(".")[2] == last][:1]
    return f"; did you mean {close[0]}?" if close else ""


def _expanded(path: str, home: str) -> str:
    return f"{home}{path[1:]}" if path == "~" or path.startswith("~/") else path


def _built(values: Mapping[str, Mapping[str, Any]], home: str) -> Config:
    """The settings as an object, `~` replaced by the home folder where a setting is a path."""
    sections = {name: cls(**values[name]) for name, cls in SECTIONS.items()}
    config = Config(**values[""], **sections)
    token_file = config.listen.token_file
    return dataclasses.replace(
        config,
        profiles=tuple(
            dataclasses.replace(rule, path=rule.path and _expanded(rule.path, home)) for rule in config.profiles
        ),
        watch=dataclasses.replace(
            config.watch,
            extra=tuple(
                dataclasses.replace(folder, path=_expanded(folder.path, home)) for folder in config.watch.extra
            ),
        ),
        embedding=dataclasses.replace(config.embedding, model=_expanded(config.embedding.model, home)),
        listen=dataclasses.replace(config.listen, token_file=token_file and _expanded(token_file, home)),
    )


def _across(config: Config, home: Path) -> Iterator[str]:
    """Problems that lie between settings, or between one and this machine."""
    for index, folder in enumerate(config.watch.extra):
        real = Path(folder.path).resolve()
        if real in (home.resolve(), *home.resolve().parents):
            yield f"watch.extra[{index}]: must not be your home folder or one above it (got {folder.path})"
    if config.git.max_seconds < config.git.quiet_seconds:
        yield (
            f"git.max_seconds: must not be less than git.quiet_seconds "
            f"(got {config.git.max_seconds:g}, and {config.git.quiet_seconds:g})"
        )


def _refuse_remote(config: Config) -> None:
    if not is_local(config.extract.host):
        raise RemoteModelHost(host=config.extract.host)
    for model in (config.extract.model, config.extract.verify_model, config.extract.recall_model):
        if model and says_cloud(model):
            raise CloudModel(model=model)


class _Loader(yaml.SafeLoader):
    """YAML without tags of Python, and without the silent loss of a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
