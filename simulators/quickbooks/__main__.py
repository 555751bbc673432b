"""`python -m simulators.quickbooks`."""

from simulators.clock import Clock
from simulators.command_line import Options, command, set_switches
from simulators.quickbooks.app import create_simulator
from simulators.quickbooks.switches import Switches
from simulators.server import serve


@command("QuickBooks Online", "QUICKBOOKS_SIMULATOR_PORT", 8081)
def main(options: Options) -> None:
    simulator = create_simulator(options, set_switches(Switches(), options.switches), Clock())
    serve(simulator.app, options.port, "QuickBooks Online simulator", simulator.close)


if __name__ == "__main__":
    main()
