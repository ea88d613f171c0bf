"""Traces for people: which ones, laid out, in a terminal, as a page, live."""
