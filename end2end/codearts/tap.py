"""One line for each thing that was checked, and comparing what the SDK made of an answer with the answer."""

import json
import sys
import traceback

_failed = 0


def check(what, holds, why=""):
    """Prints whether something holds."""
    global _failed
    if holds:
        print(f"ok - {what}", flush=True)
    else:
        _failed += 1
        print(f"not ok - {what}", flush=True)
        for line in str(why).splitlines():
            print(f"# {line}", flush=True)
    return bool(holds)


def same(what, expected, actual):
    """Prints whether both are equal."""
    return check(what, expected == actual, f"expected: {expected!r}\nactual:   {actual!r}")


def part(test):
    """Runs a function; what it raises is a failure of its own, and the rest goes on."""
    try:
        return test()
    except Exception:  # noqa: BLE001
        check(test.__name__, False, traceback.format_exc())
        return None


def finish():
    """Ends with the right exit code."""
    sys.exit(1 if _failed else 0)


def raw(response):
    """The answer as it was on the wire."""
    return json.loads(response.raw_content)


def agree(what, response):
    """Whether the SDK knows every field that was sent, was sent every field that it knows, and read each as it is."""
    body = raw(response)
    if isinstance(body, list):
        body = {"body": body}
    found = []
    _compare(response, body, "", found)
    check(f"{what}: the fields are those of the SDK", not found, "\n".join(found))
    return body


def _compare(model, body, at, found):
    known = dict(model.attribute_map)
    for key in sorted(set(body) - set(known.values())):
        found.append(f"{at}.{key} is not known to the SDK")
    for attribute, key in known.items():
        if key not in body:
            # Those that the SDK adds to every answer.
            if key not in ("X-Request-Id", "body"):
                found.append(f"{at}.{key} is missing")
            continue
        _value(getattr(model, attribute), body[key], f"{at}.{key}", found)


def _value(read, sent, at, found):
    if hasattr(read, "attribute_map") and isinstance(sent, dict):
        _compare(read, sent, at, found)
    elif isinstance(sent, list):
        if (read or []) == [] and sent == []:
            return
        if not isinstance(read, list) or len(read) != len(sent):
            found.append(f"{at}: {sent!r} was read as {read!r}")
            return
        for n, (one, other) in enumerate(zip(read, sent)):
            _value(one, other, f"{at}[{n}]", found)
    elif sent is None or isinstance(sent, (bool, dict)):
        if read != sent:
            found.append(f"{at}: {sent!r} was read as {read!r}")
    elif str(read) != str(sent) and not (isinstance(sent, (int, float)) and float(read) == sent):
        found.append(f"{at}: {sent!r} was read as {read!r}")


def typed(what, body, types):
    """Whether the fields of an object are exactly these, of these types on the wire; `None` among them may be null."""
    found = [f"{key} is not in the contract" for key in body if key not in types]
    for key, wanted in types.items():
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        if key not in body:
            found.append(f"{key} is missing")
        elif not any(body[key] is None if one is None else type(body[key]) is one for one in wanted):
            found.append(f"{key} is {body[key]!r}")
    check(f"{what}: each field has its type", not found, "\n".join(found))


def refused(what, status, code, call):
    """Whether a call is refused so; the SDK's exception is returned."""
    from huaweicloudsdkcore.exceptions import exceptions

    try:
        response = call()
    except exceptions.ServiceResponseException as error:
        same(what, (status, code), (error.status_code, error.error_code))
        check(f"{what}: it says why", bool(error.error_msg) and bool(error.request_id), f"{error.error_msg!r} {error.request_id!r}")
        return error
    check(what, False, f"it was answered: {response}")
    return None
