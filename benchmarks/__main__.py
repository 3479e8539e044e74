"""`python -m benchmarks [name ...]`: measure the promises, each in a process of its own.

On stdout one line a promise, `name ratio`; on stderr how it came about and whether the promise is kept. The exit code
is 1 where one is not.
"""

import subprocess
import sys

from benchmarks.promises import PROMISES


def main(wanted: list[str]) -> int:
    known = [promise.name for promise in PROMISES]
    if unknown := sorted(set(wanted) - set(known)):
        print(f"There is no promise {', '.join(unknown)}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    names = [name for name in known if not wanted or name in wanted]
    codes = [subprocess.run([sys.executable, "-m", "benchmarks.one", name], check=False).returncode for name in names]
    return int(any(codes))


sys.exit(main(sys.argv[1:]))
