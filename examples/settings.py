"""Typed settings in groups, with their source."""

from fastapi import FastAPI

from ondol.effective import effective
from ondol.settings import Group, Settings


class RoomSettings(Group):
    temperature: int = 21


class HouseSettings(Settings):
    room: RoomSettings = RoomSettings()


app = FastAPI()
settings = HouseSettings()


@app.get("/")
async def show() -> dict[str, str]:
    return {setting.name: f"{setting.value} ({setting.source})" for setting in effective(settings)}
