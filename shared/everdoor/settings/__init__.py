"""The settings of one system."""

from everdoor.settings.loading import (
    FILE,
    PREFIX,
    SettingInfo,
    Settings,
    describe,
    load_settings,
    settings_of,
    without_password,
)

__all__ = [
    "FILE",
    "PREFIX",
    "SettingInfo",
    "Settings",
    "describe",
    "load_settings",
    "settings_of",
    "without_password",
]
