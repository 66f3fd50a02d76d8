"""The front door of Telltale: `python main.py --help`."""

import sys

from cli import main

if __name__ == "__main__":
    sys.exit(main())
