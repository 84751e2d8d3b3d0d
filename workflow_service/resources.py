"""Where the files that travel with the package are: beside it in a checkout, inside it in an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent


def bpmn_dir() -> Path:
    """The folder of approval routes (.bpmn) and decision tables (.dmn) as delivered."""
    return _delivered("bpmn")


def forms_dir() -> Path:
    """The folder of task forms, one JSON Schema each, as delivered."""
    return _delivered("forms")


def migrations_dir() -> Path:
    """The folder that holds Alembic's env.py and the versions."""
    return _delivered("migrations")


def demo_dir() -> Path:
    """The folder of the catalogues, units and people that `workflow demo` reads."""
    return PACKAGE / "demo_data"


def default_var_dir() -> Path:
    """The folder for data: var/ of this checkout, wherever a command is called from; else of the current folder."""
    return (CHECKOUT if is_checkout() else Path.cwd()) / "var"


def is_checkout() -> bool:
    """Whether this is a working copy (with pyproject.toml beside the package) and not an installed wheel."""
    return (CHECKOUT / "pyproject.toml").is_file()


def _delivered(name: str) -> Path:
    return CHECKOUT / name if is_checkout() else PACKAGE / "delivered" / name
