"""Checks one after the other, a line for each: what the scripts beside this folder share."""

import sys
import traceback

count = failed = 0


def check(what):
    """Runs a function at once, as one line."""

    def run(function):
        global count, failed
        count += 1
        try:
            function()
        except Exception:
            failed += 1
            print(f"not ok {count} - {what}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        else:
            print(f"ok {count} - {what}")
        sys.stdout.flush()

    return run


def same(got, expected):
    assert got == expected, f"{got!r} is not {expected!r}"


def refused(error, status, message, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except error as refusal:
        same(refusal.response_code, status)
        if message is not None:
            same(refusal.error_message, message)
    else:
        raise AssertionError("nothing was refused")


def finish():
    """Says how many there were, and ends as they did."""
    print(f"1..{count}")
    sys.exit(1 if failed else 0)
