"""The heart of skuloop: arrays and dataclasses in, the same out.

Reading order follows the data: `pictures` (what a photo is worth), `audit` (what a class is worth), `encoders` (photo
to vector), `heads` (vector to SKU), `triage` (what to believe, what to ask), `release` (what is published).
"""
