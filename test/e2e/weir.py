"""What the end-to-end tests stand on: weir itself, clients and upstreams.

Everything here reads strictly, so that a message that weir wrote wrongly
fails the test that got it. Times are bounds that tell a hang, no more.

    WEIR       the binary, by default the one in the top directory
    WEIR_WRAP  a command put before it: "valgrind -q --error-exitcode=99
               --leak-check=full --errors-for-leak-kinds=definite
               --show-leak-kinds=definite"
    WEIR_SLOW  the factor by which all waits grow
"""
import atexit
import base64
import contextlib
import hashlib
import json
import os
import random
import re
import resource
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BINARY = os.path.abspath(os.environ.get('WEIR') or os.path.join(TOP, 'weir'))
WRAP = shlex.split(os.environ.get('WEIR_WRAP', ''))
SLOW = float(os.environ.get('WEIR_SLOW') or (10 if WRAP else 1))
WAIT = 10 * SLOW   # no wait for something that must happen is longer
BRIEF = 0.3 * SLOW  # to see that something does not happen
CASE = 110 * SLOW  # a case that takes longer hangs

REPORTS = (b'ERROR: AddressSanitizer', b'runtime error:', b'LeakSanitizer',
           b'ERROR: UndefinedBehaviorSanitizer', b'Assertion ',
           b'MemorySanitizer', b'ThreadSanitizer')


# All that a test keeps in temporary directories is in this one, and goes with
# it: short, for the names of sockets in it. Servers that give root up pass.
_top = tempfile.mkdtemp(prefix='weir-')
os.chmod(_top, 0o711)
tempfile.tempdir = os.environ['TMPDIR'] = _top


@atexit.register
def _clean():
    shutil.rmtree(_top, ignore_errors=True)


class Hang(AssertionError):
    """Something that must happen did not happen in a generous time."""


class Cut(AssertionError):
    """The connection ended in the middle of a message."""


class Bad(AssertionError):
    """The peer sent something that is no HTTP."""


class Skip(Exception):
    """The test cannot be run here."""


# Waiting

def until(question, what='it', wait=None):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + (wait or WAIT)
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Hang('waited for %s in vain' % what)
        time.sleep(0.005)


def never(question, what='it', wait=None):
    """Asks for a little while; the answer must stay false."""
    end = time.monotonic() + (wait or BRIEF)
    while time.monotonic() < end:
        assert not question(), '%s happened' % what
        time.sleep(0.005)


def same(got, want, what='value'):
    assert got == want, '%s: want %r, got %r' % (what, want, got)


def within(got, words, what='value'):
    """got is one of the words, which stand between |."""
    assert got in words.split('|'), '%s: want %s, got %r' % (what, words, got)


# Ports: below those that the kernel gives to clients

_ports = set()
_dice = random.Random(os.getpid() * 7919 + time.time_ns())


def free_port(host='127.0.0.1'):
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    while True:
        port = _dice.randrange(10000, 32000)
        if port in _ports:
            continue
        with socket.socket(family) as s:
            try:
                s.bind((host, port))
            except OSError:
                continue
        _ports.add(port)
        return port


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(('::1', 0))
        return True
    except OSError:
        return False


# Messages

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
FIELD = re.compile(rb'(' + TOKEN + rb'):[ \t]*(.*?)[ \t]*\Z', re.S)
STATUS = re.compile(rb'HTTP/1\.1 ([1-9][0-9][0-9]) ([^\r\n\0]*)\Z')
REQUEST = re.compile(rb'(' + TOKEN + rb') ([\x21-\x7e\x80-\xff]+) '
                     rb'HTTP/1\.1\Z')
CONTROL = re.compile(rb'[\0-\x08\x0a-\x1f\x7f]')


def parse_fields(lines):
    fields = []
    for line in lines:
        m = FIELD.match(line)
        if not m or CONTROL.search(line):
            raise Bad('field line %r' % line)
        fields.append((m.group(1).decode(), m.group(2).decode('latin-1')))
    return fields


class Message:
    """A head and a body; fields is a list of (name, value)."""

    def __init__(self, raw):
        lines = raw[:-4].split(b'\r\n')
        for line in lines:
            if b'\r' in line or b'\n' in line:
                raise Bad('bare CR or LF in %r' % raw)
        self.raw = raw
        self.first = lines[0]
        self.fields = parse_fields(lines[1:])
        self.body = b''
        self.trailers = []
        self.chunks = []
        self.framing = 'none'

    def all(self, name):
        name = name.lower()
        return [v for k, v in self.fields if k.lower() == name]

    def get(self, name):
        """The value of a field that occurs once at the most."""
        values = self.all(name)
        if len(values) > 1:
            raise Bad('%s occurs %d times' % (name, len(values)))
        return values[0] if values else None

    def has(self, name):
        return bool(self.all(name))

    def lists(self, name, token):
        items = ','.join(self.all(name)).lower().split(',')
        return token.lower() in [i.strip() for i in items]

    def length(self):
        """How the body is framed: a length, 'chunked' or None."""
        coding = self.get('transfer-encoding')
        length = self.get('content-length')
        if coding is not None:
            if length is not None:
                raise Bad('both a length and a coding')
            if coding != 'chunked':
                raise Bad('Transfer-Encoding: %r' % coding)
            return 'chunked'
        if length is None:
            return None
        if not re.match(r'[0-9]+\Z', length):
            raise Bad('Content-Length: %r' % length)
        return int(length)


class Response(Message):
    def __init__(self, raw):
        super().__init__(raw)
        m = STATUS.match(self.first)
        if not m:
            raise Bad('status line %r' % self.first)
        self.status = int(m.group(1))
        self.phrase = m.group(2).decode('latin-1')

    def __repr__(self):
        return '<%d %r %r>' % (self.status, self.fields, self.body[:80])


class Request(Message):
    def __init__(self, raw):
        super().__init__(raw)
        m = REQUEST.match(self.first)
        if not m:
            raise Bad('request line %r' % self.first)
        self.method = m.group(1).decode()
        self.target = m.group(2).decode('latin-1')

    def __repr__(self):
        return '<%s %s %r>' % (self.method, self.target, self.fields)


class Peer:
    """A connection, seen from the test's side, with what was read ahead."""

    def __init__(self, sock, wait=None):
        self.sock = sock
        self.buf = b''
        self.end = None   # 'eof' or 'reset' once the other side has closed
        self.got = 0      # bytes received
        self.requests = []
        sock.settimeout(wait or WAIT)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """Sends all; False if the other side is gone."""
        try:
            self.sock.sendall(data)
            return True
        except socket.timeout:
            raise Hang('the other side takes no bytes') from None
        except OSError:
            return False

    def drip(self, data, pause=0.0002):
        """Sends byte by byte, in packets of their own."""
        return self.send_cuts(data, range(1, len(data)), pause)

    def send_cuts(self, data, cuts, pause=0.002):
        """Sends in pieces that end at the offsets in cuts."""
        done = 0
        for cut in list(cuts) + [len(data)]:
            if not self.send(data[done:cut]):
                return False
            done = cut
            time.sleep(pause)
        return True

    def fill(self):
        """Reads more; False at the end."""
        if self.end:
            return False
        try:
            more = self.sock.recv(262144)
        except socket.timeout:
            raise Hang('nothing came; so far %r' % self.buf[-200:]) from None
        except OSError:
            self.end = 'reset'
            return False
        if not more:
            self.end = 'eof'
            return False
        self.buf += more
        self.got += len(more)
        return True

    def take(self, n):
        data, self.buf = self.buf[:n], self.buf[n:]
        return data

    def recv_n(self, n):
        pieces, have = [self.buf], len(self.buf)
        self.buf = b''
        while have < n:
            if not self.fill():
                self.buf = b''.join(pieces)
                raise Cut('%s after %d of %d bytes' % (self.end, have, n))
            pieces.append(self.buf)
            have += len(self.buf)
            self.buf = b''
        self.buf = b''.join(pieces)
        return self.take(n)

    def recv_until(self, mark):
        while mark not in self.buf:
            if not self.fill():
                raise Cut('%s in %r' % (self.end, self.buf[-200:]))
        return self.take(self.buf.index(mark) + len(mark))

    def recv_all(self):
        """What comes until the other side ends the connection."""
        pieces = [self.buf]
        self.buf = b''
        while self.fill():
            pieces.append(self.buf)
            self.buf = b''
        return b''.join(pieces)

    def ended(self, how='eof|reset'):
        """The other side ends the connection, and sends nothing before."""
        rest = self.recv_all()
        assert rest == b'', 'got %r instead of the end' % rest[:200]
        within(self.end, how, 'end')

    def silent(self, wait=None):
        """Nothing comes for a little while, not even the end."""
        old = self.sock.gettimeout()
        self.sock.settimeout(wait or BRIEF)
        try:
            got = self.sock.recv(4096)
        except socket.timeout:
            return
        except OSError as e:
            raise AssertionError('got %s' % e) from None
        finally:
            self.sock.settimeout(old)
        raise AssertionError('got %r' % got[:200])

    def head(self):
        """The bytes of a head; None if the connection ended before it."""
        while b'\r\n\r\n' not in self.buf:
            if not self.fill():
                if self.buf:
                    raise Cut('%s in head %r' % (self.end, self.buf))
                return None
        return self.take(self.buf.index(b'\r\n\r\n') + 4)

    def chunked(self, m):
        m.framing = 'chunked'
        while True:
            line = self.recv_until(b'\r\n')
            if not re.match(rb'[0-9a-fA-F]+\r\n\Z', line):
                raise Bad('chunk line %r' % line)
            n = int(line, 16)
            if n == 0:
                break
            m.body += self.recv_n(n)
            m.chunks.append(n)
            if self.recv_n(2) != b'\r\n':
                raise Bad('no CRLF behind a chunk')
        lines = []
        while True:
            line = self.recv_until(b'\r\n')[:-2]
            if not line:
                break
            lines.append(line)
        m.trailers = parse_fields(lines)

    def read_body(self, m, eof=False):
        """Reads a body by the head's framing; what came is in m.body."""
        how = m.length()
        if how == 'chunked':
            self.chunked(m)
        elif how is not None:
            m.framing = 'length'
            m.body = self.recv_n(how)
        elif eof:
            m.framing = 'eof'
            m.body = self.recv_all()
            if self.end != 'eof':
                raise Cut('reset after %d bytes' % len(m.body))

    def response(self, method='GET'):
        """Reads one response, interim ones too."""
        raw = self.head()
        if raw is None:
            raise Cut('%s instead of a response' % self.end)
        r = Response(raw)
        r.length()
        if method == 'HEAD' or r.status in (204, 304) or r.status < 200:
            return r
        self.read_body(r, eof=True)
        return r

    def final(self, method='GET'):
        """Reads one response; interim ones before it are in .interims."""
        interims = []
        while True:
            r = self.response(method)
            if r.status >= 200 or r.status == 101:
                r.interims = interims
                return r
            interims.append(r)

    def request_head(self):
        raw = self.head()
        if raw is None:
            return None
        q = Request(raw)
        same(len(q.all('host')), 1, 'Host fields sent upstream')
        q.length()
        self.requests.append(q)
        return q

    def read_request(self):
        """Reads one whole request; None at the end of the connection."""
        q = self.request_head()
        if q is not None:
            if (q.get('expect') or '').lower() == '100-continue':
                self.send(b'HTTP/1.1 100 Continue\r\n\r\n')
            self.read_body(q)
        return q

    def ask(self, data, method=None):
        """Sends a request and reads its final answer."""
        self.send(data)
        method = method or data.split(b' ', 1)[0].decode('latin-1')
        return self.final(method)

    def shut(self):
        """Ends the sending side alone."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack('ii', 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

    # WebSocket

    def frame(self):
        """Reads one frame: a Frame, or None at the end."""
        if not self.buf and not self.fill():
            return None
        a, b = self.recv_n(2)
        n = b & 127
        if n == 126:
            n = struct.unpack('>H', self.recv_n(2))[0]
        elif n == 127:
            n = struct.unpack('>Q', self.recv_n(8))[0]
        mask = self.recv_n(4) if b & 128 else None
        data = self.recv_n(n)
        return Frame(a >> 7, a >> 4 & 7, a & 15, mask,
                     masked(data, mask) if mask else data)


class Frame:
    def __init__(self, fin, rsv, op, mask, data):
        self.fin, self.rsv, self.op = fin, rsv, op
        self.mask, self.data = mask, data

    def __repr__(self):
        return '<op %d fin %d mask %r %r>' % (self.op, self.fin, self.mask,
                                              self.data[:40])

    def code(self):
        """The code of a Close; 1005 for none."""
        if len(self.data) < 2:
            return 1005
        return struct.unpack('>H', self.data[:2])[0]


TEXT, BINARY_OP, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = 'dGhlIHNhbXBsZSBub25jZQ=='


def masked(data, mask):
    if not data:
        return b''
    n = len(data)
    key = (mask * (n // 4 + 1))[:n]
    return (int.from_bytes(data, 'big') ^
            int.from_bytes(key, 'big')).to_bytes(n, 'big')


def ws_frame(op, data=b'', mask=b'\x1f\x2e\x3d\x4c', fin=1, rsv=0):
    """The bytes of a frame; mask None is how servers send."""
    n, bit = len(data), 128 if mask else 0
    head = bytes([fin << 7 | rsv << 4 | op])
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack('>H', n)
    else:
        head += bytes([bit | 127]) + struct.pack('>Q', n)
    return head + (mask + masked(data, mask) if mask else data)


def ws_close(code=1000, text=b'', mask=b'\x1f\x2e\x3d\x4c'):
    return ws_frame(CLOSE, struct.pack('>H', code) + text, mask)


def ws_accept(key=KEY):
    guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    return base64.b64encode(hashlib.sha1((key + guid).encode())
                            .digest()).decode()


def ws_request(target='/', host='example.com', key=KEY, more=''):
    """A client's handshake; more holds further field lines with CRLFs."""
    return ('GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n'
            'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
            'Sec-WebSocket-Key: %s\r\n%s\r\n' % (target, host, key, more)
            ).encode('latin-1')


def ws_101(key=KEY, more=''):
    """A server's answer to the handshake with that key."""
    return ('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
            'Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n'
            % (ws_accept(key), more)).encode('latin-1')


def ws_serve(peer):
    """An upstream that echoes messages; close and ping as they should be."""
    q = peer.read_request()
    if q is None or not q.has('sec-websocket-key'):
        return
    peer.send(ws_101(q.get('sec-websocket-key')))
    while True:
        f = peer.frame()
        if f is None:
            return
        if f.op == CLOSE:
            peer.send(ws_frame(CLOSE, f.data, None))
            return
        if f.op == PING:
            peer.send(ws_frame(PONG, f.data, None))
        elif f.op != PONG:
            peer.send(ws_frame(f.op, f.data, None, f.fin))


# Upstreams

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


def answer(data, close=False, shut=False):
    """A handler: every request on the connection gets these bytes."""
    def serve(peer):
        while peer.read_request() is not None:
            peer.send(data)
            if shut:
                peer.shut()
            if close:
                return
    return serve


def describe(peer):
    """A handler that answers with what it got, as JSON."""
    while True:
        q = peer.read_request()
        if q is None:
            return
        body = json.dumps({'method': q.method, 'target': q.target,
                           'fields': q.fields, 'trailers': q.trailers,
                           'framing': q.framing,
                           'body': q.body.decode('latin-1')}).encode()
        peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n'
                  % len(body) + (b'' if q.method == 'HEAD' else body))


class Origin:
    """An upstream whose handler(peer) gets each connection in a thread.

    The connection is closed when the handler returns. It keeps .peers and,
    over all of them, .requests. A failed assertion in a handler fails the
    test when the origin stops.
    """

    def __init__(self, handler=None, host='127.0.0.1', path=None,
                 port=None, backlog=512):
        self.handler = handler or answer(OK)
        self.peers = []
        self.errors = []
        self.live = set()
        self.path = path
        self.host = host
        if path:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.bind(path)
            self.url = 'unix:' + path
        else:
            self.sock = socket.socket(
                socket.AF_INET6 if ':' in host else socket.AF_INET)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.port = port or free_port(host)
            self.sock.bind((host, self.port))
            self.authority = ('[%s]:%d' if ':' in host else '%s:%d') % (
                host, self.port)
            self.url = 'http://' + self.authority
        self.sock.listen(backlog)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop(check=kind is None)

    def accept(self):
        while True:
            try:
                s, _ = self.sock.accept()
            except OSError:
                return
            peer = self.peer_of(s)
            self.peers.append(peer)
            self.live.add(peer)
            threading.Thread(target=self.run, args=(peer,),
                             daemon=True).start()

    def peer_of(self, s):
        return Peer(s, wait=CASE)

    def run(self, peer):
        try:
            self.handler(peer)
        except Cut:
            pass
        except AssertionError:
            self.errors.append(traceback.format_exc())
        except (OSError, ValueError):
            pass
        finally:
            self.live.discard(peer)
            peer.close()

    @property
    def requests(self):
        return [q for p in list(self.peers) for q in p.requests]

    def wait_requests(self, n):
        return until(lambda: len(self.requests) >= n and self.requests,
                     '%d requests upstream' % n)

    def quiet(self):
        """Waits until no connection is open."""
        until(lambda: not self.live, 'the upstream connections to end')

    def got(self):
        """Bytes received over all connections."""
        return sum(p.got for p in list(self.peers))

    def stop(self, check=True):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for p in list(self.live):
            with contextlib.suppress(OSError):
                p.sock.shutdown(socket.SHUT_RDWR)
        if self.path and os.path.exists(self.path):
            os.unlink(self.path)
        if check and self.errors:
            raise AssertionError('upstream: ' + '\n'.join(self.errors))


class Deaf:
    """An address where no connection is ever completed.

    A listening socket with the least backlog, filled up: further SYNs are
    dropped by the kernel.
    """

    def __init__(self):
        self.sock = socket.socket()
        self.port = free_port()
        self.sock.bind(('127.0.0.1', self.port))
        self.sock.listen(0)
        self.url = 'http://127.0.0.1:%d' % self.port
        self.fillers = []
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(('127.0.0.1', self.port))
            self.fillers.append(s)
        time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.fillers:
            s.close()
        self.sock.close()


# Log lines

PAIR = re.compile(r' ([A-Za-z_0-9]+)=("(?:[^"\\]|\\.)*"|[^" \\=]*)')
START = re.compile(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) '
                   r'(error|warn|info|debug) ([a-z_]+)')
ESCAPE = re.compile(r'\\(x[0-9a-f]{2}|.)')
PLAIN = {'n': '\n', 'r': '\r', 't': '\t', '"': '"', '\\': '\\'}


def unescape(m):
    e = m.group(1)
    if e[0] == 'x' and len(e) == 3:
        return chr(int(e[1:], 16))
    if e not in PLAIN:
        raise Bad('escape in a log line: %r' % m.group(0))
    return PLAIN[e]


def parse_text_line(text):
    m = START.match(text)
    if not m:
        return None
    line = {'time': m.group(1), 'level': m.group(2), 'event': m.group(3)}
    at = m.end()
    while at < len(text):
        m = PAIR.match(text, at)
        if not m:
            raise Bad('log line %r at %d' % (text, at))
        value = m.group(2)
        if value.startswith('"'):
            value = ESCAPE.sub(unescape, value[1:-1])
        if m.group(1) in line:
            raise Bad('log line %r has %s twice' % (text, m.group(1)))
        line[m.group(1)] = value
        at = m.end()
    return line


def parse_log(data):
    """The lines of a log that weir wrote, as dicts; others are left out."""
    lines = []
    for raw in data.split(b'\n')[:-1]:
        text = raw.decode('latin-1')
        if text.startswith('{"time"'):
            lines.append(json.loads(text))
        else:
            line = parse_text_line(text)
            if line:
                lines.append(line)
    return lines


# weir

def sanitized():
    """True if memory is not what it is else: there is a sanitizer in the
    binary, or WEIR_WRAP around it."""
    if WRAP:
        return True
    with open(BINARY, 'rb') as f:
        return b'__asan_' in f.read()


def listening(port):
    """True if somebody listens on the TCP port; asked without a connection."""
    mark = ':%04X' % port
    for name in ('/proc/net/tcp', '/proc/net/tcp6'):
        with contextlib.suppress(OSError), open(name) as f:
            for line in f:
                words = line.split()
                if words[1].endswith(mark) and words[3] == '0A':
                    return True
    return False


class Weir:
    """weir, running.

    conf is the text of weir.conf. Where it has no "listen" one is put in
    front; where it has no "route" and upstreams are given, one route for
    everything follows. args instead of conf are the command's arguments.
    """

    def __init__(self, conf='', *upstreams, args=None, env=None, limits=None,
                 ready=True, status=0):
        self.dir = tempfile.mkdtemp(prefix='weir-')
        self.port = free_port()
        self.address = ('127.0.0.1', self.port)
        self.conf_path = os.path.join(self.dir, 'weir.conf')
        self.err_path = os.path.join(self.dir, 'stderr')
        self.taken = {}
        self.status = status
        self.upstreams = upstreams
        self.env = dict(os.environ, **(env or {}))
        if args is None:
            self.write_conf(conf)
            args = ['-c', self.conf_path]
        self.conf = conf
        self.err = open(self.err_path, 'wb')
        self.limits = limits or {}
        self.proc = subprocess.Popen(
            WRAP + [BINARY] + [str(a) for a in args], cwd=self.dir,
            stdin=subprocess.DEVNULL, stdout=self.err, stderr=self.err,
            env=self.env, preexec_fn=self.set_limits)
        self.pid = self.proc.pid
        if ready:
            self.wait_ready()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
            return
        self.kill()
        self.show()

    def full_conf(self, conf):
        if not re.search(r'^\s*listen\s*=', conf, re.M):
            conf = 'listen = http://127.0.0.1:%d\n%s' % (self.port, conf)
        if not re.search(r'^\s*route\s*=', conf, re.M) and self.upstreams:
            conf += '\nroute = /\n'
            for u in self.upstreams:
                conf += 'upstream = %s\n' % getattr(u, 'url', u)
        return conf.replace('@PORT@', str(self.port)).replace('@DIR@',
                                                              self.dir)

    def write_conf(self, conf):
        with open(self.conf_path, 'w') as f:
            f.write(self.full_conf(conf))

    def set_limits(self):
        for name, value in self.limits.items():
            resource.setrlimit(getattr(resource, 'RLIMIT_' + name.upper()),
                               (value, value))

    def wait_ready(self):
        quiet = re.search(r'^\s*log(_level)?\s*=', self.conf, re.M)
        until(lambda: self.dead() or self.is_ready(quiet), 'weir to start')
        if self.dead():
            self.show()
            raise AssertionError('weir ended with status %r' %
                                 self.proc.returncode)

    def is_ready(self, quiet):
        if not quiet:
            return bool(self.log('ready'))
        if '@PORT@' not in self.conf and re.search(r'^\s*listen\s*=',
                                                   self.conf, re.M):
            time.sleep(0.3 * SLOW)
            return True
        if listening(self.port):
            time.sleep(0.1 * SLOW)
            return True
        return False

    def dead(self):
        return self.proc.poll() is not None

    # what it wrote

    def stderr(self):
        with open(self.err_path, 'rb') as f:
            return f.read()

    def log(self, event=None, path=None, **pairs):
        """Log lines of that event with these pairs, in their order."""
        if path is None:
            data = self.stderr()
        elif os.path.exists(path):
            with open(path, 'rb') as f:
                data = f.read()
        else:
            data = b''
        return [x for x in parse_log(data)
                if (event is None or x['event'] == event) and
                all(str(x.get(k)) == str(v) for k, v in pairs.items())]

    def wait_log(self, event, n=1, **pairs):
        """Waits until there are n such lines; returns them all."""
        def enough():
            lines = self.log(event, **pairs)
            return lines if len(lines) >= n else None
        try:
            return until(enough, '%d lines of %s %r' % (n, event, pairs))
        except Hang:
            self.show()
            raise

    def next(self, event='request'):
        """The first line of that event that was not taken before."""
        n = self.taken.get(event, 0)
        self.taken[event] = n + 1
        return self.wait_log(event, n + 1)[n]

    def skip(self, event='request'):
        """Takes all lines of that event, and those that come soon."""
        time.sleep(BRIEF)
        self.taken[event] = len(self.log(event))

    def show(self):
        """Puts what weir wrote into the test's log."""
        print('--- conf\n%s\n--- stderr' % self.full_conf(self.conf or ''))
        print(self.stderr()[-6000:].decode('latin-1'))
        print('---', flush=True)

    # what it takes

    def memory_kb(self):
        """Its own; its share of a library depends on who else has that."""
        with open('/proc/%d/smaps_rollup' % self.pid) as f:
            for line in f:
                if line.startswith('Private_Dirty:'):
                    return int(line.split()[1])
        raise Skip('no Private_Dirty')

    def fds(self):
        return len(os.listdir('/proc/%d/fd' % self.pid))

    def wait_fds(self, n):
        """Waits until no more than n descriptors are open."""
        until(lambda: self.fds() <= n, '%d descriptors, there are %d'
              % (n, self.fds()))

    def children(self):
        path = '/proc/%d/task/%d/children' % (self.pid, self.pid)
        with open(path) as f:
            return [int(x) for x in f.read().split()]

    def stat(self):
        """proc(5), from the third field on: the state."""
        with open('/proc/%d/stat' % self.pid) as f:
            return f.read().rsplit(')', 1)[1].split()

    def cpu_ticks(self):
        words = self.stat()
        return int(words[11]) + int(words[12])

    def idle(self, seconds=1.0):
        """No CPU is used for a while: nobody spins."""
        time.sleep(0.2 * SLOW)
        before = self.cpu_ticks()
        time.sleep(seconds)
        used = self.cpu_ticks() - before
        assert used <= 10, '%d ticks of CPU while nothing happens' % used

    # what is done with it

    def connect(self, to=None, rcvbuf=None):
        """A client connection; to is (host, port) or a unix path."""
        to = to or self.address
        if isinstance(to, str):
            s = socket.socket(socket.AF_UNIX)
        else:
            s = socket.socket(socket.AF_INET6 if ':' in to[0]
                              else socket.AF_INET)
        if rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        s.settimeout(WAIT)
        try:
            s.connect(to)
        except socket.timeout:
            s.close()
            raise Hang('no connection to weir') from None
        return Peer(s)

    def ask(self, data, method=None):
        """One request on a connection of its own; its final answer."""
        with self.connect() as c:
            return c.ask(data, method)

    def get(self, target='/', more='', host='example.com', method='GET',
            body=None):
        """A plain request, on a connection of its own."""
        return self.ask(plain(target, more, host, method, body))

    def tunnel(self, target='/', host='example.com', more=''):
        """A client whose handshake has succeeded."""
        c = self.connect()
        r = c.ask(ws_request(target, host, more=more))
        same(r.status, 101, 'status')
        same(r.get('sec-websocket-accept'), ws_accept(), 'Accept')
        return c

    def signal(self, number):
        os.kill(self.pid, number)

    @contextlib.contextmanager
    def stopped(self):
        """What is sent meanwhile is there for it in one turn."""
        self.signal(signal.SIGSTOP)
        until(lambda: self.stat()[0] in 'Tt', 'weir to stop')
        yield
        self.signal(signal.SIGCONT)

    def reload(self, conf=None):
        """SIGHUP, perhaps with a new file; returns its log line."""
        if conf is not None:
            self.write_conf(conf)
        n = len(self.log('reload'))
        self.signal(signal.SIGHUP)
        return self.wait_log('reload', n + 1)[n]

    def kill(self):
        if not self.dead():
            self.proc.kill()
        self.proc.wait()

    def wait_end(self, wait=None):
        try:
            return self.proc.wait(wait or WAIT)
        except subprocess.TimeoutExpired:
            self.kill()
            self.show()
            raise Hang('weir does not end') from None

    def stop(self):
        """Ends it and checks how it went."""
        if not self.dead():
            self.signal(signal.SIGTERM)
            try:
                self.proc.wait(0.5 * SLOW)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGTERM)
        self.wait_end()
        self.check()
        shutil.rmtree(self.dir, ignore_errors=True)

    def check(self):
        data = self.stderr()
        bad = [m.decode() for m in REPORTS if m in data]
        if bad or self.proc.returncode != self.status:
            self.show()
        assert not bad, 'stderr holds %r' % bad
        same(self.proc.returncode, self.status, 'exit status')


def plain(target='/', more='', host='example.com', method='GET', body=None):
    """The bytes of a plain request; more holds field lines with CRLFs."""
    text = '%s %s HTTP/1.1\r\nHost: %s\r\n%s' % (method, target, host, more)
    if body is not None:
        text += 'Content-Length: %d\r\n' % len(body)
    return (text + '\r\n').encode('latin-1') + (body or b'')


def run_weir(*args, wait=None):
    """Runs weir to its end: (status, stdout, stderr)."""
    p = subprocess.run(WRAP + [BINARY] + [str(a) for a in args],
                       stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=wait or WAIT)
    return p.returncode, p.stdout, p.stderr


def refusal(r, status, word=None):
    """r is an answer of weir's own, with that status and reason word."""
    assert r.status == int(status), 'status: want %s, got %d %r' % (
        status, r.status, r.body[:200])
    m = re.match(rb'(\d+) ([^:]*): ([a-z_]+): [A-Z].*\.\n\Z', r.body)
    assert m, 'body %r' % r.body
    same(int(m.group(1)), r.status, 'status in the body')
    same(m.group(2).decode(), r.phrase, 'phrase in the body')
    if word is not None:
        within(m.group(3).decode(), word, 'reason')
    return m.group(3).decode()


# Running

_cases = []
at_end = []   # functions to call when all cases have run


def case(f):
    _cases.append(f)
    return f


def each(rows, check, after=None):
    """Calls check(*row) for every row and tells of all that failed.

    after() is called behind a row that failed, to begin the next one clean.
    """
    failed = []
    for row in rows:
        try:
            check(*row)
        except (AssertionError, OSError, ValueError) as e:
            failed.append('%s: %s %s' % (row[0], type(e).__name__, e))
            print('  row %s: %s: %s' % (row[0], type(e).__name__, e),
                  flush=True)
            if after:
                after()
    assert not failed, '%d of %d rows failed:\n  %s' % (
        len(failed), len(rows), '\n  '.join(failed))


def _alarm(*_):
    raise Hang('the case takes too long')


def _run(f):
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(int(CASE))
    began = time.monotonic()
    try:
        f()
        result = 'ok'
    except Skip as e:
        result = 'skipped (%s)' % e
    except Exception:
        traceback.print_exc(file=sys.stdout)
        result = 'FAILED'
    finally:
        signal.alarm(0)
    print('%s %s %.1fs' % (result, f.__name__, time.monotonic() - began),
          flush=True)
    return result


def _terminated(_, frame):
    """Time is up: what is open closes, and says what it has seen."""
    traceback.print_stack(frame, file=sys.stdout)
    sys.exit(1)


def _run_all(cases):
    """Runs them; returns the exit status."""
    results = [_run(f) for f in cases]
    for f in at_end:
        f()
    if results and all(r.startswith('skipped') for r in results):
        print('SKIP: ' + results[0][9:-1])
        return 77
    return 1 if 'FAILED' in results else 0


def main():
    """Runs the cases of the file, or those that are named."""
    names = sys.argv[1:]
    unknown = set(names) - {f.__name__ for f in _cases}
    if unknown:
        sys.exit('no such case: %s' % ' '.join(sorted(unknown)))
    if not os.access(BINARY, os.X_OK):
        print('no binary %s' % BINARY)
        sys.exit(1)
    signal.signal(signal.SIGTERM, _terminated)
    status = 1
    try:
        status = _run_all([f for f in _cases
                           if not names or f.__name__ in names])
    except Exception:
        traceback.print_exc(file=sys.stdout)
    finally:
        # threads may still wait for something
        _clean()
        sys.stdout.flush()
        os._exit(status)
