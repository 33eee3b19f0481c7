"""Label Studio: pure payload mapping, idempotent sync, the labelling interface."""
