from datetime import UTC, datetime, timedelta

from ondol.jobs.queue import retries
from procrastinate import Blueprint, JobContext

from app.repositories.occupancy import OccupancyRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.occupancy import Occupancy, OccupancyQuery
from app.seoul import begin, day_of, end

jobs = Blueprint()


class OccupancyService:
    def __init__(self, work: UnitOfWork) -> None:
        self._occupancy = OccupancyRepository(work)

    async def get(self, query: OccupancyQuery) -> Occupancy:
        rooms = await self._occupancy.between(begin(query.first), end(query.last))
        return Occupancy(first=query.first, last=query.last, rooms=rooms)


@jobs.periodic(cron="5 15 * * *")  # 00:05 in Seoul
@jobs.task(name="occupancy.mail_report", pass_context=True, retry=retries())
async def mail_report(context: JobContext, timestamp: int = 0) -> None:
    """Mail the report of the previous day to the administrators every night. `timestamp`: when it was due; 0 is now."""
    runtime = Runtime.of(context)
    now = datetime.fromtimestamp(timestamp, UTC) if timestamp else datetime.now(UTC)
    day = day_of(now) - timedelta(days=1)
    async with runtime.reading() as work:
        occupancy = await OccupancyService(work).get(OccupancyQuery(first=day, last=day))
        recipients = await OccupancyRepository(work).recipients()
    lines = [f"{room.room}: {room.bookings}건, {room.hours:.1f}시간, {room.revenue:,}원" for room in occupancy.rooms]
    for email in recipients:
        await runtime.mailer.send(to=email, subject=f"{day} 예약 현황", text="\n".join(lines) or "회의실 없음")
