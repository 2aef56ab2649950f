"""Harbour: a small fictional platform that Tocsin protects, and the week that happens on it.

`platform` is the reference platform: it receives signed actions, applies them exactly once and
reports back. `world` writes the events of a week. Nothing and nobody here is real.
"""
