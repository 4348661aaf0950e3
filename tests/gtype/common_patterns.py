"""Fifty patterns that people write to check texts, from public collections, and how each is judged.

Where a source has them between slashes, with flags or without anchors, they stand here as they are checked in Python.
Names as `owner/name` are repositories on GitHub.
"""

from typing import NamedTuple

TAKEN, SHORT, REFUSED = "taken", "taken in short texts", "refused"


class Common(NamedTuple):
    """A pattern that people write.

    Attributes:
        max_length: how many characters its author would allow.
        verdict: `TAKEN` for texts of any length; `SHORT`, only for those of up to *max_length*; or `REFUSED` even then.
        attack: a text that takes many steps: too many, unless the pattern is taken. If it is refused even in short
            texts, this is one of them.
    """

    name: str
    source: str
    pattern: str
    max_length: int
    verdict: str
    attack: str


COMMON = [
    Common("user name", "ihateregex.io", r"^[a-z0-9_-]{3,15}$", 15, TAKEN, "a" * 600),
    Common("handle", "stackoverflow.com/q/8650007", r"^@?(\w){1,15}$", 16, TAKEN, "@" + "a" * 600),
    Common("letters", "asaskevich/govalidator", r"^[a-zA-Z]+$", 50, TAKEN, "a" * 600 + "!"),
    Common("letters at the end", "Breato format.js", r"[a-z]+$", 200, SHORT, "a" * 600 + "!"),
    Common("letters and digits", "any86/any-rule", r"^[A-Za-z0-9]+$", 50, TAKEN, "a" * 600 + "!"),
    Common("identifier", "ihateregex.io", r"^[a-zA-Z_][0-9a-zA-Z_]*$", 64, TAKEN, "a" * 600 + "!"),
    Common("slug", "ihateregex.io", r"^[a-z0-9]+(?:-[a-z0-9]+)*$", 64, TAKEN, "a-" * 300),
    Common("slug of Django", "django/django validators.py", r"^[-a-zA-Z0-9_]+\Z", 50, TAKEN, "a" * 600 + "!"),
    Common("name of a person", "lists of regular expressions for names",
        r"^[a-zA-Z]+(([',. -][a-zA-Z ])?[a-zA-Z]*)*$", 60, REFUSED, "a" * 14 + "!"),
    Common("anything", "Jinmo/idapkg-api", r"^(.*)$", 1000, TAKEN, "a" * 600 + "\n\n"),
    Common("no spaces around", "Stack Overflow's outage of 2016", r"^[\s\u200c]+|[\s\u200c]+$", 200, SHORT,
        "a" + " " * 600 + "a"),
    Common("integer", "django/django validators.py", r"^-?\d+\Z", 20, TAKEN, "1" * 600 + "!"),
    Common("integers", "django/django validators.py", r"^\d+(?:,\d+)*\Z", 200, TAKEN, "1," * 300),
    Common("number", "regular-expressions.info", r"^[-+]?[0-9]*\.?[0-9]+$", 20, SHORT, "1" * 600 + "!"),
    Common("amount of money", "any86/any-rule", r"^-?\d+(,\d{3})*(\.\d{1,2})?$", 20, TAKEN, "1" + ",111" * 150 + "!"),
    Common("e-mail", "regular-expressions.info", r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$", 254, TAKEN,
        "a@" + "a." * 300),
    Common("e-mail of browsers", "html.spec.whatwg.org, valid e-mail address",
        r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
        r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$", 254, TAKEN, "a@" + ("a" * 63 + ".") * 9),
    Common("e-mail of OWASP", "OWASP Validation Regex Repository",
        r"^[a-zA-Z0-9_+&*-]+(?:\.[a-zA-Z0-9_+&*-]+)*@(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,7}$", 254, TAKEN,
        "a@" + "a." * 300),
    Common("e-mail of RFC 5322", "emailregex.com",
        r'^(([^<>()[\]\\.,;:\s@"]+(\.[^<>()[\]\\.,;:\s@"]+)*)|(".+"))'
        r"@((\[[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\])|(([a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,}))$", 254, TAKEN,
        '"' + '"@a.' * 150),
    Common("e-mail, simple", "stackoverflow.com/a/9204568", r"^[^\s@]+@[^\s@]+\.[^\s@]+$", 254, SHORT,
        "a@" + "." * 600 + "@"),
    Common("e-mail, simplest", "stackoverflow.com/a/9204568", r"^\S+@\S+\.\S+$", 254, REFUSED,
        "@" * 60 + "." * 60 + "a" * 60 + " "),
    Common("URL", "stackoverflow.com/a/3809435",
        r"https?:\/\/(www\.)?[-a-zA-Z0-9@:%._\+~#=]{1,256}\.[a-zA-Z0-9()]{1,6}\b([-a-zA-Z0-9()@:%_\+.~#?&//=]*)", 2083,
        TAKEN, "http://" + "http://" * 100 + "a" * 300),
    Common("URL, famous", "Envato Tuts+, 8 regular expressions you should know",
        r"^(https?:\/\/)?([\da-z\.-]+)\.([a-z\.]{2,6})([\/\w \.-]*)*\/?$", 2083, REFUSED, "a.aa" + "a" * 14 + "!"),
    Common("URL or domain", "any86/any-rule",
        r"^(((ht|f)tps?):\/\/)?[\w-]+(\.[\w-]+)+([\w.,@?^=%&:/~+#-]*[\w@?^=%&/~+#-])?$", 2083, REFUSED,
        "a." * 300 + "!"),
    Common("domain", "colinhacks/zod regexes.ts",
        r"^(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])\.)+"
        r"([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9\-]*[A-Za-z0-9])$", 253, TAKEN, "a" * 600 + "!"),
    Common("label of Kubernetes", "kubernetes.io, RFC 1123 label names", r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", 63, TAKEN,
        "a" * 600 + "!"),
    Common("IPv4", "ajv-validator/ajv-formats",
        r"^(?:(?:25[0-5]|2[0-4]\d|[01]?\d\d?)\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d\d?)$", 15, TAKEN, "111.111.111.111!"),
    Common("IPv4 anywhere", "ihateregex.io",
        r"(25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)(\.(25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)){3}", 15, TAKEN,
        "111.111.111!" * 50),
    Common("IPv6", "colinhacks/zod regexes.ts",
        r"^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|::|([0-9a-fA-F]{1,4})?::([0-9a-fA-F]{1,4}:?){0,6})$", 45, REFUSED,
        "::" + "a" * 19 + "!"),
    Common("MAC address", "ihateregex.io", r"^[a-fA-F0-9]{2}(:[a-fA-F0-9]{2}){5}$", 17, TAKEN, "aa:" * 200),
    Common("UUID", "colinhacks/zod regexes.ts",
        r"^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$", 36, TAKEN, "a" * 600),
    Common("version", "semver.org",
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
        r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$", 64, TAKEN,
        "1.1.1-" + "1" * 600 + "!"),
    Common("colour", "asaskevich/govalidator", r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", 7, TAKEN, "a" * 600),
    Common("date", "devblacksmith.com/regex-patterns", r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", 10, TAKEN,
        "2000-01-011"),
    Common("time", "any86/any-rule", r"^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$", 8, TAKEN, "00:00:000"),
    Common("date and time", "ajv-validator/ajv-formats",
        r"(?i)^\d\d\d\d-[0-1]\d-[0-3]\d[t\s](?:[0-2]\d:[0-5]\d:[0-5]\d|23:59:60)(?:\.\d+)?(?:z|[+-]\d\d(?::?\d\d)?)$",
        35, TAKEN, "2000-01-01T00:00:00." + "1" * 600),
    Common("duration", "colinhacks/zod regexes.ts",
        r"^P(?:(\d+W)|(?!.*W)(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$", 40, TAKEN,
        "P" + "1" * 600),
    Common("phone", "ihateregex.io", r"^[\+]?[(]?[0-9]{3}[)]?[-\s\.]?[0-9]{3}[-\s\.]?[0-9]{4,6}$", 20, TAKEN,
        "1" * 600),
    Common("phone, E.164", "colinhacks/zod regexes.ts", r"^\+(?:[0-9]){6,14}[0-9]$", 16, TAKEN, "+" + "1" * 600),
    Common("phone anywhere", "json-schema.org, regular expressions", r"[0-9]{3}-[0-9]{4}", 20, TAKEN, "111-111" * 90),
    Common("ZIP code", "OWASP Validation Regex Repository", r"^\d{5}(-\d{4})?$", 10, TAKEN, "1" * 600),
    Common("credit card", "asaskevich/govalidator",
        r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
        r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$", 19, TAKEN, "4" * 600),
    Common("ISBN", "validatorjs/validator.js", r"^(?:[0-9]{9}X|[0-9]{10})$", 10, TAKEN, "1" * 600),
    Common("IBAN", "codepal.ai", r"^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$", 34, TAKEN, "DE" + "1" * 600),
    Common("JSON Web Token", "regexvault.io", r"^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$", 4096, TAKEN,
        "a.a." + "a" * 600 + "!"),
    Common("Base64", "colinhacks/zod regexes.ts",
        r"^([0-9a-zA-Z+/]{4})*(([0-9a-zA-Z+/]{2}==)|([0-9a-zA-Z+/]{3}=))?$", 4096, TAKEN, "a" * 600 + "!"),
    Common("password", "ihateregex.io", r"^(?=.*?[A-Z])(?=.*?[a-z])(?=.*?[0-9])(?=.*?[#?!@$ %^&*-]).{8,}$", 128, TAKEN,
        "Aa1" + "a" * 600),
    Common("latitude, longitude", "ihateregex.io", r"^((\-?|\+?)?\d+(\.\d+)?),\s*((\-?|\+?)?\d+(\.\d+)?)$", 40, TAKEN,
        "1" * 600),
    Common("crontab", "errorhandle.ai",
        r"^(\*|([0-5]?[0-9])) (\*|([0-1]?[0-9]|2[0-3])) (\*|([1-9]|[12][0-9]|3[01])) (\*|([1-9]|1[0-2])) (\*|([0-6]))$",
        20, TAKEN, "11 11 11 11 1 "),
    Common("HTML tag", "any86/any-rule", r"<(\w+)[^>]*>(.*?<\/\1>)?", 200, SHORT, "<a" * 400),
]  # fmt: skip

# Refused in texts of up to so many characters, although no such text takes too many steps.
TOO_STRICT = [
    # As stackoverflow.com/a/3809435, but anchored: up to 128 steps, since the dots are among the first 256 characters.
    (r"^https?://(www\.)?[-a-zA-Z0-9@:%._\+~#=]{1,256}\.[a-zA-Z0-9()]{1,6}\b([-a-zA-Z0-9()@:%_\+.~#?&//=]*)$", 2083),
    # ihateregex.io: n / 2 steps for each of n characters, since a dot after the "@" makes it succeed.
    (r"[^@ \t\r\n]+@[^@ \t\r\n]+\.[^@ \t\r\n]+", 254),
    # any86/any-rule: a character that is not repeated is read once.
    (r"(.)\1+", 2083),
    # Without `$` it succeeds at once.
    (r"^(\w+\s?)*", 64),
]
