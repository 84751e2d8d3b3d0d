"""For gunicorn and other WSGI servers: `gunicorn --workers 2 --threads 8 wsgi:app`."""

import sys

from workflow_service.collector import search_seldom
from workflow_service.startup import application
from workflow_service.startup_error import StartError

search_seldom()
try:
    app = application()
except StartError as error:
    sys.exit(f"Error: {error}")
