"""Every test here may ask for a whole application."""

from tests.support.site import passwords, prepared, site

__all__ = ["passwords", "prepared", "site"]
