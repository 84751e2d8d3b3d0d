"""统筹: carries government development plans through their approval routes."""

__version__ = "0.1.0"
