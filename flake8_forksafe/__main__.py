"""The program ``forksafe``, also ``python -m flake8_forksafe``.  It catches an interrupt before it imports anything."""

from typing import NoReturn


def run() -> NoReturn:
    """Run the ``forksafe`` command."""
    try:
        from flake8_forksafe.cli import run as run_command
    except KeyboardInterrupt:
        import os

        os.write(2, b"forksafe: interrupted\n")
        os._exit(2)
    run_command()


if __name__ == "__main__":
    run()
