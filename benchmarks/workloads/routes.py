"""Route tables of any size, a quarter of each kind, and the paths that are looked up in them."""

PATHS = {
    "static": "/area{}/static",
    "one parameter": "/area{}/one/42",
    "two parameters": "/area{}/two/ada/42",
    "miss": "/area{}/one/42/none",
}

PARAMS = {
    "static": {},
    "one parameter": {"id": 42},
    "two parameters": {"name": "ada", "id": 42},
}

_KINDS = ("static", "one/{{id:int}}", "two/{{name}}/{{id:int}}", "{{name}}")


def templates(count):
    """*count* templates."""
    return [f"/area{index // 4}/" + _KINDS[index % 4].format() for index in range(count)]


def path(count, kind):
    """A path of *kind* in the middle of a table of *count*."""
    return PATHS[kind].format(count // 8)
