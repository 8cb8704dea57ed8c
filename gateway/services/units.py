"""Units of work, for use cases."""

from gateway.units import unit_of_work

__all__ = ["unit_of_work"]
