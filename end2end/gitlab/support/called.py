"""Whether a real client has called every endpoint of endpoints.txt and was answered with its status of success. WEIR_CALLS
names the file in which support/checks.py noted each request of python-gitlab."""

import os
import re
from pathlib import Path

from checks import check, finish


def pattern(path):
    """The path of an endpoint as a pattern: `:name` is one part, `*name` one or more."""
    parts = [r"[^/]+" if part[0] == ":" else ".+" if part[0] == "*" else re.escape(part) for part in path[1:].split("/")]
    return re.compile("/api/v4/" + "/".join(parts))


endpoints = [line.split() for line in Path(__file__).with_name("endpoints.txt").read_text().splitlines() if line[0] != "#"]
calls = {tuple(line.split(" ", 2)) for line in Path(os.environ["WEIR_CALLS"]).read_text().splitlines()}
# `latest`, `self`, `all` and the like are endpoints of their own before they are somebody's number.
fixed = {(method, path) for _, method, path, _ in endpoints if ":" not in path.rsplit("/", 1)[-1]}

for number, method, path, statuses in endpoints:

    @check(f"{number} was called: {method} {path}")
    def _():
        others = [pattern(other) for kind, other in fixed if kind == method and other != path]
        for status, asked, called in calls:
            if asked == method and status in statuses.split("|") and pattern(path).fullmatch(called):
                if not any(other.fullmatch(called) for other in others):
                    return
        raise AssertionError("no client of the scripts was answered so")


finish()
