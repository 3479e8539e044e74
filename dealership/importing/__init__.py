"""CSV in: contacts, vehicles, invoices and payments.

    bytes -> reading -> Sheet -> plan + building (or a profile) -> candidates and problems
          -> storing -> records and events; working keeps the file's state and its checkpoint

Nothing is guessed that could be read in two ways, every fault is named by row and column, and the same rows
imported twice change nothing.
"""

from dealership.importing.problems import Problem, Unreadable, by_reason
from dealership.importing.reading import Sheet, read
from dealership.importing.report import error_file
from dealership.importing.working import change, plan_of, purge, queue, run, sheet_of, upload, work_queued

__all__ = [
    "Problem",
    "Sheet",
    "Unreadable",
    "by_reason",
    "change",
    "error_file",
    "plan_of",
    "purge",
    "queue",
    "read",
    "run",
    "sheet_of",
    "upload",
    "work_queued",
]
