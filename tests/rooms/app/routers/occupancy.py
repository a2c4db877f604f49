from typing import Annotated

from fastapi import APIRouter, Depends, Query, Security
from ondol.auth.caller import Caller
from ondol.web.unit_of_work import read_only

from app.access import current_user
from app.schemas.occupancy import Occupancy, OccupancyQuery
from app.scopes import Scope
from app.services.occupancy import OccupancyService

router = APIRouter(prefix="/occupancy", tags=["occupancy"])

Reader = Annotated[Caller, Security(current_user, scopes=[Scope.OCCUPANCY_READ])]
ReadOnlyOccupancy = Annotated[OccupancyService, Depends(read_only(OccupancyService))]


@router.get("", name="get")
async def get_occupancy(
    query: Annotated[OccupancyQuery, Query()], user: Reader, occupancy: ReadOnlyOccupancy
) -> Occupancy:
    """Return the occupancy of rooms."""
    return await occupancy.get(query)
