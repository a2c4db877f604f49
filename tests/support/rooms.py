"""The service in tests/rooms: code that `ondol add` generates, and the files that its user wrote by hand."""

import shutil
from pathlib import Path

from projects import add, bare_project, replace

from ondol.db.migrations import heads

WRITTEN = Path(__file__).resolve().parents[1] / "rooms"
RESOURCES = (
    "location name:str:100:unique:sort address:str:300 city:str:50:filter opens_hour:int:min=0:max=23 "
    "closes_hour:int:min=1:max=24 --public-read --search name,address --cache 30",
    "room name:str:100:unique:sort capacity:int:min=1:filter hourly_price:decimal:10,0:min=0:sort:filter "
    "has_screen:bool:default=false:filter equipment:list:str:30:optional location:ref:locations "
    "--public-read --search name --cache 30",
    "booking room:ref:rooms starts_at:datetime:sort:filter ends_at:datetime price:decimal:12,0:min=0 "
    "status:enum:booked,cancelled:default=booked:filter note:text:500:optional --owner",
    "member company:str:100:sort phone:str:20 status:enum:active,paused:default=active:filter user:ref:users "
    "--search company",
)
WEBHOOK_SECRET = """\
WEBHOOK_SECRET = SecretStr("known to everybody, for development alone")


def _ours(value: SecretStr, info: ValidationInfo) -> SecretStr:
    if value == WEBHOOK_SECRET and info.data.get("environment") is Environment.PRODUCTION:
        raise ValueError("must be set: the payment provider signs with it")
    return value


"""
SIGNED = """

def signed(body: bytes) -> dict[str, str]:
    now = int(time.time())
    return {"X-Timestamp": str(now), "X-Signature": signature(WEBHOOK_SECRET, now, body)}

"""
# Lines that the user inserted into generated files: (before this text, these lines).
INSERTED = {
    "app/models/__init__.py": (
        ("from app.models.rooms ", "from app.models.pictures import Picture\n"),
        ("\n__all__", "from app.models.webhooks import PaymentEvent\n"),
        ('    "RefreshToken",', '    "PaymentEvent",\n    "Picture",\n'),
    ),
    "app/routers/__init__.py": (
        ("    bookings,", "    availability,\n"),
        ("    password_reset,", "    occupancy,\n"),
        ("    registration,", "    pictures,\n"),
        (")\n\n# FastAPI searches", "    webhooks,\n"),
        (
            "]\n\nTAGS",
            "    availability.router,\n    occupancy.router,\n    pictures.router,\n    webhooks.router,\n",
        ),
        (
            '    {"name": "health"',
            '    {"name": "availability", "description": "Free rooms."},\n'
            '    {"name": "occupancy", "description": "Occupancy of rooms."},\n'
            '    {"name": "pictures", "description": "Pictures of rooms."},\n'
            '    {"name": "webhooks", "description": "Webhooks from other services."},\n',
        ),
    ),
    "app/jobs.py": (
        ("    email_change,", "    bookings,\n"),
        ("    password_reset,", "    occupancy,\n"),
        ("]\n", "    bookings.mail_confirmation,\n    bookings.mail_reminder,\n    occupancy.mail_report,\n"),
    ),
    "app/scopes.py": (
        ("\n\nDESCRIPTIONS", '    OCCUPANCY_READ = "occupancy:read"\n'),
        ("}\n\nSCOPES_OF", '    Scope.OCCUPANCY_READ: "Read the occupancy of rooms.",\n'),
    ),
    "app/settings.py": (
        ("\nfrom ondol.rate_limits", "from typing import Annotated\n"),
        ("Group, Settings\n", "Environment, "),
        ("\nfrom pydantic_settings", ", SecretStr, ValidationInfo"),
        ("Field, SecretStr", "AfterValidator, "),
        ("class LimitsSettings", WEBHOOK_SECRET),
        ("    limits: Limits", "    webhook_secret: Annotated[SecretStr, AfterValidator(_ours)] = WEBHOOK_SECRET\n"),
    ),
    "tests/test_layers.py": (('"dashboard.py"', '"availability.py", "occupancy.py", '),),
    "tests/support/contract.py": (
        ("from functools", "import time\n"),
        ("from factories ", "from app.services.webhooks import signature\nfrom app.settings import WEBHOOK_SECRET\n"),
        ("\nCONTRACT", SIGNED),
        (
            "    ends_sessions",
            '    fields={"pictures_put": {"file": b"\\xff\\xd8\\xff a JPEG"}},\n'
            '    signed={"webhooks_take_payment": signed},\n'
            '    production={"WEBHOOK_SECRET": "8Wm_tqK2vP-9xZcR4nLb7sYd0hJfGe3A"},\n',
        ),
    ),
}


def build(folder: Path) -> Path:
    """Create the project in `folder`, which must not exist, with the resources from `ondol add`."""
    project = bare_project(folder)
    for line in RESOURCES:
        add(project, line)
    return project


def write_by_hand(project: Path) -> None:
    """Add the files and lines that the user wrote by hand."""
    [newest] = heads(project)  # the ids of generated migrations are timestamps
    shutil.copytree(WRITTEN, project, dirs_exist_ok=True, ignore=shutil.ignore_patterns("ruff.toml"))
    replace(project / "migrations" / "versions" / "by_hand.py", '"HEAD"', f'"{newest}"')
    for path, insertions in INSERTED.items():
        for before, text in insertions:
            replace(project / path, before, text + before)
