"""One module per subcommand of `workflow`: `commands/<name>.py` holds a click command called `command`.

A command that needs the database opens it with `startup.ready_database(startup.read_settings())`.
"""
