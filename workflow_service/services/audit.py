"""The record of every command: who, when, what, from where, hashed over the record before it (docs/domain.md §8).

Chains: `i<id>` for each instance (its end stands in the instance's row), `general` for everything else, `anchors` for the hourly
anchors, which note the ends of all chains that moved. `verify` finds an edited, a deleted, a reordered and a cut-off record, and
deployed files, bundles and remarks that are no longer what their records say.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from workflow_service import clock
from workflow_service.i18n import N_
from workflow_service.store.definitions import ProcessDefinition, Resource
from workflow_service.store.records import AuditChain, AuditRecord
from workflow_service.store.runtime import Comment, ProcessInstance

from .context import Actor

GENERAL, ANCHORS = "general", "anchors"
LONGEST_COMMAND = timedelta(minutes=10)
"""A record written before an anchor may be committed after it: the next anchor looks back this far."""


@dataclass(frozen=True)
class AuditFault:
    """Where a chain is broken and how, in words (source text)."""

    chain: str
    seq: int
    message: str


@dataclass
class NewRecord:
    """The columns of a record that is still to be written; `hash` follows from the others and from the record before."""

    chain: str
    seq: int
    recorded_at: datetime
    business_at: datetime
    actor_id: int | None
    actor_name: str
    source: str
    address: str
    action: str
    thing: str
    data: dict[str, Any]
    hash: bytes = b""


def record(
    session: Session, actor: Actor, action: str, thing: str, data: dict[str, Any], *, now: datetime,
    instance: ProcessInstance | None = None,
) -> None:  # fmt: skip
    """Append one record. With `instance` (locked by the caller) it joins the instance's chain, else the general one."""
    if instance is None:
        chain = _locked_chain(session, GENERAL)
        _append(session, chain, actor, action, thing, data, now)
        return
    end = AuditChain(chain=f"i{instance.id}", seq=instance.audit_seq, head=instance.audit_head)
    _append(session, end, actor, action, thing, data, now)
    instance.audit_seq, instance.audit_head = end.seq, end.head


def anchor(session: Session, *, now: datetime) -> int:
    """Note the ends of all chains that moved since the last anchor; gives how many."""
    last = _last_anchor_time(session)
    heads = {chain: [seq, head.hex()] for chain, seq, head in _moved_ends(session, last)}
    if heads:
        chain = _locked_chain(session, ANCHORS)
        _append(session, chain, Actor.system("scheduler"), "audit.anchor", "audit", {"heads": heads}, now)
    return len(heads)


def verify(session: Session) -> list[AuditFault]:
    """Recompute every chain, and what was deployed and remarked; gives the faults found, none when the record is whole.

    Needs a session that sees one state throughout (`Database.snapshot`): ends and records are read one after the other.
    """
    faults: list[AuditFault] = []
    ends = _stored_ends(session)
    known: dict[tuple[str, int], bytes] = {}
    for chain, records in _chains(session):
        faults += _chain_faults(chain, records, ends.pop(chain, None), known)
    faults += [AuditFault(chain, seq, N_("整条记录链缺失")) for chain, (seq, _head) in ends.items() if seq]
    return [*faults, *_anchor_faults(session, known), *_content_faults(session)]


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """Give data as JSONB gives it back: dates and other values as text, a number without a fraction as a whole one."""
    kept: dict[str, Any] = json.loads(json.dumps(data, ensure_ascii=False, default=str), parse_float=_number)
    return kept


def hash_of(data: dict[str, Any]) -> str:
    """The SHA-256 of data as JSONB gives it back, in hexadecimal digits."""
    return hashlib.sha256(json.dumps(plain(data), ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _number(text: str) -> int | float:
    exact = Decimal(text)
    return int(exact) if exact == exact.to_integral_value() else float(text)


def digest(previous: bytes, entry: AuditRecord | NewRecord) -> bytes:
    """The hash of one record over its predecessor's: SHA-256 of the canonical JSON of all its fields."""
    fields = [
        entry.chain, entry.seq, _utc(entry.recorded_at), _utc(entry.business_at), entry.actor_id, entry.actor_name,
        entry.source, entry.address, entry.action, entry.thing, entry.data,
    ]  # fmt: skip
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def next_entry(
    row: ProcessInstance, actor: Actor, action: str, thing: str, data: dict[str, Any], *, now: datetime
) -> NewRecord:
    """Make the record that comes next in a locked instance's chain, for the caller to write with the instance's row."""
    return _entry(f"i{row.id}", row.audit_seq, row.audit_head, actor, action, thing, data, now)


def _append(
    session: Session, end: AuditChain, actor: Actor, action: str, thing: str, data: dict[str, Any], now: datetime
) -> None:
    entry = _entry(end.chain, end.seq, end.head, actor, action, thing, data, now)
    session.add(AuditRecord(**columns_of(entry)))
    end.seq, end.head = entry.seq, entry.hash


def _entry(
    chain: str, seq: int, head: bytes, actor: Actor, action: str, thing: str, data: dict[str, Any], now: datetime
) -> NewRecord:
    entry = NewRecord(
        chain=chain, seq=seq + 1, recorded_at=clock.now(), business_at=now, actor_id=actor.user_id,
        actor_name=actor.signature, source=actor.source, address=actor.address, action=action, thing=thing,
        data=plain(data if actor.acted_for is None else data | {"acted_for": actor.acted_for}),
    )  # fmt: skip
    entry.hash = digest(head, entry)
    return entry


def columns_of(entry: NewRecord) -> dict[str, Any]:
    """Give a record as values by column."""
    return dict(vars(entry))


def _locked_chain(session: Session, chain: str) -> AuditChain:
    empty = insert(AuditChain).values(chain=chain, seq=0, head=b"").on_conflict_do_nothing()
    found = session.get(AuditChain, chain, with_for_update=True, populate_existing=True)
    if found is None:
        session.execute(empty)
        found = session.get(AuditChain, chain, with_for_update=True, populate_existing=True)
    assert found is not None
    return found


def _last_anchor_time(session: Session) -> datetime | None:
    statement = select(AuditRecord.recorded_at).where(AuditRecord.chain == ANCHORS)
    return session.scalars(statement.order_by(AuditRecord.seq.desc()).limit(1)).first()


def _moved_ends(session: Session, since: datetime | None) -> Iterator[tuple[str, int, bytes]]:
    statement = (
        select(AuditRecord.chain, AuditRecord.seq, AuditRecord.hash)
        .where(AuditRecord.chain != ANCHORS)
        .ext(distinct_on(AuditRecord.chain))
        .order_by(AuditRecord.chain, AuditRecord.seq.desc())
    )
    if since is not None:
        statement = statement.where(AuditRecord.recorded_at >= since - LONGEST_COMMAND)
    yield from ((row.chain, row.seq, row.hash) for row in session.execute(statement))


def _stored_ends(session: Session) -> dict[str, tuple[int, bytes]]:
    ends = {one.chain: (one.seq, one.head) for one in session.scalars(select(AuditChain))}
    rows = session.execute(select(ProcessInstance.id, ProcessInstance.audit_seq, ProcessInstance.audit_head))
    return ends | {f"i{row.id}": (row.audit_seq, row.audit_head) for row in rows}


def _chains(session: Session) -> Iterator[tuple[str, list[AuditRecord]]]:
    statement = select(AuditRecord).order_by(AuditRecord.chain, AuditRecord.seq, AuditRecord.id)
    current: list[AuditRecord] = []
    for entry in session.scalars(statement.execution_options(yield_per=1000)):
        if current and current[0].chain != entry.chain:
            yield current[0].chain, current
            current = []
        current.append(entry)
    if current:
        yield current[0].chain, current


def _chain_faults(
    chain: str, records: list[AuditRecord], end: tuple[int, bytes] | None, known: dict[tuple[str, int], bytes]
) -> Iterator[AuditFault]:
    previous, expected = b"", 1
    for entry in records:
        if entry.seq != expected:
            yield AuditFault(chain, expected, N_("记录缺失或次序被改"))
            expected = entry.seq
        elif digest(previous, entry) != entry.hash:
            yield AuditFault(chain, entry.seq, N_("记录内容或次序被改"))
        previous, expected = entry.hash, expected + 1
        known[chain, entry.seq] = entry.hash
    if end != (expected - 1, previous):
        yield AuditFault(chain, expected, N_("记录链的末尾被截断或改写"))


def _anchor_faults(session: Session, known: dict[tuple[str, int], bytes]) -> Iterator[AuditFault]:
    for entry in session.scalars(
        select(AuditRecord).where(AuditRecord.chain == ANCHORS).order_by(AuditRecord.seq)
    ):
        for chain, (seq, head) in entry.data["heads"].items():
            if known.get((chain, seq), b"").hex() != head:
                yield AuditFault(chain, seq, N_("记录与锚定的摘要不符"))


def _content_faults(session: Session) -> Iterator[AuditFault]:
    """Files, bundles and remarks that are no longer what their record says; older records do not say it."""
    for entry in _records(session, "deployment.create"):
        if isinstance(entry.data.get("files"), dict) and not _is_as_deployed(session, entry):
            yield AuditFault(entry.chain, entry.seq, N_("部署的文件或定义与记录的摘要不符"))
    for entry in _records(session, "comment.add"):
        comment = session.get(Comment, _id_of(entry))
        said = hashlib.sha256(comment.body.encode()).hexdigest() if comment is not None else ""
        if entry.data.get("sha256", said) != said:
            yield AuditFault(entry.chain, entry.seq, N_("留言与记录的摘要不符"))


def _is_as_deployed(session: Session, entry: AuditRecord) -> bool:
    of_record = Resource.deployment_id == _id_of(entry)
    rows = session.execute(select(Resource.name, Resource.content, Resource.sha256).where(of_record))
    files = {name: said for name, content, said in rows if hashlib.sha256(content).hexdigest() == said}
    made = select(ProcessDefinition.key, ProcessDefinition.version, ProcessDefinition.bundle)
    rows_of = session.execute(made.where(ProcessDefinition.deployment_id == _id_of(entry)))
    bundles = {f"{key} {version}": hash_of(bundle) for key, version, bundle in rows_of}
    return bool(files == entry.data["files"] and bundles == entry.data["bundles"])


def _records(session: Session, action: str) -> list[AuditRecord]:
    statement = select(AuditRecord).where(AuditRecord.action == action)
    return list(session.scalars(statement.order_by(AuditRecord.chain, AuditRecord.seq)))


def _id_of(entry: AuditRecord) -> int:
    return int(entry.thing.rpartition(":")[2])


def _utc(moment: datetime) -> str:
    return f"{moment.timestamp():.6f}"


__all__ = ["AuditFault", "anchor", "digest", "record", "verify"]
