"""`python -m event_tracer`."""

import sys

from event_tracer.cli import main

if __name__ == "__main__":
    sys.exit(main())
