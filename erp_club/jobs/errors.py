"""Refusals about jobs."""

from erp_club.kernel.errors import Conflict, FieldError, Forbidden, NotFound
from erp_club.kernel.text import T


def no_job(name: str) -> NotFound:
    """There is no such job."""
    return NotFound(T("There is no job named %(name)s.", name=name), code="job-unknown")


def not_by_hand(name: str) -> Conflict:
    """The job begins only where something is asked for."""
    return Conflict(
        T("The job %(name)s begins by itself when something is asked for; it isn't run by hand.", name=name),
        code="job-not-by-hand",
    )


def no_run() -> NotFound:
    """There is no such run."""
    return NotFound(T("There is no such run."), code="job-run-unknown")


def not_open() -> Conflict:
    """The run has ended."""
    return Conflict(T("This run has ended already; there is nothing to stop."), code="job-run-ended")


def not_resumable() -> Conflict:
    """The run neither was stopped nor has failed."""
    return Conflict(T("Only a run that was stopped or has failed can be resumed."), code="job-run-not-resumable")


def open_already() -> Conflict:
    """Another run is at the same work."""
    return Conflict(
        T("Another run of this job for the same day is at work. Wait for its end, then resume this one."),
        code="job-run-open",
    )


def no_undo() -> Conflict:
    """The run can't be undone."""
    return Conflict(
        T("Only a finished run that wasn't a dry run can be undone, and only of a job that can undo."),
        code="job-run-no-undo",
    )


def nothing_to_approve() -> Conflict:
    """The run doesn't wait for anybody."""
    return Conflict(T("This run doesn't wait for an approval, or not any more."), code="job-run-not-waiting")


def second_person() -> Forbidden:
    """Whoever stands behind the run doesn't approve it."""
    return Forbidden(
        T("Somebody else than who asked for it, set it up or approved it before must approve it."),
        code="second-person-needed",
    )


def too_early() -> FieldError:
    """A real run is for a day that has come."""
    return FieldError("as_of", T("Only a dry run can be done for a day that is still to come."))
