"""The routers, by hand: what is not listed here is not served. To do without registration, say, delete its line."""

from app.routers import (
    audit,
    auth,
    dashboard,  # sample
    email_change,
    orders,  # sample
    password_reset,
    products,  # sample
    registration,
    sessions,
    users,
)

ROUTERS = [
    auth.router,
    sessions.router,
    registration.router,
    password_reset.router,
    email_change.router,
    users.router,
    audit.router,
    products.router,  # sample
    orders.router,  # sample
    dashboard.router,  # sample
]

TAGS = [
    {"name": "auth", "description": "Register, log in, stay logged in, log out; forgotten passwords, new addresses."},
    {"name": "sessions", "description": "Where one is logged in."},
    {"name": "users", "description": "Accounts: one's own, and for administrators all."},
    {"name": "audit", "description": "Who did what, from where."},
    {"name": "products", "description": "What the shop sells."},  # sample
    {"name": "orders", "description": "Orders of several lines, all or none."},  # sample
    {"name": "dashboard", "description": "How the shop does."},  # sample
    {"name": "health", "description": "For load balancers and orchestrators."},
]
