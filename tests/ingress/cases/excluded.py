"""What has no row in the case table: held of every answer instead, or left out, with the reason."""

from __future__ import annotations

__all__ = ("ALWAYS", "EXCLUDED", "SECTIONS_WITH_A_MUST")

ALWAYS: tuple[tuple[str, str, str], ...] = (
    ("RFC 9110, 2.2", "what is sent matches the grammar", "check_heads"),
    ("RFC 9110, 5.3", "no line of a field that is no list is sent twice", "check_framing"),
    ("RFC 9110, 5.6.3", "no bad whitespace is sent", "check_heads"),
    ("RFC 9110, 5.6.7", "dates are sent as IMF-fixdate, without further whitespace", "check_dates"),
    ("RFC 9110, 6.2", "answers name a version that is spoken here, HTTP/1.1", "check_heads"),
    ("RFC 9110, 6.6.1", "a 2xx, 3xx or 4xx has a Date", "check_dates"),
    ("RFC 9110, 8.6", "a 1xx or 204 has no Content-Length", "check_framing"),
    ("RFC 9110, 9.1", "GET and HEAD are supported", "check_handlers"),
    ("RFC 9112, 2.2", "no bare CR is sent, nor whitespace before the first field", "check_heads"),
    ("RFC 9112, 4", "a space stands behind the status code", "check_heads"),
    ("RFC 9112, 5.2", "no folded line is sent", "check_heads"),
    ("RFC 9112, 6.1", "a 1xx or 204 has no Transfer-Encoding, nor an answer to HTTP/1.0", "check_framing"),
    ("RFC 9112, 6.2", "no length is sent beside a coding", "check_framing"),
    ("RFC 9112, 6.3", "an answer with content says where it ends", "check_framing"),
    ("RFC 9112, 9.3.2", "answers come in the order of their requests", "check_handlers"),
    ("RFC 9112, 9.6", "an answer with close is the last, and the connection is closed behind it", "check_end"),
)
"""Section, requirement, and the function of `test_cases.py` that holds it of every answer to every case."""

_CLIENT = "a client's"
_UPSTREAM = "a proxy's, gateway's or cache's: this is an origin server, which forwards nothing"
_TLS = "TLS ends before this server"
_UPGRADE = "no protocol is switched to: offers are ignored, as rows under 7.8 hold"
_APP = "the application's: what a resource is, no ingress knows"
_NO_FIELD = "the ingress generates no such field; what an application sends is its own"
_AUTHORS = "binds who writes specifications and registrations"

EXCLUDED: tuple[tuple[str, str, str], ...] = (
    # RFC 9110
    ("RFC 9110, 2.2", "a sender keeps to the syntax of its own role", "an ingress sends nothing but answers"),
    ("RFC 9110, 2.3", "a recipient copes with lengths that it sends itself", "its own values are far below each limit"),
    ("RFC 9110, 2.4", "elements are interpreted as they are specified", "what all rows say together"),
    ("RFC 9110, 3.3", "two requests on one connection may be of two users", "nothing is kept; tested as contexts"),
    ("RFC 9110, 4.2.1", "no http URI without a host is sent", "the ingress sends no URI"),
    ("RFC 9110, 4.2.2", "no https URI without a host is sent", "the ingress sends no URI"),
    ("RFC 9110, 4.2.2", "requests for https are secured", _CLIENT),
    ("RFC 9110, 4.2.4", "no URI with a user is sent", "the ingress sends no URI"),
    ("RFC 9110, 4.3.4", "the certificate fits the origin", _TLS),
    ("RFC 9110, 5.1", "fields that are not known are forwarded", _UPSTREAM),
    ("RFC 9110, 5.3", "lines of one name keep their order when forwarded", _UPSTREAM),
    ("RFC 9110, 5.6.1.1", "no empty element of a list is sent", _NO_FIELD),
    ("RFC 9110, 5.6.1.2", "empty elements of Transfer-Encoding are ignored", "400 on purpose: servers differ there"),
    ("RFC 9110, 5.6.4", "a quoted pair stands for its second character", "no quoted string's value is used here"),
    ("RFC 9110, 5.6.7", "a recipient reads the three formats of dates", _APP),
    ("RFC 9110, 5.6.7", "a year of two digits is at most 50 years ahead", _APP),
    ("RFC 9110, 6", "a response is read with its request in mind", _CLIENT),
    ("RFC 9110, 6.2", "no version is sent that the client does not speak", _CLIENT),
    ("RFC 9110, 6.5.1", "no trailer is sent that its field does not permit", "the ingress sends no trailers"),
    ("RFC 9110, 6.5.2", "trailers that may come twice are lists", _AUTHORS),
    ("RFC 9110, 6.6.1", "a server without a clock sends no Date", "it has a clock"),
    ("RFC 9110, 6.6.1", "a response without a Date gets one when stored", _UPSTREAM),
    ("RFC 9110, 7.2", "each request has a Host", _CLIENT),
    (
        "RFC 9110, 7.4",
        "requests for https over a connection without TLS are refused",
        f"{_TLS}; its gateway is trusted",
    ),
    ("RFC 9110, 7.6", "Connection is heeded when forwarding, and loops are avoided", _UPSTREAM),
    ("RFC 9110, 7.6.1", "fields about the connection are listed in Connection", "it sends none but Connection itself"),
    ("RFC 9110, 7.6.1", "fields listed in Connection are not forwarded", _UPSTREAM),
    ("RFC 9110, 7.6.1", "no option is sent that names a field for all recipients", "it sends none but close"),
    ("RFC 9110, 7.6.2", "Max-Forwards is checked and decreased", _UPSTREAM),
    ("RFC 9110, 7.6.3", "Via is sent and not falsified", _UPSTREAM),
    ("RFC 9110, 7.7", "hosts, paths and marked content are not transformed", _UPSTREAM),
    ("RFC 9110, 7.8", "a 101 names what is switched to, and that was offered", _UPGRADE),
    ("RFC 9110, 7.8", "nothing is switched to that cannot honour the request", _UPGRADE),
    ("RFC 9110, 7.8", "100 is sent before 101", _UPGRADE),
    ("RFC 9110, 7.8", "a 426 and each Upgrade that is sent name protocols, listed in Connection", _UPGRADE),
    ("RFC 9110, 8.3.3", "CRLF stands between the parts of a body", _APP),
    ("RFC 9110, 8.4", "Content-Encoding lists what was applied", "the ingress applies no content coding"),
    (
        "RFC 9110, 8.6",
        "the length in an answer to HEAD is that of GET",
        "the router answers HEAD; tested there",
    ),
    ("RFC 9110, 8.6", "the length in a 304 is that of the 200", _APP),
    ("RFC 9110, 8.6", "a 2xx to CONNECT has no length", "CONNECT is never accepted"),
    ("RFC 9110, 8.6", "no message is forwarded with a wrong or malformed length", _UPSTREAM),
    ("RFC 9110, 8.7", "Content-Location of a request is only its context", _APP),
    ("RFC 9110, 8.8.2.1", "Last-Modified is not in the future", _APP),
    ("RFC 9110, 8.8.3", "an entity tag that is not strong is marked as weak", _APP),
    ("RFC 9110, 9.2.1", "safe methods do nothing that is not safe", _APP),
    ("RFC 9110, 9.2.2", "requests that are not idempotent are not sent again", _UPSTREAM),
    ("RFC 9110, 9.3.4", "what PUT did is told by its status, its validators or a redirection", _APP),
    ("RFC 9110, 9.3.6", "CONNECT names a port", _CLIENT),
    ("RFC 9110, 9.3.6", "a 2xx to CONNECT has neither length nor coding, and its tunnel is closed", "never accepted"),
    ("RFC 9110, 9.3.7", "OPTIONS with content says its type", _CLIENT),
    ("RFC 9110, 9.3.7", "Max-Forwards of OPTIONS is not made up", _UPSTREAM),
    ("RFC 9110, 9.3.8", "TRACE has no content and no secrets", _CLIENT),
    ("RFC 9110, 10.1.1", "100-continue is sent with content, by who waits for it", _CLIENT),
    ("RFC 9110, 10.1.1", "100-continue is answered or forwarded at once", _UPSTREAM),
    ("RFC 9110, 10.1.1", "a status that needs no body comes in place of 100", "the router's to know; tested with it"),
    ("RFC 9110, 10.1.3", "Referer has no fragment, no user and no secret", _CLIENT),
    ("RFC 9110, 10.1.4", "TE is listed in Connection", "sent by clients and proxies"),
    ("RFC 9110, 10.1.5", "products are named without advertising", "the ingress names no product: it sends no Server"),
    ("RFC 9110, 10.2.1", "a 405 has Allow", "the router's, which knows the methods; tested there"),
    ("RFC 9110, 10.2.1", "Allow is not changed", _UPSTREAM),
    ("RFC 9110, 10.2.2", "a redirection inherits the fragment", _CLIENT),
    ("RFC 9110, 11.2", "a parameter stands once in a challenge", _APP),
    ("RFC 9110, 11.5", "a realm is quoted", _APP),
    ("RFC 9110, 11.6.1", "a 401 has a challenge", _APP),
    ("RFC 9110, 11.6.1", "challenges are not changed", _UPSTREAM),
    ("RFC 9110, 11.6.2", "credentials are not changed", _UPSTREAM),
    ("RFC 9110, 11.7.1", "a 407 has a challenge", _UPSTREAM),
    ("RFC 9110, 12.4.2", "a weight has at most three decimals", _NO_FIELD),
    ("RFC 9110, 12.5.3", "a 415 for another reason has no Accept-Encoding", _APP),
    ("RFC 9110, 12.5.4", "Accept-Language is the user's choice", _CLIENT),
    ("RFC 9110, 12.5.5", "no Vary of * is made up", _UPSTREAM),
    ("RFC 9110, 13.1.1", "If-Match is evaluated, by strong comparison", _APP),
    ("RFC 9110, 13.1.2", "If-None-Match is evaluated, by weak comparison, with 304 or 412", _APP),
    ("RFC 9110, 13.1.3", "If-Modified-Since is ignored where it does not apply", _APP),
    ("RFC 9110, 13.1.4", "If-Unmodified-Since is evaluated, or ignored where it does not apply", _APP),
    ("RFC 9110, 13.1.5", "If-Range is evaluated, or ignored where it does not apply", _APP),
    ("RFC 9110, 13.2.1", "conditions are evaluated behind all other checks, or ignored", _APP),
    ("RFC 9110, 13.2.2", "conditions are evaluated in order", _APP),
    ("RFC 9110, 14.1.2", "great numbers in ranges do not overflow", _APP),
    ("RFC 9110, 14.2", "Range is ignored where it does not apply", _APP),
    ("RFC 9110, 14.4", "Content-Range is ignored where it does not apply", _APP),
    ("RFC 9110, 14.4", "ranges that are not understood are not put together", _CLIENT),
    ("RFC 9110, 15", "a status that is not known is read as its class", _CLIENT),
    ("RFC 9110, 15.2", "1xx are read, and forwarded", f"{_CLIENT}, and a proxy's"),
    ("RFC 9110, 15.2.2", "a 101 has Upgrade", _UPGRADE),
    ("RFC 9110, 15.3.7", "a 206 has the fields of its 200", _APP),
    ("RFC 9110, 15.3.7.1", "a 206 of one part says which", _APP),
    ("RFC 9110, 15.3.7.2", "a 206 of several parts is multipart, and each says which it is", _APP),
    ("RFC 9110, 15.3.7.3", "parts are put together with one validator", _CLIENT),
    ("RFC 9110, 15.4.5", "a 304 has the fields of its 200", _APP),
    ("RFC 9110, 15.4.8", "a 307 is followed with the same method", _CLIENT),
    ("RFC 9110, 15.5.2", "a 401 has a challenge", _APP),
    ("RFC 9110, 15.5.6", "a 405 has Allow", "the router's, which knows the methods; tested there"),
    ("RFC 9110, 15.5.8", "a 407 has a challenge", _UPSTREAM),
    ("RFC 9110, 15.5.20", "a proxy sends no 421", _UPSTREAM),
    ("RFC 9110, 15.5.22", "a 426 has Upgrade", _UPGRADE),
    ("RFC 9110, 16", "new methods, codes, fields and schemes are well defined", _AUTHORS),
    # RFC 9112
    ("RFC 9112, 2.2", "no empty line is sent around a request", _CLIENT),
    ("RFC 9112, 2.3", "a message is forwarded with one's own version", _UPSTREAM),
    ("RFC 9112, 3.2", "each request has the Host of its target", _CLIENT),
    ("RFC 9112, 3.2.1", "a path and a query are sent to an origin server", _CLIENT),
    ("RFC 9112, 3.2.2", "a whole URI and a Host are sent to a proxy, which replaces the Host", f"{_CLIENT}, a proxy's"),
    ("RFC 9112, 3.2.3", "host and port are sent with CONNECT", _CLIENT),
    ("RFC 9112, 3.2.4", "* is sent for the server as a whole, also by the last proxy", f"{_CLIENT}, a proxy's"),
    ("RFC 9112, 5.1", "whitespace before a colon is removed from responses", _UPSTREAM),
    ("RFC 9112, 5.2", "folded lines of a response are replaced or refused", f"{_CLIENT}, a proxy's"),
    ("RFC 9112, 6.1", "chunked is applied once and last", "the ingress applies no other coding; streams have tests"),
    ("RFC 9112, 6.1", "a 2xx to CONNECT has no coding", "CONNECT is never accepted"),
    ("RFC 9112, 6.1", "a coding is not sent to servers that may not know it", _CLIENT),
    ("RFC 9112, 6.3", "bad framing of a response is an error", f"{_CLIENT}, a proxy's"),
    ("RFC 9112, 6.3", "a length beside a coding is removed when forwarding", _UPSTREAM),
    ("RFC 9112, 6.3", "a request with a body has a length or is chunked", _CLIENT),
    ("RFC 9112, 6.3", "a body that is not whole in time is the end", "time: tested with the limits on time"),
    ("RFC 9112, 7.3", "registrations of codings", _AUTHORS),
    ("RFC 9112, 7.4", "chunked is not listed in TE, and TE is in Connection", _CLIENT),
    ("RFC 9112, 8", "a response that broke off is kept as such", _CLIENT),
    ("RFC 9112, 9.2", "responses are matched to requests in order", _CLIENT),
    ("RFC 9112, 9.3", "a server that does not persist always says close", "it persists; HTTP/1.0 gets close always"),
    ("RFC 9112, 9.3", "a client that does not persist says close, and reads whole answers", _CLIENT),
    ("RFC 9112, 9.3", "a body that the handler leaves unread is read or the connection closed", "tested with streams"),
    ("RFC 9112, 9.3", "a proxy does not persist with HTTP/1.0", _UPSTREAM),
    ("RFC 9112, 9.3.2", "a client does not pipeline at once after a failure", _CLIENT),
    ("RFC 9112, 9.6", "a client sends nothing after close", _CLIENT),
    ("RFC 9112, 9.7", "HTTP is sent as application data", _TLS),
    ("RFC 9112, 9.8", "closure alerts are exchanged", _TLS),
    ("RFC 9112, 10.1", "folded lines within message/http are replaced", "no such content is read here"),
)
"""Section, requirement, and why it has no row."""

SECTIONS_WITH_A_MUST: dict[str, tuple[str, ...]] = {
    "RFC 9110": tuple(
        """
        2.2 2.3 2.4 3.3 4.2.1 4.2.2 4.2.4 4.3.4 5.1 5.3 5.4 5.5 5.6.1.1 5.6.1.2 5.6.3 5.6.4 5.6.7 6 6.2 6.5.1 6.5.2
        6.6.1 7.2 7.4 7.6 7.6.1 7.6.2 7.6.3 7.7 7.8 8.3.3 8.4 8.6 8.7 8.8.2.1 8.8.3 9.1 9.2.1 9.2.2 9.3.2 9.3.4 9.3.6
        9.3.7 9.3.8 10.1.1 10.1.3 10.1.4 10.1.5 10.2.1 10.2.2 11.2 11.5 11.6.1 11.6.2 11.7.1 12.4.2 12.5.3 12.5.4
        12.5.5 13.1.1 13.1.2 13.1.3 13.1.4 13.1.5 13.2.1 13.2.2 14.1.2 14.2 14.4 15 15.2 15.2.2 15.3.6 15.3.7 15.3.7.1
        15.3.7.2 15.3.7.3 15.4.5 15.4.8 15.5.2 15.5.6 15.5.8 15.5.20 15.5.22 16
        """.split()
    ),
    "RFC 9112": tuple(
        """
        2.2 2.3 3 3.2 3.2.1 3.2.2 3.2.3 3.2.4 4 5.1 5.2 6.1 6.2 6.3 7.1 7.1.1 7.1.2 7.3 7.4 8 9.2 9.3 9.3.2 9.6 9.7 9.8
        10.1
        """.split()
    ),
}
"""The sections in which the words MUST or MUST NOT stand, whomever they bind."""
