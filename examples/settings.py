"""Typed settings in groups, with their source."""

from fastapi import FastAPI

from ondol.settings import Group, Settings
from ondol.settings.report import effective


class RoomSettings(Group):
    temperature: int = 21


class HouseSettings(Settings):
    room: RoomSettings = RoomSettings()


app = FastAPI()
settings = HouseSettings()


@app.get("/")
async def show() -> dict[str, str]:
    return {setting.name: f"{setting.value} ({setting.source})" for setting in effective(settings)}
