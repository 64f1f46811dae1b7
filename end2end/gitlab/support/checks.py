"""Checks one after the other, a line for each: what the scripts beside this folder share."""

import os
import sys
import traceback
from urllib.parse import urlsplit

import requests

count = failed = 0


def note_calls(path):
    """Notes the status, the method and the path of every request that clients in this process make."""
    send = requests.Session.send

    def noting(session, request, **named):
        answer = send(session, request, **named)
        with open(path, "a", encoding="utf-8") as calls:
            calls.write(f"{answer.status_code} {request.method} {urlsplit(request.url).path}\n")
        return answer

    requests.Session.send = noting


if "WEIR_CALLS" in os.environ:
    note_calls(os.environ["WEIR_CALLS"])


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
