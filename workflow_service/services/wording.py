"""Which names the operations on tasks bear: those that offices use, or those of the OA suites that people come from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import setting_rows

from . import audit
from .context import Actor
from .ownership import area_of_all

SETTING = "operation_names"
OFFICE, SUITES = WORDINGS = ("office", "oa")


def operation_names(session: Session) -> str:
    """`office` (签收、转办、退回 …) or `oa` (认领、转交、驳回 …); the former unless set otherwise."""
    value = setting_rows.value_of(session, SETTING) or {}
    return str(value.get("names", OFFICE))


def set_operation_names(session: Session, actor: Actor, names: str, *, now: datetime) -> None:
    """Choose the names for the whole installation; administrators of the topmost area. Raises Forbidden, InvalidInput."""
    policy.require(actor, "setting.manage", area_of_all(session))
    if names not in WORDINGS:
        raise InvalidInput(N_("操作名称只能选择“机关用语”或“OA 用语”。"))
    setting_rows.put(session, SETTING, {"names": names}, at=now, by=actor.user_id)
    audit.record(session, actor, "setting.change", f"setting:{SETTING}", {"names": names}, now=now)
