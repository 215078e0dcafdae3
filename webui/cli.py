"""The command `unstick`: serve a queue, make, copy or tune one, try a living one, remove what Unstick added."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import chain, groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from webui import config, serving
from webui.app import create_app
from webui.demo import history, life
from webui.options import SettingError
from webui.store import StoreError, copy, migrate, open_database, open_store, tune
from webui.store.narrowing import format_duration
from webui.version import __version__

CLAUDE_MEM = Path("~/.claude-mem/claude-mem.db")
"""Where claude-mem keeps its queue."""

SETTINGS = config.table()
DEFAULTS = config.Settings()


class Refused(click.ClickException):
    """A sentence on stderr, and exit code 2."""

    exit_code = 2


class Commands(click.Group):
    """Turns the errors that carry a sentence into that sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except (SettingError, StoreError, serving.CannotListen) as error:
            raise Refused(str(error)) from None


def _option(name: str, default: object = None, *, each: str = "") -> Callable[[Any], Any]:
    """The option for the setting `name` (`each` is the option's own name where it may be repeated), which the setting
    itself reads, and refuses in its own words. What is not given is left to the environment and the defaults."""
    setting = SETTINGS[name]

    def read(ctx: click.Context, param: click.Parameter, value: str | tuple[str, ...] | None) -> Any:
        try:
            return setting.read(value) if value else None
        except (ValueError, StoreError) as error:
            raise click.BadParameter(str(error)) from None

    sentence = setting.sentence if default is None else f"{setting.sentence}  [default: {default}]"
    option = each or "--" + name.lower().replace("_", "-")
    kind = setting.kind.upper()
    return click.option(option, name, metavar=kind, callback=read, help=sentence, multiple=bool(each))


PORT = _option("PORT", DEFAULTS.port)
EMBED = _option("EMBED_ORIGINS", each="--embed-origin")
OPEN = click.option("--open", "in_browser", is_flag=True, help="Open the page in a browser.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="unstick")
def main() -> None:
    """See what is stuck in a message queue, and put it right with one click.

    \b
    Examples:
      unstick demo --open           look around in a queue that lives
      unstick serve queue.db        show a real one at http://localhost:8377/
    """


@main.command(short_help="Show a queue in the browser.")
@click.argument("database", required=False)
@_option("HOST", DEFAULTS.host)
@PORT
@click.option("--read-only", "READ_ONLY", is_flag=True, default=None, help=SETTINGS["READ_ONLY"].sentence)
@_option("STUCK_AFTER", format_duration(DEFAULTS.stuck_after))
@_option("TRASH_DAYS", DEFAULTS.trash_days)
@_option("JOURNAL_DAYS", DEFAULTS.journal_days)
@_option("WORKER_URL")
@EMBED
@_option("LANGUAGE")
@OPEN
def serve(database: str | None, in_browser: bool, **options: Any) -> None:
    """Show a queue in the browser, where its operator can put it right.

    DATABASE is an SQLite file with a table pending_messages, or postgresql://…. Without one it is claude-mem's own,
    ~/.claude-mem/claude-mem.db. Every option can also be set in the environment: --port as UNSTICK_PORT.

    \b
    Example:
      unstick serve queue.db --stuck-after 10m --open
    """
    _serve(_given({"DATABASE": database, **options}), in_browser)


@main.command(short_help="Make a living queue and show it.")
@PORT
@click.option("--keep", type=click.Path(), metavar="PATH", help="Make the queue at PATH and leave it there.")
@EMBED
@_option("LANGUAGE")
@OPEN
def demo(keep: str | None, in_browser: bool, **options: Any) -> None:
    """Make a living queue and show it: a producer fills it, and a worker drains it that sometimes fails, hangs or
    crashes. It is gone when the command ends, unless you keep it.

    \b
    Example:
      unstick demo --keep playground.db --open
    """
    with ExitStack() as stack:
        path = Path(keep or Path(stack.enter_context(TemporaryDirectory(prefix="unstick-"))) / "demo.db").expanduser()
        if path.exists():
            raise Refused(f"{path} is there already, and the demo touches no queue but its own. Name a new file.")
        click.echo("Making a queue with a past of six hours …")
        history.write(str(path), time.time_ns() // 1_000_000)
        stack.enter_context(life.alive(str(path)))
        _serve({**_given(options), "DATABASE": str(path), "WORKER_URL": None}, in_browser)


@main.command("migrate", short_help="Make a queue in a database, or bring one up to date.")
@click.argument("database")
def migrate_(database: str) -> None:
    """Make a queue in DATABASE, an SQLite file or postgresql://…, or bring one of an earlier Unstick up to date.
    Another program's queue stays as it is: only our own tables are made beside it.

    \b
    Example:
      unstick migrate postgresql://queue@db.example.com/queue
    """
    with closing(open_database(database, create=True)) as opened:
        for name in migrate.migrate(opened):
            click.echo(f"Applied {name}")
        with opened.writing() as tx:
            migrate.ensure_trash(tx)  # so that whoever grants rights afterwards grants them on all of it
    click.echo(f"{opened.location} is up to date.")


@main.command("copy", short_help="Move a queue into another database.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy_(source: str, target: str) -> None:
    """Copy the queue in FROM to a new one in TO: sessions, messages, journal and trash, with their ids. FROM stays as
    it is. Stop its producers and workers first: a message that changes while it is copied may arrive as it was. A
    copy that was ended goes on when the command is given again.

    \b
    Example:
      unstick copy queue.db postgresql://queue@db.example.com/queue
    """
    copied = copy.Copied()
    with closing(open_store(source, read_only=True)) as old, closing(open_store(target, create=True)) as new:
        _show_steps(copy.copy(old.database, new.database, copied))
    for name, (had, has) in copied.counts.items():
        click.echo(f"{name:30} {had:>10,} {'=' if had == has else '≠'} {has:,}")
    if copied.altered:
        click.echo(f"{copied.altered:,} values were altered to fit: bytes that are no text, NUL, a number as text.")
    for table, key, reason in copied.refused:
        click.echo(f"{table} {key} could not be copied: {reason}", err=True)
    if not copied.complete:
        raise Refused("Not everything is there. If FROM was in use, stop what uses it and copy into a new database.")


def _show_steps(steps: Iterator[copy.Step]) -> None:
    """A progress bar for each table, on a terminal."""
    for table, group in groupby(steps, lambda step: step.table):
        first = next(group)
        with click.progressbar(length=max(first.total, first.done), label=table, file=sys.stderr) as bar:
            for step in chain([first], group):
                bar.update(step.done - bar.pos)


@main.command(short_help="Remove what Unstick added to a queue's file.")
@click.argument("database")
def clean(database: str) -> None:
    """Remove every table that Unstick added to DATABASE: the journal of what operators did, reasons of failures, and
    the trash, so that aborted messages cannot be restored any more. The queue itself stays as it is.

    \b
    Example:
      unstick clean queue.db
    """
    with closing(open_store(database)) as store:
        removed = migrate.clean(store.database)
    for table, rows in removed.items():
        click.echo(f"Removed {table} ({rows:,} {'row' if rows == 1 else 'rows'})")
    if not removed:
        click.echo(f"There was nothing to remove: {store.location} has no table of Unstick's.")


@main.command("tune", short_help="Look at a queue's indexes; make those that it lacks, or remove them.")
@click.argument("database")
@click.option("--apply", "change", flag_value="apply", help="Make the indexes that are missing.")
@click.option("--remove", "change", flag_value="remove", help="Remove the indexes that --apply made.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def tune_(database: str, change: str | None, yes: bool) -> None:
    """Say which indexes the queue in DATABASE has, what each is for and what it costs, and with --apply make those that
    it lacks. Nothing is changed without --apply or --remove.

    \b
    Examples:
      unstick tune queue.db
      unstick tune queue.db --apply
    """
    with closing(open_store(database, read_only=change is None)) as store:
        report = tune.look(store.database)
        if change != "remove":
            _show_indexes(report)
        if change == "apply" and report.missing:
            _ask_to_make(report, yes)
            for name in tune.add(store.database):
                click.echo(f"Made {name}")
        elif change == "remove":
            removed = list(tune.remove(store.database))
            click.echo("\n".join(f"Removed {name}" for name in removed) or "There was nothing to remove.")
        elif report.missing:
            click.echo(f"\nNothing was changed. To make what it lacks: unstick tune {database} --apply")


def _show_indexes(report: tune.Report) -> None:
    click.echo(f"{report.messages:,} {'message' if report.messages == 1 else 'messages'}.")
    for found in report.found:
        index = found.index
        click.echo(f"\n{index.name}: {found.state}{f', {found.note}' if found.note else ''}")
        click.echo(f"  for    {index.serves}\n  costs  a page more to write for {index.costs}")


def _ask_to_make(report: tune.Report, yes: bool) -> None:
    """What it takes, before it is done. Raises Refused where nobody can be asked."""
    number = len(report.missing)
    click.echo(
        f"\nMaking {number} {'index' if number == 1 else 'indexes'} takes about {max(report.seconds, 0.1):.1f} s each."
    )
    if report.blocks:
        click.echo("Nobody else can write for as long: what a claude-mem worker would enqueue meanwhile is lost.")
    if not yes and not sys.stdin.isatty():
        raise Refused("Nobody is there to be asked, so nothing was changed: say --yes.")
    if not yes:
        click.confirm("Make them?", abort=True)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _serve(given: dict[str, Any], in_browser: bool) -> None:
    """Serves the queue until somebody ends it. What is not given comes from the environment, or is the default."""
    chosen = config.read(given, os.environ)
    database = chosen.database or _claude_mems_own()
    with (
        closing(open_store(database, read_only=chosen.read_only)) as store,
        serving.listen(chosen.host, chosen.port) as listener,
    ):
        address = serving.url(listener)
        app = create_app({**given, "PORT": listener.getsockname()[1]}, store=store)
        _log_to_stderr()

        runner = app.extensions["webui"]["webui"].runner

        def announce() -> None:
            runner.wake(now=True)
            runner.sweep()
            click.echo(f"{store.location} is shown at {address} (Ctrl-C ends it)")
            if in_browser:
                serving.open_browser(address)

        try:
            serving.serve(app, listener, announce)
        finally:
            runner.stop()


def _claude_mems_own() -> str:
    if not CLAUDE_MEM.expanduser().is_file():
        raise Refused(
            f"Which queue? There is none at {CLAUDE_MEM}, where claude-mem keeps its own. "
            "Name a file, like: unstick serve queue.db. To look around first: unstick demo"
        )
    return str(CLAUDE_MEM)


def _log_to_stderr() -> None:
    """One line for each action and each refusal, with the time in UTC."""
    line = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    line.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(line)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
