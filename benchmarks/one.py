"""`python -m benchmarks.one <name>`: one promise, in this process."""

import importlib
import sys

from benchmarks import stage
from benchmarks.promises import BY_NAME, Skipped


def main(name: str) -> int:
    promise = BY_NAME[name]
    module, _, function = promise.measure.partition(".")
    try:
        with stage.opened(limits=promise.limits, engine=promise.engine) as made:
            # Only now: what measures imports models, and those want the stage's settings.
            ratio: float = getattr(importlib.import_module(f"benchmarks.{module}"), function)(made)
    except Skipped as reason:
        stage.tell(f"{name}: skipped, {reason}")
        return 0
    print(f"{name} {ratio:.3f}", flush=True)
    kept = promise.is_kept(ratio)
    stage.tell(f"{name}: {'PASS' if kept else 'OVER' if not promise.at_least else 'UNDER'} ({promise.bound})")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
