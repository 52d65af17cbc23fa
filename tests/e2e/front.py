"""A server in front of the sim's API that holds answers, or requests, back until the test lets them go."""
import http.client
import socket
import socketserver
import threading
import urllib.parse

from support import DEADLINE_S, pump


class Front:
    """`path_end` says which POSTs are held: before they reach the sim (`before`), or once it has answered."""

    def __init__(self, api_base, path_end, before=False):
        upstream = urllib.parse.urlsplit(api_base)
        self.upstream = (upstream.hostname, upstream.port)
        self.path_end, self.before = path_end, before
        self.held = threading.Event()
        self.released = threading.Event()
        self.done = threading.Event()
        self.requests = []  # "POST /v1/…", as they came
        front = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while front.exchange(self):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that has gone is what some tests are about

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}{upstream.path}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def exchange(self, connection):
        """One request and its answer. @return false: the connection is over."""
        first = connection.rfile.readline()
        if not first.strip():
            return False
        head = [first]
        while head[-1] not in (b"\r\n", b""):
            head.append(connection.rfile.readline())
        method, path, _ = first.decode().split()
        headers = dict(line.decode().strip().split(": ", 1) for line in head[1:-1])
        lower = {name.lower(): value for name, value in headers.items()}
        self.requests.append(f"{method} {path}")
        if lower.get("upgrade"):
            self.tunnel(connection, b"".join(head))
            return False
        body = connection.rfile.read(int(lower.get("content-length", 0)))
        chosen = method == "POST" and path.endswith(self.path_end)
        if chosen and self.before:
            self.hold()
        upstream = http.client.HTTPConnection(*self.upstream, timeout=DEADLINE_S)
        upstream.request(method, path, body, {name: value for name, value in headers.items() if name.lower() != "connection"})
        answer = upstream.getresponse()
        text = answer.read()
        upstream.close()
        if chosen and not self.before:
            self.hold()
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}", f"Content-Length: {len(text)}", "Connection: close",
                 f"Content-Type: {answer.getheader('Content-Type', 'application/json')}"]
        if chosen:
            self.answer = answer.status
            self.done.set()
        connection.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
        return False

    def hold(self):
        self.held.set()
        self.released.wait()

    def tunnel(self, connection, head):
        far = socket.create_connection(self.upstream)
        far.sendall(head)
        back = threading.Thread(target=pump, args=(far, connection.connection), daemon=True)
        back.start()
        pump(connection.connection, far)
        back.join()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
