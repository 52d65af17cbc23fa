"""A SIP answerer over TLS that says exactly what a test wants, byte for byte."""
import re
import socket
import ssl
import threading


class SipAnswerer:
    """Accepts TLS connections on loopback and answers requests by `reply(method, message)`.

    `reply` returns a list of raw responses (bytes). Every request is kept with the number of its
    connection in `requests`.
    """

    def __init__(self, certificate, reply):
        self.reply = reply
        self.requests = []
        self.connections = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def close(self):
        # shutdown() first: close() alone does not wake a thread that is blocked in accept().
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(10)

    def methods(self):
        return [method for method, _, _ in self.requests]

    def _accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            try:
                connection = self.context.wrap_socket(raw, server_side=True)
            except (ssl.SSLError, OSError):
                raw.close()
                continue
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection, number):
        buffered = b""
        with connection:
            while True:
                try:
                    received = connection.recv(65536)
                except OSError:
                    return
                if not received:
                    return
                buffered += received
                while b"\r\n\r\n" in buffered:
                    head, _, rest = buffered.partition(b"\r\n\r\n")
                    length = re.search(rb"^content-length: *(\d+)", head, re.I | re.M)
                    size = int(length.group(1)) if length else 0
                    if len(rest) < size:
                        break
                    message = (head + b"\r\n\r\n" + rest[:size]).decode()
                    buffered = rest[size:]
                    method = message.split(" ", 1)[0]
                    if method == "SIP/2.0":
                        continue
                    self.requests.append((method, message, number))
                    for response in self.reply(method, message):
                        connection.sendall(response)


def response(request, status, reason, extra=(), body="", to_tag="answerer"):
    """A response with the mandatory headers copied from the request (RFC 3261 8.2.6.2)."""
    lines = [f"SIP/2.0 {status} {reason}"]
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in re.findall(rf"^{name}: *(.*)\r$", request, re.I | re.M):
            if name == "To" and status > 100 and "tag=" not in value:
                value += f";tag={to_tag}"
            lines.append(f"{name}: {value}")
    lines += list(extra) + [f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()


def plain_answer(port):
    """SDP as an answer of OpenAI's that was published: one codec, plain RTP."""
    return ("v=0\r\no=- 2113971860 2113971862 IN IP4 127.0.0.1\r\ns=OAI\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
            "a=ptime:20\r\na=rtpmap:0 PCMU/8000\r\n")
