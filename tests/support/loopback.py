"""Requests to a server of this machine, past every proxy that the environment names."""
import contextlib
import http.client

# What a request ends with if there is no whole answer.
NO_ANSWER = (OSError, http.client.HTTPException)
JSON = {"Content-Type": "application/json"}


def request(text):
    """Returns the bytes of a POST of this text, for connections that carry many of them."""
    body = text.encode()
    return (b"POST / HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body


def ask(port, path, body=None, fields=JSON, timeout=10):
    """Returns status and text of the answer to a GET, or with a body (in UTF-8 if it is a text) to a
    POST. Each wait for the server ends after `timeout` seconds."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with contextlib.closing(server):
        if body is None:
            server.request("GET", path)
        else:
            server.request("POST", path, body.encode() if isinstance(body, str) else body, fields)
        answer = server.getresponse()
        return answer.status, answer.read().decode()
