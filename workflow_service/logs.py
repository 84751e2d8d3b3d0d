"""How log entries are written: one line each on standard error, as text for people or as JSON for collectors."""

import logging
import sys

import structlog

TOO_TALKATIVE = {
    "waitress.queue": logging.ERROR,
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "weasyprint": logging.ERROR,
    "fontTools": logging.ERROR,
    "procrastinate": logging.WARNING,  # speaks as soon as it is imported
}


def configure(level: str, form: str) -> None:
    """Send every entry of `level` (debug, info, warning, error) and above to standard error as `form` (text, json)."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_written_as(form)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quieter in TOO_TALKATIVE.items():
        logging.getLogger(name).setLevel(quieter)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _written_as(form: str) -> list[structlog.types.Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    # rich tracebacks print every local variable: slow, and not for a log
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
