"""The application: `uvicorn main:app --reload`, then http://localhost:8000/docs."""

from app.factory import create_app

app = create_app()
