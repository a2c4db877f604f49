"""Use the booking service with the generated client: client.py http://127.0.0.1:8000 EMAIL PASSWORD."""

import sys
from io import BytesIO
from typing import TypeVar
from uuid import UUID

from rooms_client import AuthenticatedClient, Client
from rooms_client.api.auth import auth_token
from rooms_client.api.locations import locations_create
from rooms_client.api.pictures import pictures_get, pictures_put
from rooms_client.api.rooms import rooms_create, rooms_get, rooms_list, rooms_update
from rooms_client.api.users import users_me
from rooms_client.models import (
    BodyAuthToken,
    BodyPicturesPut,
    LocationCreate,
    LocationRead,
    Problem,
    Role,
    RoomCreate,
    RoomPage,
    RoomRead,
    RoomSort,
    RoomUpdate,
    TokenPair,
    UserRead,
)
from rooms_client.types import UNSET, File, Response

T = TypeVar("T")
U = TypeVar("U")
PICTURE = b"\x89PNG\r\n\x1a\n\x00\x01\xfe\xff"


def parsed(answer: Response[U], kind: type[T], status: int = 200) -> T:
    """Return the body of an answer that must have this status."""
    assert answer.status_code == status, answer.content
    assert isinstance(answer.parsed, kind), answer.content
    return answer.parsed


def problem(answer: Response[U], status: int) -> str:
    """Return the code of the problem of an answer that must have this status."""
    refused = parsed(answer, Problem, status)
    assert (refused.status, refused.request_id) == (status, answer.headers["X-Request-ID"])
    return refused.code


def log_in(base: str, email: str, password: str) -> AuthenticatedClient:
    form = BodyAuthToken(username=email, password=password)
    tokens = parsed(auth_token.sync_detailed(client=Client(base), body=form), TokenPair)
    assert tokens.token_type == "bearer"
    client = AuthenticatedClient(base, tokens.access_token)
    assert parsed(users_me.sync_detailed(client=client), UserRead).role is Role.ADMIN
    return client


def create(client: AuthenticatedClient) -> list[RoomCreate]:
    place = LocationCreate(name="Python", address="테헤란로 1", city="서울", opens_hour=9, closes_hour=18)
    location = parsed(locations_create.sync_detailed(client=client, body=place), LocationRead, 201)
    bodies = [RoomCreate(name, 4, "15000", location.id) for name in ("p1", "p2", "p3")]
    for body in bodies:
        answer = rooms_create.sync_detailed(client=client, body=body)
        room = parsed(answer, RoomRead, 201)
        equipment: list[str] | None = room.equipment
        assert (room.name, room.hourly_price, room.has_screen, equipment) == (body.name, "15000", False, None)
        assert answer.headers["Location"].endswith(str(room.id))
    return bodies


def list_rooms(client: AuthenticatedClient, location_id: UUID) -> list[RoomRead]:
    found: list[RoomRead] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor is not None:
        answer = rooms_list.sync_detailed(
            client=client, location_id=location_id, limit=2, sort=RoomSort.NAME_DESCENDING, cursor=cursor or UNSET
        )
        page = parsed(answer, RoomPage)
        found += page.items
        cursor = page.next_cursor
        pages += 1
    assert (pages, [room.name for room in found]) == (2, ["p3", "p2", "p1"])
    assert problem(rooms_list.sync_detailed(client=client, cursor="invalid"), 400) == "invalid_cursor"
    return found


def change(client: AuthenticatedClient, room_id: UUID) -> None:
    etag = rooms_get.sync_detailed(room_id, client=client).headers["ETag"]
    body = RoomUpdate(capacity=8)
    changed = parsed(rooms_update.sync_detailed(room_id, client=client, body=body, if_match=etag), RoomRead)
    assert changed.capacity == 8
    outdated = rooms_update.sync_detailed(room_id, client=client, body=body, if_match=etag)
    assert problem(outdated, 412) == "precondition_failed"


def exchange_picture(client: AuthenticatedClient, room_id: UUID) -> None:
    file = File(BytesIO(PICTURE), "room.png", "image/png")
    put = pictures_put.sync_detailed(room_id, client=client, body=BodyPicturesPut(file))
    assert put.status_code == 204, put.content
    picture = parsed(pictures_get.sync_detailed(room_id, client=client), File)
    assert picture.payload.read() == PICTURE


def main(base: str, email: str, password: str) -> None:
    client = log_in(base, email, password)
    first, *_ = create(client)
    room, *_ = list_rooms(client, first.location_id)
    assert problem(rooms_create.sync_detailed(client=client, body=first), 409) == "name_taken"
    change(client, room.id)
    exchange_picture(client, room.id)


if __name__ == "__main__":
    main(*sys.argv[1:])
