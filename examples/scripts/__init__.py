"""Scripts for a project: in its folder, `uv run python -m scripts.accounts`."""
