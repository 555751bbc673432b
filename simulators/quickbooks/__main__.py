"""`python -m simulators.quickbooks`."""

from dataclasses import replace

import click

from simulators.clock import Clock
from simulators.command_line import Options, command, set_switches
from simulators.quickbooks.app import create_simulator
from simulators.quickbooks.facts.localities import LOCALITIES, US
from simulators.quickbooks.founding.new_company import Plan
from simulators.quickbooks.switches import Switches
from simulators.server import serve


@command("QuickBooks Online", "QUICKBOOKS_SIMULATOR_PORT", 8081)
@click.option(
    "--country",
    "countries",
    multiple=True,
    default=(US,),
    show_default=True,
    type=click.Choice(list(LOCALITIES)),
    help="Where the companies are; may be repeated, the last counts for the rest.",
)
@click.option("--automated-sales-tax", is_flag=True, help="US companies have it on and set up.")
@click.option("--multicurrency", is_flag=True, help="The companies have it on.")
def main(options: Options, countries: tuple[str, ...], automated_sales_tax: bool, multicurrency: bool) -> None:
    plans = [Plan(country, automated_sales_tax and country == US, multicurrency) for country in countries]
    options = replace(options, companies=max(options.companies, len(countries)))
    simulator = create_simulator(options, set_switches(Switches(), options.switches), Clock(), plans)
    serve(simulator.app, options.port, "QuickBooks Online simulator", simulator.close)


if __name__ == "__main__":
    main()
