"""`everdoor metrics`: where each process tells what it measures."""

from __future__ import annotations

import click

from everdoor.cli.output import json_option, print_json, print_table


@click.command()
@json_option
def metrics(json: bool) -> None:
    """Show where each process tells what it measures, for Prometheus.

    The JSON is an object with the URL of each process by its name. Exit code 1 when nothing runs,
    or nothing is told.
    """
    from everdoor.cli.control import reports
    from everdoor.cli.program import Failure
    from everdoor.cli.state import metrics_urls
    from everdoor.cli.surroundings import endpoints_of, read_settings

    settings = read_settings()
    found = reports(endpoints_of(settings))
    if not found:
        raise Failure(f"nothing runs in {settings.home}; start it with `everdoor up`")
    urls = metrics_urls([report for report in found.values() if report])
    if not urls:
        raise Failure("no process tells what it measures: see metrics_enabled, and the log")
    if json:
        print_json(urls)
    else:
        print_table(["PROCESS", "URL"], [[process, url] for process, url in urls.items()])
