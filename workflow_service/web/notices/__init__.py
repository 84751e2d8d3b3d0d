"""The bell: what the service told a person, newest first."""
