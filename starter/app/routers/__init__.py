"""The routers, by hand: what is not listed here is not served. `ondol remove registration` takes a feature out."""

from app.routers import (
    audit,  # audit
    auth,
    dashboard,  # sample
    email_change,  # email_change
    orders,  # sample
    password_reset,  # password_reset
    personal_data,  # personal_data
    products,  # sample
    registration,  # registration
    sessions,
    users,
)

# FastAPI searches them in this order, so what is asked most often stands first.
ROUTERS = [
    products.router,  # sample
    orders.router,  # sample
    dashboard.router,  # sample
    users.router,
    personal_data.router,  # personal_data
    auth.router,
    sessions.router,
    registration.router,  # registration
    password_reset.router,  # password_reset
    email_change.router,  # email_change
    audit.router,  # audit
]

TAGS = [
    {"name": "auth", "description": "Getting an account, logging in, staying logged in, logging out."},
    {"name": "sessions", "description": "Where one is logged in."},
    {"name": "users", "description": "Accounts: one's own, and for administrators all."},
    {"name": "audit", "description": "Who did what, from where."},  # audit
    {"name": "products", "description": "What the shop sells."},  # sample
    {"name": "orders", "description": "Orders of several lines, all or none."},  # sample
    {"name": "dashboard", "description": "How the shop does."},  # sample
    {"name": "health", "description": "For load balancers and orchestrators."},
]
