"""Days in Seoul, where all rooms are. The database and the API keep UTC."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from ondol.types import Day
from pydantic import Field

SEOUL = ZoneInfo("Asia/Seoul")

SeoulDay = Annotated[Day, Field(ge=date(2020, 1, 1), le=date(2100, 1, 1))]


def begin(day: date) -> datetime:
    return datetime.combine(day, time(), SEOUL).astimezone(UTC)


def end(day: date) -> datetime:
    return begin(day + timedelta(days=1))


def day_of(moment: datetime) -> date:
    return moment.astimezone(SEOUL).date()


def written(moment: datetime) -> str:
    return f"{moment.astimezone(SEOUL):%Y-%m-%d %H:%M}"
