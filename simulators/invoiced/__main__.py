"""`python -m simulators.invoiced`."""

from simulators.clock import Clock
from simulators.command_line import Options, command, set_switches
from simulators.invoiced.app import create_simulator
from simulators.invoiced.switches import Switches
from simulators.server import serve


@command("Invoiced", "INVOICED_SIMULATOR_PORT", 8082)
def main(options: Options) -> None:
    simulator = create_simulator(options, set_switches(Switches(), options.switches), Clock())
    serve(simulator.app, options.port, "Invoiced simulator", simulator.close)


if __name__ == "__main__":
    main()
