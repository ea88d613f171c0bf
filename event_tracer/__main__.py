"""`python -m event_tracer`."""

import sys

from event_tracer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
