"""`python -m connectors.simulator`."""

import argparse

from connectors.simulator.server import add_arguments, run

parser = argparse.ArgumentParser(prog="python -m connectors.simulator", description=__doc__)
add_arguments(parser)
run(vars(parser.parse_args()))
