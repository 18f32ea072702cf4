"""The settings of one system."""

from everdoor.settings.loading import (
    DOORS_TO_COME,
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
    "DOORS_TO_COME",
    "FILE",
    "PREFIX",
    "SettingInfo",
    "Settings",
    "describe",
    "load_settings",
    "settings_of",
    "without_password",
]
