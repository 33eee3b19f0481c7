"""The entry point: quiet surroundings, the command line, and one place that turns errors into exit codes."""

import os
import sys

_SURROUNDINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # the default gives up on a busy machine
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
}

_INTERRUPTED = 130


def set_quiet_surroundings() -> None:
    """Say what Prefect shall do, where the user has not: call it before Prefect is imported, which reads it once."""
    for name, value in _SURROUNDINGS.items():
        os.environ.setdefault(name, value)


def main() -> None:
    """Run the command line of this process."""
    set_quiet_surroundings()
    from skuloop.cli import app
    from skuloop.output import complain

    try:
        app()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != _INTERRUPTED:  # what typer makes of a Ctrl-C
            raise
        complain("interrupted; what was done is kept, run the same command to go on")
        sys.exit(_INTERRUPTED)
    except Exception as error:
        from skuloop.exit_codes import exit_code_of  # knows every room's errors: `--help` need not wait for them

        code = exit_code_of(error)
        if code is None:
            raise
        complain(str(error))
        sys.exit(code)


if __name__ == "__main__":
    main()
