"""Logs. Every line of a request carries its id."""
