"""Settings: declared once (`settings`), read with every problem at once (`load`), shown and compared (`view`)."""

from sidecar.config.load import load
from sidecar.config.settings import Config, Extract, ExtraFolder, Listen, ProfileRule, Setting, declared
from sidecar.config.view import NOT_YET, SettingChange, adopted, diff, dump, example, scalar, to_yaml

__all__ = [
    "NOT_YET",
    "Config",
    "ExtraFolder",
    "Extract",
    "Listen",
    "ProfileRule",
    "Setting",
    "SettingChange",
    "adopted",
    "declared",
    "diff",
    "dump",
    "example",
    "load",
    "scalar",
    "to_yaml",
]
