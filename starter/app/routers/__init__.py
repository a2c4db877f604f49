"""The routers. A router that is not listed here is not served. `ondol add` and `ondol remove` change this list."""

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

# FastAPI searches them in this order: the most requested come first.
ROUTERS = [
    products.router,  # sample
    orders.router,  # sample
    dashboard.router,  # sample
    users.router,
    personal_data.router,  # personal_data
    auth.router,
    registration.router,  # registration
    password_reset.router,  # password_reset
    email_change.router,  # email_change
    audit.router,  # audit
    sessions.router,
]

TAGS = [
    {"name": "auth", "description": "Registration, login, token refresh and logout."},
    {"name": "sessions", "description": "Active login sessions."},
    {"name": "audit", "description": "Audit log: who did what, and from where."},  # audit
    {"name": "users", "description": "User accounts."},
    {"name": "products", "description": "The product catalogue."},  # sample
    {"name": "orders", "description": "Customer orders."},  # sample
    {"name": "dashboard", "description": "Sales dashboard."},  # sample
    {"name": "health", "description": "Health checks for load balancers and orchestrators."},
]
