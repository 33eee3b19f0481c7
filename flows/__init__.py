"""Prefect flows: order and parameters only, one verb per file."""
