"""A rule that needs more than the standard library."""

import holidays
