"""The commands: what each takes and what it is for. What each does is in `skuloop.commands`.

Those are imported by the command that needs them: `--help` answers at once, and nobody pays for Prefect in vain.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Path of skuloop.toml.", envvar="SKULOOP_CONFIG")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

app = typer.Typer(
    name="skuloop",
    help="The loop that keeps a product recogniser true to a changing catalogue.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # errors become exit codes in main.py; a defect shows its plain traceback
    rich_markup_mode="rich",
)
labelling_app = typer.Typer(help="The local Label Studio.", no_args_is_help=True)
app.add_typer(labelling_app, name="labelling")
keys_app = typer.Typer(help="Keys of the HTTP API.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
labels_app = typer.Typer(help="What people said of photos.", no_args_is_help=True)
app.add_typer(labels_app, name="labels")
products_app = typer.Typer(help="Which SKUs are one product, and which are served.", no_args_is_help=True)
app.add_typer(products_app, name="products")
source_app = typer.Typer(help="Where products and photos come from.", no_args_is_help=True)
app.add_typer(source_app, name="source")


@app.command()
def demo(
    *,
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo keeps its files.")] = Path("skuloop-demo"),
    keep: Annotated[bool, typer.Option("--keep", help="Leave the shop and Label Studio running at the end.")] = False,
) -> None:
    """Run the whole loop on a synthetic shop, unattended."""
    from skuloop.commands import demo as demo_command

    demo_command.run_demo(folder, keep=keep)


@app.command()
def night(
    *,
    config: Config = None,
    label: Annotated[str | None, typer.Option(help="Name of the night; today's date by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run one night: crawl, ingest, audit, embed, recognise, ask, publish."""
    from skuloop.commands import run

    raise typer.Exit(run.run_night(config, label, as_json=as_json))


@app.command()
def cycle(
    *,
    config: Config = None,
    label: Annotated[str | None, typer.Option(help="Name of the cycle; today's date by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run one labelling cycle: pull the answers, retrain, gate, publish."""
    from skuloop.commands import run

    raise typer.Exit(run.run_cycle(config, label, as_json=as_json))


@app.command()
def bakeoff(
    *,
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help="Names of timm, or name=weights.safetensors; yours by default."),
    ] = None,
    photos: Annotated[int, typer.Option(min=2, help="How many labelled photos may be asked about.")] = 3000,
    detector: Annotated[Path | None, typer.Option(help="A YOLOX model (ONNX), for isolation by box.")] = None,
    config: Config = None,
    label: Annotated[str | None, typer.Option(help="Name of the bake-off; today's date by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare encoders, isolation, colour and heads on your own labelled photos; say which settings to write."""
    from skuloop.commands import run

    raise typer.Exit(run.run_bakeoff(config, label, models or [], photos, detector, as_json=as_json))


@app.command()
def rollback(*, config: Config = None, as_json: AsJson = False) -> None:
    """Withdraw the current release and return to the one before."""
    from skuloop.commands import run

    run.run_rollback(config, as_json=as_json)


@app.command()
def status(*, config: Config = None, as_json: AsJson = False) -> None:
    """How the loop stands: classes, photos, questions, release, last runs."""
    from skuloop.commands import look

    look.show_status(config, as_json=as_json)


@app.command()
def why(
    *,
    subject: Annotated[str, typer.Argument(metavar="SKU|IMAGE|RELEASE", help="A SKU, a photo, or a release.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """The story of a SKU, a photo or a release: how it stands, and the decisions behind it, with a contact sheet."""
    from skuloop.commands import why as why_command

    why_command.show_why(subject, config, as_json=as_json)


@app.command()
def sql(
    *,
    query: Annotated[str | None, typer.Argument(help="One statement of SQL; without it, the views are listed.")] = None,
    ui: Annotated[bool, typer.Option("--ui", help="Ask on a page in the browser, until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of that page; 0 takes a free one.")] = 0,
    rows: Annotated[int, typer.Option(min=1, help="How many rows to show at most.")] = 1000,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Ask the published snapshot; a query can neither write nor read any other file."""
    from skuloop.commands import sql as sql_command

    if ui:
        sql_command.serve_page(config, port)
    else:
        sql_command.ask(query, config, rows, as_csv=as_csv, as_json=as_json)


@app.command()
def identify(
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Photos and videos to identify.")],
    every: Annotated[str, typer.Option(help="Time between frames of a video, like 1s, 500ms or 2m.")] = "1s",
    scenes: Annotated[
        bool, typer.Option("--scenes", help="Only frames that show another scene than the frame before.")
    ] = False,
    products: Annotated[int, typer.Option(min=1, max=8, help="How many products to look for on one picture.")] = 8,
    config: Config = None,
    bundle: Annotated[Path | None, typer.Option(help="A release bundle, instead of the current release.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Encoder weights that go with --bundle.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which SKUs are on photos and in videos, with price and availability."""
    from recognition.pictures.frames import Sampling
    from skuloop.commands import identify as identify_command

    try:
        seconds = identify_command.seconds_of(every)
    except ValueError as error:
        raise typer.BadParameter(f"{every!r} is no time: write 1s, 500ms or 2m.", param_hint="--every") from error
    sampling = Sampling(seconds, identify_command.SCENE_CHANGE if scenes else 0.0)
    ask = identify_command.Ask(products, sampling)
    raise typer.Exit(identify_command.identify_files(files, config, bundle, weights, ask, as_json=as_json))


@app.command()
def serve(
    *,
    config: Config = None,
    bundle: Annotated[Path | None, typer.Option(help="A release, or the folder of all: no store is needed.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Encoder weights that go with --bundle.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; beyond loopback, keys are needed.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Its port; 0 takes a free one.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep photos not answered surely in this folder.")] = None,
    without_keys: Annotated[bool, typer.Option("--open", help="Ask for no key, wherever it listens.")] = False,
) -> None:
    """Answer photos over HTTP, from the current release and those that follow it."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread searches, the encoders have the cores; read by NumPy
    from skuloop.commands import serve as serve_command

    serve_command.serve_photos(config, bundle, weights, host=host, port=port, keep=keep, without_keys=without_keys)


@app.command()
def webhook(*, config: Config = None) -> None:
    """Take hints of Label Studio that somebody answered, and have the answers pulled within the minute."""
    from skuloop.commands import webhook as webhook_command

    webhook_command.take_hints(config)


@keys_app.command("add")
def keys_add(*, name: str, config: Config = None) -> None:
    """Make a key of the HTTP API and show it, once."""
    from skuloop.commands import keys as keys_command

    keys_command.add(config, name)


@keys_app.command("list")
def keys_list(*, config: Config = None, as_json: AsJson = False) -> None:
    """Who holds a key of the HTTP API."""
    from skuloop.commands import keys as keys_command

    keys_command.list_all(config, as_json=as_json)


@keys_app.command("remove")
def keys_remove(*, name: str, config: Config = None) -> None:
    """Take a key away; running servers refuse it within seconds."""
    from skuloop.commands import keys as keys_command

    keys_command.remove(config, name)


@app.command()
def doctor(*, config: Config = None, as_json: AsJson = False) -> None:
    """Check the installation; every line that fails names its remedy."""
    from skuloop.commands import doctor as doctor_command

    raise typer.Exit(doctor_command.examine(config, as_json=as_json))


@app.command()
def up(config: Config = None) -> None:
    """Start Prefect's server and worker and the local Label Studio, and deploy; show where all of it is."""
    from skuloop.commands import up as up_command

    raise typer.Exit(up_command.up(config))


@app.command()
def down(config: Config = None) -> None:
    """Stop what `skuloop up` started."""
    from skuloop.commands import up as up_command

    up_command.down(config)


@app.command()
def maintenance(
    *,
    config: Config = None,
    label: Annotated[str | None, typer.Option(help="Name of the run; today's date by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compact database and vectors, compare ids with Label Studio, check snapshot and release, clear leftovers."""
    from skuloop.commands import run

    raise typer.Exit(run.run_maintenance(config, label, as_json=as_json))


@app.command()
def deploy(config: Config = None) -> None:
    """Deploy the flows with their schedules to Prefect, starting a local server if none answers."""
    from skuloop.commands import deploy as deploy_command

    deploy_command.deploy(config)


@labelling_app.command("start")
def labelling_start(*, config: Config = None, as_json: AsJson = False) -> None:
    """Start the local Label Studio, or find it running."""
    from skuloop.commands import labelling as labelling_command

    labelling_command.start(config, as_json=as_json)


@labelling_app.command("stop")
def labelling_stop(config: Config = None) -> None:
    """Stop the local Label Studio."""
    from skuloop.commands import labelling as labelling_command

    labelling_command.stop(config)


@labelling_app.command("open")
def labelling_open(config: Config = None) -> None:
    """Open the local Label Studio in the browser and show its login."""
    from skuloop.commands import labelling as labelling_command

    labelling_command.open_in_browser(config)


@labels_app.command("revert")
def labels_revert(
    *,
    annotator: Annotated[str, typer.Option(help="Whose labels, by the name that Label Studio shows.")],
    since: Annotated[str, typer.Option(help="ISO time: what was said then or later; without a zone, in yours.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be taken back.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Take back what one annotator said since a moment; their photos may be asked about again."""
    from skuloop.commands import labels as labels_command

    labels_command.revert(config, annotator, since, dry_run=dry_run, as_json=as_json)


@products_app.command("suggestions")
def products_suggestions(*, config: Config = None, as_json: AsJson = False) -> None:
    """Show the pairs of SKUs that may be one product and wait for a person."""
    from skuloop.commands import products as products_command

    products_command.show_suggestions(config, as_json=as_json)


@products_app.command("merge")
def products_merge(
    *,
    sku: Annotated[str, typer.Argument(help="The SKU that becomes another name.")],
    into: Annotated[str, typer.Argument(help="The SKU that stays.")],
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make a SKU a name of another product; its labels and offers follow."""
    from skuloop.commands import products as products_command

    products_command.merge(sku, into, config, as_json=as_json)


@products_app.command("refuse")
def products_refuse(*, sku: str, other: str, config: Config = None, as_json: AsJson = False) -> None:
    """Say that two SKUs are two products; they are not suggested again."""
    from skuloop.commands import products as products_command

    products_command.refuse(sku, other, config, as_json=as_json)


@products_app.command("undo")
def products_undo(*, sku: str, other: str, config: Config = None, as_json: AsJson = False) -> None:
    """Take back the last merge or refusal of two SKUs."""
    from skuloop.commands import products as products_command

    products_command.undo(sku, other, config, as_json=as_json)


@products_app.command("publish")
def products_publish(*, config: Config = None, as_json: AsJson = False) -> None:
    """Serve the products that came, and those no longer that went, without waiting for a night or a cycle."""
    from skuloop.commands import products as products_command

    raise typer.Exit(products_command.publish(config, as_json=as_json))


@products_app.command("withdraw")
def products_withdraw(*, sku: str, config: Config = None, as_json: AsJson = False) -> None:
    """Answer with a product no longer, from now on, whatever photos there are of it."""
    from skuloop.commands import products as products_command

    raise typer.Exit(products_command.withdraw(sku, config, restore=False, as_json=as_json))


@products_app.command("restore")
def products_restore(*, sku: str, config: Config = None, as_json: AsJson = False) -> None:
    """Take a withdrawal back."""
    from skuloop.commands import products as products_command

    raise typer.Exit(products_command.withdraw(sku, config, restore=True, as_json=as_json))


@source_app.command("release")
def source_release(*, name: str, config: Config = None, as_json: AsJson = False) -> None:
    """Let a source out of quarantine: what is held of it is taken in now, and is usual from then on."""
    from skuloop.commands import source as source_command

    source_command.release(name, config, as_json=as_json)


@source_app.command("add")
def source_add(
    *,
    place: Annotated[str, typer.Argument(help="Address of a shop, feed or bucket, or a file or folder.")],
    name: Annotated[str | None, typer.Option(help="What to call it; by default after its host or folder.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom the shop may write to; goes into the User-Agent.")] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="It is inside your own network, or on this machine.")
    ] = False,
    config: Config = None,
) -> None:
    """Find out what kind of source a place is, and write its block into skuloop.toml."""
    from skuloop.commands import sources

    raise typer.Exit(sources.add(config, place, name, contact, allow_private=allow_private))


@source_app.command("list")
def source_list(*, config: Config = None, as_json: AsJson = False) -> None:
    """The sources of the settings."""
    from skuloop.commands import sources

    sources.list_all(config, as_json=as_json)


@source_app.command("test")
def source_test(
    *,
    name: Annotated[str, typer.Argument(help="Name of a source.")],
    items: Annotated[int, typer.Option(min=1, help="How many products or photos to read.")] = 12,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show the first items of a source as a table and a contact sheet; nothing is kept."""
    from skuloop.commands import trial

    raise typer.Exit(trial.try_out(config, name, items, as_json=as_json))
