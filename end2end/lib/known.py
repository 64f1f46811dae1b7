"""Makes the OpenAPI document of stdin one to test with: names in addresses become such as there are on this server.

Usage: known.py '{"/jobs/{job}": ["1", "no"], ...}' [nobody] < openapi.json
A key is the end of an address up to the name. What would hold a request for long is left out. For nobody, no good
answer is left where the document asks for somebody.
"""

import json
import sys

HELD = {"#/components/parameters/Prefer"}


def known(path, name, values):
    """The values of a name in an address; those of the longest key that fits."""
    here = path[: path.index("{" + name + "}") + len(name) + 2]
    fitting = [key for key in values if here.endswith(key)]
    return values[max(fitting, key=len)] if fitting else None


def main():
    values = json.loads(sys.argv[1])
    document = json.load(sys.stdin)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if "nobody" in sys.argv[2:] and {} not in (operation.get("security") or [{}]):
                answers = operation["responses"].items()
                operation["responses"] = {status: one for status, one in answers if not status.startswith("2")}
            kept = [one for one in operation["parameters"] if one.get("$ref") not in HELD and one.get("name") != "follow"]
            operation["parameters"] = kept
            for one in kept:
                choice = known(path, one["name"], values) if one.get("in") == "path" else None
                if choice is not None:
                    number = one["schema"]["type"] == "integer"
                    one["schema"] = {"type": one["schema"]["type"], "enum": [int(it) if number else it for it in choice]}
    json.dump(document, sys.stdout)


main()
