"""`gfla doctor`: what works on this machine, and why something does not."""

import typer

from gfla_cli import options
from gfla_cli.console import out, out_json, table


def doctor(json: options.Json = False) -> None:
    """Show versions, devices, codecs and backends, and why one is unavailable; exit 1 if animate can't work."""
    from pipelines.diagnostics import diagnose

    diagnosis = diagnose()
    if json:
        out_json(diagnosis.as_dict())
    else:
        table(("PACKAGE", "VERSION"), diagnosis.versions.items())
        for title, findings in diagnosis.sections().items():
            out("")
            table((title.upper(), "STATE"), [(finding.name, finding.state) for finding in findings])
    if not diagnosis.usable:
        raise typer.Exit(1)
