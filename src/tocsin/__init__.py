"""Tocsin: trust & safety against terrorist and violent-extremist activity.

In: a platform's events. Out: decisions by written policy, a person in charge of each one
that matters, actions on the platform, and an account of every decision. `ARCHITECTURE.md`
says what each package does and which way data flows between them.
"""

__version__ = "0.1.0"
