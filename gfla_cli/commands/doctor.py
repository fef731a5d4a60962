"""`gfla doctor`: what works on this machine, and why the rest does not."""

import typer

from gfla_cli import options
from gfla_cli.console import out, out_json, table


def doctor(json: options.Json = False) -> None:
    """List versions, devices, codecs and backends with what is missing; exit 1 if animate cannot run."""
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
