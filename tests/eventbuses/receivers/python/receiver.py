"""An eventbus on the CloudEvents SDK for Python, as an ASGI application (`asgi`) and as a WSGI one
(`wsgi`). Appends "key of the object, tab, subject" to the file RECEIVED for each event, then
acknowledges it."""
import json
import os

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
