"""When messages leave: not in quiet hours, and once a day for who wants it so."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from workflow_service.domain.notices import AT_ONCE, TellingHours, leaves_at

CHINA = ZoneInfo("Asia/Shanghai")
NIGHT = TellingHours(quiet_from=22 * 60, quiet_until=7 * 60 + 30)
NOON = TellingHours(quiet_from=12 * 60, quiet_until=13 * 60)
DIGEST = TellingHours(digest_at=8 * 60 + 30)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-11-{text}:00").replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("hours", "created", "now", "leaves"),
    [
        (AT_ONCE, "24T03:00", "24T03:00", "24T03:00"),
        (NIGHT, "24T21:59", "24T21:59", "24T21:59"),
        (NIGHT, "24T22:00", "24T22:00", "25T07:30"),
        (NIGHT, "25T06:00", "25T06:00", "25T07:30"),
        (NIGHT, "25T07:30", "25T07:30", "25T07:30"),
        (NOON, "24T12:30", "24T12:30", "24T13:00"),
        (NOON, "24T13:00", "24T13:00", "24T13:00"),
        (DIGEST, "24T08:00", "24T08:00", "24T08:30"),
        (DIGEST, "24T08:31", "24T08:31", "25T08:30"),
        (DIGEST, "24T08:31", "26T10:00", "26T10:00"),
        (TellingHours(NIGHT.quiet_from, NIGHT.quiet_until, 6 * 60), "24T10:00", "24T10:00", "25T07:30"),
    ],
)
def test_a_message_leaves_at_the_first_moment_that_its_person_allows(
    hours: TellingHours, created: str, now: str, leaves: str
) -> None:
    assert leaves_at(at(created), at(now), hours, CHINA) == at(leaves)
