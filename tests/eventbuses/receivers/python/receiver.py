"""An eventbus on the CloudEvents SDK for Python, as an ASGI application (`asgi`) and as a WSGI one
(`wsgi`); run by itself it is an HTTP server that serves one connection until that ends, and then the
next: receiver.py PORT. Appends "key of the object, tab, subject" to the file RECEIVED for each event, then
acknowledges it."""
import http.server
import json
import os
import sys

from cloudevents.core.bindings import http as binding
from cloudevents.core.formats.json import JSONFormat

FORMAT = JSONFormat()
OUT = os.open(os.environ["RECEIVED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def take(fields, body):
    """Writes down the events of a request. Returns status and text of the answer."""
    try:
        if fields.get("content-type", "").startswith("application/cloudevents-batch+json"):
            events = [FORMAT.read(None, json.dumps(one)) for one in json.loads(body)]
        else:
            events = [binding.from_http_event(binding.HTTPMessage(fields, body))]
        lines = ""
        for event in events:
            data = event.get_data()
            data = data if isinstance(data, dict) else json.loads(data)
            lines += f"{data['cos']['cosObject']['key']}\t{event.get_subject() or ''}\n"
        os.write(OUT, lines.encode())
        return 204, b""
    except Exception as error:  # whatever the SDK refuses is for the test to see
        return 400, repr(error).encode()


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    fields = {name.decode(): value.decode() for name, value in scope["headers"]}
    status, text = take(fields, body)
    await send({"type": "http.response.start", "status": status,
                "headers": [] if status == 204 else [(b"content-length", str(len(text)).encode())]})
    await send({"type": "http.response.body", "body": text})


def wsgi(environ, start_response):
    fields = {name[5:].replace("_", "-").lower(): value for name, value in environ.items()
              if name.startswith("HTTP_")}
    fields["content-type"] = environ.get("CONTENT_TYPE", "")
    status, text = take(fields, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    start_response("204 No Content" if status == 204 else "400 Bad Request",
                   [] if status == 204 else [("Content-Length", str(len(text)))])
    return [text]


class OneAtATime(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # the name that the library asks for
        fields = {name.lower(): value for name, value in self.headers.items()}
        status, text = take(fields, self.rfile.read(int(fields.get("content-length", 0))))
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), OneAtATime).serve_forever()
