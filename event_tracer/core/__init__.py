"""The pure core: frames in, spans out. No I/O, clock, randomness or logging."""
