"""Sends bodies of the wrong type to every operation that takes one; prints those that were answered with a fault.

Usage: odd_bodies.py URL TOKEN < openapi.json, with the names of known.py in it.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

ODD = [b"", b"null", b"true", b"3", b'"text"', b"[]", b"[1]", b"{", b"\xff\x00"]


def answered(method, address, body, token):
    request = urllib.request.Request(address, data=body, method=method)
    request.add_header("PRIVATE-TOKEN", token)
    request.add_header("Content-Type", "application/json")
    try:
        return urllib.request.urlopen(request, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


def main():
    base, token = sys.argv[1:]
    document = json.load(sys.stdin)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            # No body at all is fine for that, and the token that asks would be over.
            if "requestBody" not in operation or operation["operationId"] == "own_token_rotate":
                continue
            address = base + path
            for one in operation["parameters"]:
                if one.get("in") == "path":
                    value = one["schema"].get("enum") or one["schema"]["examples"]
                    address = address.replace("{" + one["name"] + "}", urllib.parse.quote(str(value[0]), safe=""))
            for body in ODD:
                status = answered(method.upper(), address, body, token)
                if status >= 500:
                    print(f"{method.upper()} {address} {body!r}: {status}")


main()
