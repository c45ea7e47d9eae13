"""``python -m contactcenter`` and the ``contactcenter`` command."""

from contactcenter.cli import main

if __name__ == "__main__":
    main()
