"""An engine that writes rows."""

from sqlalchemy import select
