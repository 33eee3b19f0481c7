from pathlib import Path

from pydantic import BaseModel

from tasks.settings import Settings


def test_no_setting_hides_what_makes_a_model_a_mapping() -> None:
    # Prefect calls dict(model) on what a task is given: a field called "keys" ends every night at its first task.
    settings = Settings(home=Path("/tmp"))  # noqa: S108 - nothing is written there
    assert set(dict(settings)) == set(Settings.model_fields)
    for section in dict(settings).values():
        if isinstance(section, BaseModel):
            assert set(dict(section)) == set(type(section).model_fields)
