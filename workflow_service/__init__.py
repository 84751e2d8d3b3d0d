"""统筹: carries government development plans through their approval routes."""
