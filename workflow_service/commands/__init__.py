"""One module per subcommand of `workflow`: `commands/<name>.py` holds a click command called `command`.

`serve --demo` calls `deploy.deploy_delivered(database, settings)` and `demo.load_small(database, settings)`, which do
nothing the second time; what `load_small` returns are the lines that tell how to sign in.
A command that needs the database opens it with `startup.ready_database(startup.read_settings())`.
"""
