"""Prefect tasks: load, call one pure function, store, report."""
