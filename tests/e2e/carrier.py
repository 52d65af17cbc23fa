"""A carrier's trunk: a TLS port that asks who calls (digest, RFC 3261 section 22), and what is behind it."""
import hashlib
import re
import socket
import ssl
import subprocess
import threading

from sip_answerer import response
from support import DEADLINE_S, pump

REALM = "carrier.test"
NONCE = "84a4cc6f3082121f32b42a2187831a9e"


def trunk_certificate(folder):
    """A certificate for 127.0.0.1 that vouches for itself: (chain and key, what to trust)."""
    key, chain, both = folder / "trunk.key", folder / "trunk.crt", folder / "trunk.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "30", "-keyout", str(key), "-out", str(chain), "-subj", "/CN=carrier",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=DEADLINE_S)
    both.write_text(chain.read_text() + key.read_text())
    return both, chain


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def digest_holds(header, method, username, password):
    """Whether the value of a Proxy-Authorization shows that its sender knows the password."""
    given = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))', header)}
    secret = md5(username, REALM, password)
    request = md5(method, given.get("uri", ""))
    if "qop" in given:
        expected = md5(secret, NONCE, given["nc"], given["cnonce"], given["qop"], request)
    else:
        expected = md5(secret, NONCE, request)
    return given.get("username") == username and given.get("nonce") == NONCE and given.get("response") == expected


class DigestTrunk:
    """Passes calls on to the SIP port `behind` (TLS), byte for byte, once the caller has shown the password."""

    def __init__(self, certificate, behind, username, password):
        self.behind, self.username, self.password = behind, username, password
        self.challenged = self.admitted = 0
        self.sockets = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for one in self.sockets:
            one.close()

    def _accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
                near = self.context.wrap_socket(raw, server_side=True)
            except OSError:
                if self.listener.fileno() < 0:
                    return
                continue
            self.sockets.append(near)
            threading.Thread(target=self._screen, args=(near,), daemon=True).start()

    def _screen(self, near):
        """Until an INVITE comes that may pass."""
        buffered = b""
        while True:
            while b"\r\n\r\n" not in buffered:
                received = near.recv(65536)
                if not received:
                    return
                buffered += received
            head, _, rest = buffered.partition(b"\r\n\r\n")
            length = re.search(rb"^content-length: *(\d+)", head, re.I | re.M)
            size = int(length.group(1)) if length else 0
            while len(rest) < size:
                received = near.recv(65536)
                if not received:
                    return
                rest += received
            message, buffered = head + b"\r\n\r\n" + rest[:size], rest[size:]
            text = message.decode()
            if not text.startswith("INVITE "):
                continue  # the ACK of a challenge
            shown = re.search(r"^Proxy-Authorization: *(.*)\r$", text, re.I | re.M)
            if shown and digest_holds(shown.group(1), "INVITE", self.username, self.password):
                self.admitted += 1
                self._connect(near, message + buffered)
                return
            self.challenged += 1
            challenge = f'Proxy-Authenticate: Digest realm="{REALM}", nonce="{NONCE}", algorithm=MD5, qop="auth"'
            near.sendall(response(text, 407, "Proxy Authentication Required", [challenge]))

    def _connect(self, near, first):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        far = context.wrap_socket(socket.create_connection(("127.0.0.1", self.behind)))
        self.sockets.append(far)
        far.sendall(first)
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=pump, args=(source, sink), daemon=True).start()
