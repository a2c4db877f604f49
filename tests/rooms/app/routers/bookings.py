from collections.abc import AsyncIterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, Security, status
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from ondol.auth.caller import Caller
from ondol.db.pagination import InvalidCursor, Page
from ondol.errors import Problem
from ondol.web.conditional import with_etag
from ondol.web.dependencies import RuntimeDep
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction, read_only

from app.access import authenticated, current_user
from app.schemas.bookings import BookingCreate, BookingQuery, BookingRead
from app.scopes import Scope
from app.services.booking_export import export_bookings
from app.services.booking_feed import new_bookings
from app.services.bookings import (
    BookingNotFound,
    BookingService,
    NotBookable,
    RoomTaken,
    TooLateToCancel,
    UnknownRoom,
)

router = APIRouter(prefix="/bookings", tags=["bookings"])

Reader = Annotated[Caller, Security(current_user, scopes=[Scope.BOOKINGS_READ])]
Writer = Annotated[Caller, Security(current_user, scopes=[Scope.BOOKINGS_WRITE])]
Follower = Annotated[Caller, Security(current_user, scopes=[Scope.BOOKINGS_ALL])]
Bookings = Annotated[BookingService, Depends(in_transaction(BookingService))]
ReadOnlyBookings = Annotated[BookingService, Depends(read_only(BookingService))]


@router.get("", name="list", responses=problem_responses(InvalidCursor))
async def list_bookings(
    query: Annotated[BookingQuery, Query()], user: Reader, bookings: ReadOnlyBookings
) -> Page[BookingRead]:
    """List your own bookings, page by page. With `bookings:all`, list those of all owners."""
    return await bookings.page(user.owner(Scope.BOOKINGS_ALL), query)


@router.post(
    "",
    name="create",
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(UnknownRoom, RoomTaken, NotBookable),
)
async def create_booking(data: BookingCreate, user: Writer, bookings: Bookings, response: Response) -> BookingRead:
    """Book a room. A confirmation is mailed, and a reminder an hour before the booking."""
    booking = await bookings.create(user.user_id, data)
    response.headers["Location"] = f"/api/v1/bookings/{booking.id}"
    return with_etag(response, booking)


@router.get(
    "/export.csv",
    name="export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export(user: Reader, runtime: RuntimeDep) -> StreamingResponse:
    """Export your own bookings as CSV. With `bookings:all`, export those of all owners."""
    return StreamingResponse(
        export_bookings(runtime, user.owner(Scope.BOOKINGS_ALL)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="bookings.csv"'},
    )


@router.get("/feed", name="feed", response_class=EventSourceResponse)
async def follow_bookings(
    user: Follower, runtime: RuntimeDep, request: Request, response: Response
) -> AsyncIterable[ServerSentEvent]:
    """Stream new bookings of all owners as they are made (server-sent events), until the access token is invalid."""
    async for booking in new_bookings(runtime):
        if booking is not None:
            yield ServerSentEvent(event="booking", id=str(booking.id), data=booking)
        elif await may_follow(request, response):
            yield ServerSentEvent(comment="listening")
        else:
            return


async def may_follow(request: Request, response: Response) -> bool:
    try:
        caller = await authenticated(request, response)
    except Problem:
        return False
    return caller.refusal([Scope.BOOKINGS_ALL]) is None


@router.get("/{booking_id}", name="get", responses=problem_responses(BookingNotFound))
async def get_booking(booking_id: UUID, user: Reader, bookings: ReadOnlyBookings, response: Response) -> BookingRead:
    """Return a booking."""
    return with_etag(response, await bookings.get(user.owner(Scope.BOOKINGS_ALL), booking_id))


@router.post("/{booking_id}/cancel", name="cancel", responses=problem_responses(BookingNotFound, TooLateToCancel))
async def cancel_booking(booking_id: UUID, user: Writer, bookings: Bookings, response: Response) -> BookingRead:
    """Cancel a booking, up to an hour before it starts."""
    return with_etag(response, await bookings.cancel(user.owner(Scope.BOOKINGS_ALL), booking_id))
