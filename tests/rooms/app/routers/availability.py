from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import read_only

from app.schemas.availability import AvailabilityQuery, FreeRooms
from app.services.availability import AvailabilityService
from app.services.locations import LocationNotFound

router = APIRouter(prefix="/locations/{location_id}/free-rooms", tags=["availability"])

ReadOnlyAvailability = Annotated[AvailabilityService, Depends(read_only(AvailabilityService))]


@router.get("", name="get", responses=problem_responses(LocationNotFound))
async def get_free_rooms(
    location_id: UUID,
    query: Annotated[AvailabilityQuery, Query()],
    availability: ReadOnlyAvailability,
    response: Response,
) -> FreeRooms:
    """Return the free times of the rooms of a location on a day in Seoul."""
    response.headers["Cache-Control"] = "public, max-age=10"
    return await availability.get(location_id, query)
