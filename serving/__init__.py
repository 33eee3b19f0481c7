"""The query path: opens a release bundle and nothing else."""
