"""Settings: declared once (`settings`), read with every problem at once (`load`), shown and compared (`view`)."""

from sidecar.config.load import load
from sidecar.config.settings import Config, ExtraFolder, ProfileRule, Setting, declared
from sidecar.config.view import SettingChange, diff, dump, example, scalar, to_yaml

__all__ = [
    "Config",
    "ExtraFolder",
    "ProfileRule",
    "Setting",
    "SettingChange",
    "declared",
    "diff",
    "dump",
    "example",
    "load",
    "scalar",
    "to_yaml",
]
