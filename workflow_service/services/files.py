"""Files of tasks and plans: kept outside the web root under their SHA-256, checked by content, handed out by right.

    shelf = FileShelf(settings.uploads, settings.upload_limit_mb)
    attachment = store_file(session, actor, shelf, stream, "规划草案.docx", task_id=7, declared_unclassified=True, now=now)

A file is on the shelf before its row is committed; a roll-back leaves at most a file that no row names.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from workflow_service.domain.documents import require_unclassified
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge, Unavailable
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import plan_list
from workflow_service.store.catalogue_changes import CatalogueChange
from workflow_service.store.database import FILES_DIR
from workflow_service.store.plans import LibraryResult, Meeting, Plan
from workflow_service.store.runtime import Attachment

from . import audit
from .context import Actor
from .file_kinds import FileKind, kind_of
from .first_page import first_lines
from .plans import thing_of_draft, visible_plan
from .processes import visible_instance
from .task_access import asked_thing, open_task

MEGABYTE = 1_000_000
CHUNK_BYTES = 256_000
LONGEST_NAME = 200
MINUTES = "minutes"
"""What the minutes of a meeting are among the files of each run whose result they hold (`meetings`)."""


class NotDeclared(InvalidInput):
    """The uploader did not declare that the file is unclassified."""

    code = "not_declared"
    text = N_("请先确认文件不含涉密内容，再上传。")


@dataclass(frozen=True)
class FileShelf:
    """The folder where files stand, and the largest size in MB that it takes."""

    folder: Path
    limit_mb: int = 20

    @classmethod
    def of(cls, session: Session) -> FileShelf:
        """The shelf of the database that the session is open on; raises Unavailable where its process keeps no files."""
        folder = session.info.get(FILES_DIR)
        if folder is None:
            raise Unavailable(N_("没有设置存放文件的文件夹。"))
        return cls(folder)

    def path_of(self, sha256: str) -> Path:
        """Where the file with this digest stands."""
        return self.folder / sha256[:2] / sha256


@dataclass(frozen=True)
class _Taken:
    """A file on the shelf: its digest, size in bytes and kind."""

    sha256: str
    size: int
    kind: FileKind


def store_file(
    session: Session, actor: Actor, shelf: FileShelf, stream: BinaryIO, name: str, *, now: datetime,
    declared_unclassified: bool, task_id: int | None = None, plan_id: int | None = None, dossier_item: str = "",
) -> Attachment:  # fmt: skip
    """Keep a file with a task or a plan, or (with neither) for its uploader to hand in with what he is about to write.

    Raises NotDeclared, SecrecyMarked, TooLarge, FileRefused, Forbidden; Conflict for a finished task. Nothing is kept then.
    """
    if not declared_unclassified:
        raise NotDeclared(field="declared")
    attachment = Attachment(name=_clean(name), dossier_item=dossier_item, uploaded_by=actor.user_id, uploaded_at=now)
    _belong(session, actor, attachment, task_id, plan_id)
    taken = _take(shelf, stream, attachment.name)
    attachment.sha256, attachment.size, attachment.media_type = taken.sha256, taken.size, taken.kind.media_type
    attachment.version = _next_version(session, attachment)
    session.add(attachment)
    session.flush()
    data = {"name": attachment.name, "sha256": taken.sha256, "size": taken.size, "item": dossier_item}
    data |= {"task": task_id, "plan": attachment.plan_id}
    audit.record(session, actor, "file.store", f"attachment:{attachment.id}", data, now=now)
    return attachment


def keep_made_file(
    session: Session, content: bytes, name: str, *, instance_id: int, plan_id: int, now: datetime
) -> Attachment:  # fmt: skip
    """Keep a document that the service made itself with a plan, as part of the command that made it. Raises Unavailable."""
    shelf = FileShelf.of(session)
    taken = _take(shelf, BytesIO(content), name)
    attachment = Attachment(
        name=_clean(name), sha256=taken.sha256, size=taken.size, media_type=taken.kind.media_type, plan_id=plan_id,
        instance_id=instance_id, uploaded_at=now,
    )  # fmt: skip
    session.add(attachment)
    session.flush()
    return attachment


def open_file(session: Session, actor: Actor, shelf: FileShelf, attachment_id: int) -> tuple[Attachment, Path]:
    """Give a file that the actor may read; raises NotFound, Forbidden."""
    attachment = visible_attachment(session, actor, attachment_id)
    path = shelf.path_of(attachment.sha256)
    if not path.is_file():
        raise NotFound(N_("文件“%(name)s”不在存放处，请联系管理员。"), name=attachment.name)
    return attachment, path


def remove_file(session: Session, actor: Actor, attachment_id: int, *, now: datetime) -> Attachment:
    """Take one's own file back while its task is open and nothing was decided on it; the record stays. Raises Conflict."""
    attachment = visible_attachment(session, actor, attachment_id)
    if attachment.uploaded_by != actor.user_id:
        raise Forbidden(N_("只有上传人可以撤回文件。"))
    if attachment.task_id is not None:
        open_task(session, attachment.task_id)
    elif attachment.plan_id is not None:
        visible_plan(session, actor, attachment.plan_id, "plan.edit")
    if _is_on_record(session, attachment_id):
        raise Conflict(N_("文件“%(name)s”已作为依据存档，不能撤回。"), name=attachment.name)
    attachment.removed_at = now
    audit.record(session, actor, "file.remove", f"attachment:{attachment.id}", {"name": attachment.name}, now=now)
    return attachment


def visible_attachment(session: Session, actor: Actor, attachment_id: int) -> Attachment:
    """Give a file's row if the actor may read the file: with its instance, its plan, its meeting, or as its uploader."""
    attachment = session.get(Attachment, attachment_id)
    if attachment is None or attachment.removed_at is not None:
        raise NotFound(N_("没有编号为 %(id)s 的文件。"), id=attachment_id)
    if actor.user_id is not None and attachment.uploaded_by == actor.user_id:
        return attachment
    if attachment.task_id is not None and not actor.trusted and not _is_shown(session, actor, attachment_id):
        raise Forbidden(N_("这份文件随任务尚未提交，只有上传人可以查看。"))
    if attachment.plan_id is not None and _is_issued(session, attachment_id):
        visible_plan(session, actor, attachment.plan_id)
    elif attachment.instance_id is not None:
        visible_instance(session, actor, attachment.instance_id)
    elif attachment.plan_id is not None:
        policy.require(actor, "plan.see", thing_of_draft(session, visible_plan(session, actor, attachment.plan_id)))
    elif not _is_minutes(session, actor, attachment_id):
        raise Forbidden(N_("这份文件不在您的查阅范围内。"))
    _require_reader_of_minutes(session, actor, attachment)
    return attachment


def _belong(session: Session, actor: Actor, attachment: Attachment, task_id: int | None, plan_id: int | None) -> None:
    if task_id is not None:
        task = open_task(session, task_id)
        policy.require(actor, "task.work", asked_thing(session, actor, task))
        attachment.task_id, attachment.instance_id, attachment.plan_id = task.id, task.instance_id, task.plan_id
    elif plan_id is not None:
        attachment.plan_id = visible_plan(session, actor, plan_id, "plan.edit").id


def _is_shown(session: Session, actor: Actor, attachment_id: int) -> bool:
    shown = select(Attachment.id).where(Attachment.id == attachment_id, plan_list.is_shown_to(actor.user_id))
    return session.scalars(shown).first() is not None


def _is_issued(session: Session, attachment_id: int) -> bool:
    """What was issued is open to everybody who sees the plan; its other files only to those who see its drafts."""
    issued = select(LibraryResult.id).where(LibraryResult.attachment_id == attachment_id).limit(1)
    return session.scalars(issued).first() is not None


def _is_on_record(session: Session, attachment_id: int) -> bool:
    """Tell whether something was decided or issued on a file: an order, minutes, a text in the results library."""
    uses = (
        select(Plan.id).where(Plan.order_attachment_id == attachment_id),
        select(Meeting.id).where(Meeting.minutes_attachment_id == attachment_id),
        select(CatalogueChange.id).where(CatalogueChange.order_attachment_id == attachment_id),
    )
    return _is_issued(session, attachment_id) or any(session.scalars(use.limit(1)).first() is not None for use in uses)


def _require_reader_of_minutes(session: Session, actor: Actor, attachment: Attachment) -> None:
    """Minutes tell of every item of a meeting: filed with each, they are for units of the meeting's own government."""
    if attachment.dossier_item != MINUTES:
        return
    original = aliased(Attachment)
    held = select(Meeting.area_path).join(original, original.id == Meeting.minutes_attachment_id)
    areas = session.scalars(held.where(original.sha256 == attachment.sha256)).all()
    own = actor.trusted or any(
        area in actor.area_paths or policy.may(actor, "instance.see", policy.thing_of(area)) for area in areas
    )
    if areas and not own:
        raise Forbidden(N_("会议纪要只供召开会议的这一级政府各单位查阅。"))


def _is_minutes(session: Session, actor: Actor, attachment_id: int) -> bool:
    areas = session.scalars(select(Meeting.area_path).where(Meeting.minutes_attachment_id == attachment_id))
    return any(policy.may(actor, "instance.see", policy.thing_of(area)) for area in areas)


def _take(shelf: FileShelf, stream: BinaryIO, name: str) -> _Taken:
    shelf.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, text = tempfile.mkstemp(prefix="incoming-", dir=shelf.folder)
    incoming = Path(text)
    try:
        sha256, size = _copy(stream, descriptor, shelf.limit_mb)
        kind = kind_of(incoming, name)
        require_unclassified(first_lines(incoming, kind.family))
        place = shelf.path_of(sha256)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        os.replace(incoming, place)
        return _Taken(sha256, size, kind)
    finally:
        with suppress(FileNotFoundError):
            incoming.unlink()


def _copy(stream: BinaryIO, descriptor: int, limit_mb: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(descriptor, "wb") as target:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > limit_mb * MEGABYTE:
                raise TooLarge(N_("文件超过 %(limit)s MB，请压缩或拆分后上传。"), limit=limit_mb, field="file")
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    if not size:
        raise InvalidInput(N_("文件是空的。"), field="file")
    return digest.hexdigest(), size


def _clean(name: str) -> str:
    """Keep the last part of what a browser sent, without control characters and what file systems dislike."""
    last = re.split(r"[\\/]", name)[-1]
    cleaned = re.sub(r'[\x00-\x1f\x7f<>:"|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069]', "", last).strip(" .")
    if not cleaned:
        raise InvalidInput(N_("文件没有名称。"), field="file")
    stem, dot, ending = cleaned.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}{dot}{ending}" if dot else cleaned[:LONGEST_NAME]


def _next_version(session: Session, attachment: Attachment) -> int:
    """Files for the same dossier item of the same plan are versions of one another."""
    if not attachment.dossier_item or attachment.plan_id is None:
        return 1
    before = select(func.max(Attachment.version)).where(
        Attachment.plan_id == attachment.plan_id, Attachment.dossier_item == attachment.dossier_item
    )
    return (session.scalar(before) or 0) + 1
