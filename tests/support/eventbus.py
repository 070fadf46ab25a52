"""An eventbus that answers as it is told."""
import http.server
import threading
import time


class Eventbus(http.server.ThreadingHTTPServer):
    """Answers `status` and `text`, which may be bytes, to every request, and nothing while `status` is
    SILENT. Listens on a port of loopback, by TLS with an ssl.SSLContext."""
    SILENT = 0
    daemon_threads = True

    def __init__(self, status=200, text="", port=0, context=None):
        self.status, self.text = status, text
        super().__init__(("127.0.0.1", port), Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def on_event(self, fields, body):
        """Is told of each request, before it is answered."""

    def handle_error(self, *_):
        """Nothing: a gateway may leave while it waits."""

    def stop(self):
        """Listens no more; connections stay."""
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.on_event(self.headers, self.rfile.read(int(self.headers.get("Content-Length", 0))))
        while self.server.status == Eventbus.SILENT:
            time.sleep(0.1)
        text = self.server.text
        body = text if isinstance(text, bytes) else text.encode()
        self.send_response(self.server.status)
        if self.server.status != 204:  # RFC 9110, section 8.6
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # as another server does that is taken for a gateway

    def log_message(self, *_):
        """Nothing."""
