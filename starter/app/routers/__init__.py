"""The routers, by hand: what is not listed here is not served."""

from app.routers import auth, dashboard, orders, products, users

ROUTERS = [auth.router, users.router, products.router, orders.router, dashboard.router]

TAGS = [
    {"name": "auth", "description": "Register, log in, stay logged in, log out."},
    {"name": "users", "description": "Accounts: one's own, and for administrators all."},
    {"name": "products", "description": "What the shop sells."},
    {"name": "orders", "description": "Orders of several lines, all or none."},
    {"name": "dashboard", "description": "How the shop does."},
    {"name": "health", "description": "For load balancers and orchestrators."},
]
