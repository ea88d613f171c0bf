"""Every option once, with its help: flags > EVENT_TRACER_* > file > defaults."""
