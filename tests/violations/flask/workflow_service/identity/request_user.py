"""A rule about people that looks at the web request."""

from flask import request
