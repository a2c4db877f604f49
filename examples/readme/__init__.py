"""The code that README.md shows."""
