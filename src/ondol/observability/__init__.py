"""Logs, metrics, traces and error reports. Every log line of a request carries its id."""
