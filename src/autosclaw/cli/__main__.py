"""The command's groups and how it ends: one clear sentence and an exit code, never a trace.

Must not hold the work of a command.
"""

import json
import sys

import click

from autosclaw import __version__
from autosclaw.cli.up import Failure, up
from autosclaw.manager.web.apps import people_app


@click.group()
@click.version_option(__version__)
def cli() -> None:
    """Run and watch autonomous Claude agents."""


@cli.command("openapi")
def openapi() -> None:
    """Print the OpenAPI document of the REST API and both sockets."""
    click.echo(json.dumps(people_app().openapi(), indent=2, sort_keys=True))


cli.add_command(up)


def main() -> None:
    """Entry point of the console script."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Failure as failure:
        click.echo(f"autosclaw: {failure}", err=True)
        sys.exit(failure.exit_code)


if __name__ == "__main__":
    main()
