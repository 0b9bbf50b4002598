"""Both ends of TLS for the tests: clients, upstreams, nginx as one of them,
and weir behind https.

The engine is apart from the socket, so that a test decides how the bytes of
the handshake are cut, and whether an end is said (close_notify) or not.
"""
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

from certs import root
from weir import (CASE, OK, Hang, Origin, Peer, Skip, Weir, answer, free_port,
                  listening, same, until)

TLS12 = ssl.TLSVersion.TLSv1_2
TLS13 = ssl.TLSVersion.TLSv1_3
HOST = 'example.com'


def client(ca=None, cert=None, version=None, alpn=(), ciphers=None):
    """How a client speaks; it trusts that authority alone."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.load_verify_locations((ca or root()).cert)
    return more(c, cert, version, alpn, ciphers)


def trusting():
    """A client that takes any certificate."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


def server(cert, ca=None, version=None, alpn=(), ciphers=None, chain=True):
    """How an upstream speaks; with ca it asks for a certificate."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if ca:
        c.load_verify_locations(ca.cert)
        c.verify_mode = ssl.CERT_REQUIRED
    return more(c, cert, version, alpn, ciphers, chain)


def more(c, cert, version, alpn, ciphers, chain=True):
    if cert:
        c.load_cert_chain(cert.chain if chain else cert.cert, cert.key)
    if version:
        c.minimum_version = c.maximum_version = version
    if alpn:
        c.set_alpn_protocols(list(alpn))
    if ciphers:
        c.set_ciphers(ciphers)
    return c


class TlsPeer(Peer):
    """A connection with TLS. Its end is 'eof' after a close_notify, 'cut'
    without one, or 'reset'."""

    def __init__(self, sock, context, name=None, session=None, wait=None,
                 serves=False):
        super().__init__(sock, wait)
        self.step = None   # bytes of the wire that are sent at once
        self.raw_in = 0    # bytes of the wire that came
        self.raw_end = False
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.come, self.go, serves,
                                    server_hostname=name, session=session)

    def wire(self, data):
        """Puts bytes on the wire."""
        for i in range(0, len(data), self.step or len(data)):
            self.sock.sendall(data[i:i + (self.step or len(data))])
            if self.step:
                time.sleep(0.0005)

    def push(self):
        data = self.go.read()
        if data:
            self.wire(data)

    def pull(self):
        """What waits for is on the wire, in either direction."""
        self.push()
        data = self.sock.recv(262144)
        self.raw_in += len(data)
        if data:
            self.come.write(data)
        else:
            self.raw_end = True
            self.come.write_eof()

    def handshake(self):
        """Until both are ready; an ssl.SSLError or OSError if not."""
        while True:
            try:
                self.tls.do_handshake()
                return self.push()
            except ssl.SSLWantReadError:
                self.pull()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self.push()
                raise

    def send(self, data):
        try:
            if data:
                self.tls.write(data)
            self.push()
            return True
        except socket.timeout:
            raise Hang('the other side takes no bytes') from None
        except OSError:
            return False

    def fill(self):
        if self.end:
            return False
        while True:
            try:
                data = self.tls.read(262144)
                break
            except ssl.SSLWantReadError:
                try:
                    self.pull()
                except socket.timeout:
                    raise Hang('nothing came; so far %r'
                                         % self.buf[-200:]) from None
                except OSError:
                    self.end = 'reset'
                    return False
            except ssl.SSLEOFError:
                self.end = 'cut'
                return False
            except ssl.SSLError as e:
                self.end = 'broken: %s' % e
                return False
        if not data:
            self.end = 'eof'
            return False
        self.buf += data
        self.got += len(data)
        return True

    def shut(self):
        """Says that nothing more comes; the socket stays open."""
        with contextlib.suppress(OSError, ValueError):
            self.tls.unwrap()
        with contextlib.suppress(OSError):
            self.push()

    def close(self):
        if self.sock.fileno() >= 0:
            self.shut()
        self.sock.close()

    def cut(self):
        """Ends the connection without saying so."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.sock.close()

    def shown(self):
        """The other side's certificate."""
        return self.tls.getpeercert(True)


class SecureOrigin(Origin):
    """An upstream with TLS; the handler gets what has shaken hands.

    .failed holds what went wrong with others, .served the peers that did.
    """

    def __init__(self, cert, handler=None, context=None, **how):
        self.context = context or server(cert)
        self.inner = handler or answer(OK)
        self.failed, self.served = [], []
        super().__init__(self.welcome, **how)
        self.url = 'https://' + self.authority

    def peer_of(self, s):
        return TlsPeer(s, self.context, wait=CASE, serves=True)

    def welcome(self, peer):
        try:
            peer.handshake()
        except OSError as e:
            self.failed.append(str(e))
            # what was sent meanwhile has to be read, lest the alert be lost
            peer.sock.settimeout(1)
            with contextlib.suppress(OSError):
                while peer.sock.recv(4096):
                    pass
            peer.cut()
            return
        self.served.append(peer)
        self.inner(peer)


class Secure(Weir):
    """weir behind an https listener with these certificates.

    Its clients ask for .name and trust root(), if they are told no other.
    """
    peer = TlsPeer   # what they are

    def __init__(self, conf='', *upstreams, certs=None, name=HOST, **how):
        if certs is None:
            certs = [root().leaf(HOST, '127.0.0.1')]
        self.name = name
        self.context = client()
        super().__init__(listen() + cert_keys(*certs) + conf, *upstreams,
                         **how)

    def connect(self, to=None, rcvbuf=None, name=None, context=None,
                session=None, step=None):
        p = self.hello(to, rcvbuf, name, context, session)
        p.step = step
        try:
            p.handshake()
        except BaseException:
            p.sock.close()
            raise
        p.step = None
        return p

    def hello(self, to=None, rcvbuf=None, name=None, context=None,
              session=None):
        """A client that has not begun to shake hands; name '' is none."""
        raw = super().connect(to, rcvbuf)
        if context is None:
            context = self.context
        if name == '':
            context, name = trusting(), None
        else:
            name = name or self.name
        return self.peer(raw.sock, context, name, session)

    def plain(self, port=None):
        """A connection without TLS."""
        return super().connect(('127.0.0.1', port or self.port))

    def lives(self, what='after that'):
        """New connections are served."""
        same(self.get().status, 200, what)


def listen():
    return 'listen = https://127.0.0.1:@PORT@\n'


def cert_keys(*certs):
    """The keys for certificates: what has no .key is a file with both."""
    text = ''
    for c in certs:
        if isinstance(c, str):
            text += 'cert = %s\n' % c
        else:
            text += 'cert = %s\nkey = %s\n' % (c.chain, c.key)
    return text


def here():
    """The certificate of both sides."""
    return root().leaf(HOST, '127.0.0.1')


def to(url):
    """One route there, verified if it is with TLS."""
    more = 'upstream_ca = %s\n' % root().cert \
        if url.startswith(('https', 'wss')) else ''
    return 'route = /\nupstream = %s\n%s' % (url, more)


NGINX = '''
daemon off;
master_process off;
pid %(dir)s/pid;
error_log %(dir)s/error.log;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path %(dir)s/t1;
    proxy_temp_path %(dir)s/t2;
    fastcgi_temp_path %(dir)s/t3;
    uwsgi_temp_path %(dir)s/t4;
    scgi_temp_path %(dir)s/t5;
    server {
        listen 127.0.0.1:%(port)d ssl;
        ssl_certificate %(cert)s;
        ssl_certificate_key %(key)s;
        ssl_session_cache shared:a:1m;
        root %(dir)s;
        location /files/ { add_header X-Reused $ssl_session_reused; }
        location / {
            proxy_pass %(url)s;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $http_connection;
            proxy_buffering off;
        }
    }
}
'''


@contextlib.contextmanager
def nginx(url, files=()):
    """nginx with TLS before that server; yields its own URL."""
    program = shutil.which('nginx') or '/usr/sbin/nginx'
    if not os.access(program, os.X_OK):
        raise Skip('no nginx')
    top = tempfile.mkdtemp(prefix='weir-nginx-')
    os.mkdir(top + '/files')
    for name, data in files:
        with open(top + '/files/' + name, 'wb') as f:
            f.write(data)
    # its worker may be another user
    for path in top, top + '/files':
        os.chmod(path, 0o755)
    port = free_port()
    leaf = here()
    with open(top + '/conf', 'w') as f:
        f.write(NGINX % {'dir': top, 'port': port, 'url': url,
                         'cert': leaf.chain, 'key': leaf.key})
    p = subprocess.Popen(
        [program, '-p', top, '-e', top + '/error.log', '-c', top + '/conf'],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: p.poll() is not None or listening(port),
              'nginx to start')
        assert p.poll() is None, open(top + '/error.log').read()
        yield 'https://127.0.0.1:%d' % port
    finally:
        p.kill()
        p.wait()
        shutil.rmtree(top, ignore_errors=True)
