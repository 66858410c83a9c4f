"""Disclosure control: what may leave the study office. Looks at outputs, never at a model."""

from emostats.privacy.scan import EMAIL, IDENTIFIERS, PHONE, scan

__all__ = ["EMAIL", "IDENTIFIERS", "PHONE", "scan"]
