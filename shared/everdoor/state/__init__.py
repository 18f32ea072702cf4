"""State API: how objects say what they hold, and who keeps them."""

from everdoor.errors import RestoreError, UserError
from everdoor.state.appsession import (
    BEGIN_RESTORE_SESSION,
    BEGIN_SAVE_SESSION,
    END_RESTORE_SESSION,
    END_SAVE_SESSION,
    AppSession,
    SnapshotMethods,
    common_startup,
)
from everdoor.state.archivefile import ARCHIVE_VERSION
from everdoor.state.logger import Logger
from everdoor.state.metadata import standard_metadata
from everdoor.state.models import ADD_MODELS, REMOVE_MODELS, Model, Models
from everdoor.state.primitives import (
    MAX_DEPTH,
    Primitive,
    Snapshot,
    check_primitives,
    copy_state,
    find_non_primitive,
)
from everdoor.state.snapshots import (
    ALL,
    ARCHIVE,
    INSPECT,
    REBOOT,
    SECRET,
    Frozen,
    FrozenState,
    SnapshotFlag,
    State,
    StateManager,
)
from everdoor.state.triggers import DEREGISTER, TriggerHandler, TriggerSet

__all__ = [
    "ARCHIVE_VERSION",
    "ADD_MODELS",
    "ALL",
    "ARCHIVE",
    "BEGIN_RESTORE_SESSION",
    "BEGIN_SAVE_SESSION",
    "DEREGISTER",
    "END_RESTORE_SESSION",
    "END_SAVE_SESSION",
    "INSPECT",
    "MAX_DEPTH",
    "REBOOT",
    "REMOVE_MODELS",
    "SECRET",
    "AppSession",
    "Frozen",
    "FrozenState",
    "Logger",
    "Model",
    "Models",
    "Primitive",
    "RestoreError",
    "Snapshot",
    "SnapshotFlag",
    "SnapshotMethods",
    "State",
    "StateManager",
    "TriggerHandler",
    "TriggerSet",
    "UserError",
    "check_primitives",
    "common_startup",
    "copy_state",
    "find_non_primitive",
    "standard_metadata",
]
