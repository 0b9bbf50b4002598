"""weir probe: each verdict, from a server that fails in that way."""
# timeout: 240
import json
import os
import pty
import random
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time

from certs import DAY, Cert, alone, root
from tls_peer import HOST, TLS13, Secure, SecureOrigin, server
from weir import (BINARY, BRIEF, CASE, CLOSE, OK, PING, PONG, SLOW, WAIT,
                  WRAP, Deaf, Origin, Skip, Weir, answer, case, each,
                  free_port, has_ipv6, listening, main, run_weir, same, until,
                  within, ws_101, ws_accept, ws_close, ws_frame, ws_serve)

FINE, NAME, TCP, TLS, CERT, NOT_HTTP, UPGRADE, DENIED, REFUSED, GATEWAY, \
    HANDSHAKE, NO_ANSWER, CLOSED, NO_PONG, IDLE, ECHO = \
    [0] + list(range(10, 25))
SHORT = '%dms' % (500 * SLOW)


def probe(*args):
    """Runs it to its end: (status, what it printed)."""
    status, out, err = run_weir('probe', *args, wait=CASE)
    assert err == b'', 'stderr: %r' % err
    return status, out.decode()


def check(url, status, words, *args):
    """The status, and each of the words in what is printed, in order."""
    got, text = probe(*args, getattr(url, 'url', url))
    flat = re.sub(r'\s+', ' ', text)
    assert got == status, 'status %d, not %d: %s' % (got, status, text)
    at = 0
    for w in [words] if isinstance(words, str) else words:
        found = flat.find(w, at)
        assert found >= 0, '%r is not in, or not behind, %d: %s' % (
            w, at, text)
        at = found
    return text


def lines(text, step):
    return [x for x in text.split('\n') if x[5:].startswith(step + ' ')]


class Echo:
    """weir echo, running."""

    def __init__(self):
        self.port = free_port()
        self.url = 'http://127.0.0.1:%d' % self.port
        self.proc = subprocess.Popen(
            WRAP + [BINARY, 'echo', '127.0.0.1:%d' % self.port],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: listening(self.port), 'weir echo to listen')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.terminate()
        same(self.proc.wait(WAIT), 0, 'status of weir echo')


class Nginx:
    """nginx in front of a URL, with these lines in its location."""

    def __init__(self, url, lines_=''):
        program = shutil.which('nginx') or '/usr/sbin/nginx'
        if not os.access(program, os.X_OK):
            raise Skip('no nginx')
        self.dir = tempfile.mkdtemp(prefix='weir-nginx-')
        self.port = free_port()
        self.url = 'http://127.0.0.1:%d' % self.port
        with open(self.dir + '/conf', 'w') as f:
            f.write('''daemon off; master_process off; pid %(dir)s/pid;
error_log %(dir)s/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path %(dir)s/t1; proxy_temp_path %(dir)s/t2;
    fastcgi_temp_path %(dir)s/t3; uwsgi_temp_path %(dir)s/t4;
    scgi_temp_path %(dir)s/t5;
    server {
        listen 127.0.0.1:%(port)d;
        location / { proxy_pass %(url)s; %(lines)s }
    }
}
''' % {'dir': self.dir, 'port': self.port, 'url': url, 'lines': lines_})
        self.proc = subprocess.Popen(
            [program, '-p', self.dir, '-e', self.dir + '/error.log', '-c',
             self.dir + '/conf'], stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until(lambda: self.proc.poll() is not None or listening(self.port),
              'nginx to start')
        assert self.proc.poll() is None, 'nginx does not start'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.terminate()
        self.proc.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


# What works

@case
def works():
    with Echo() as e:
        text = check(e, FINE, [
            'name', '127.0.0.1', 'tcp', '127.0.0.1:%d' % e.port, 'request',
            'answer', '101 Switching Protocols', 'handshake', 'proved',
            'ping', '3 of 3', 'close', '1000', 'verdict:',
            'pings are answered'])
        same(len(lines(text, 'ping')), 3, 'pings')
        check(e, FINE, ['subprotocol a', 'came back'], '--subprotocol=a,b',
              '--echo', '--pings', '0')
        check(e, FINE, '"two words" came back', '--echo', 'two words')
        check(e, FINE, 'came back', '--echo=ws://x')
        with Weir('', e.url) as w:
            check('ws://127.0.0.1:%d/' % w.port, FINE,
                  'the message came back', '--echo')


@case
def addresses():
    """All of them are tried, and one is enough."""
    with Echo() as e:
        url = 'ws://localhost:%d/' % e.port
        text = check(url, FINE, ['localhost:', '127.0.0.1', 'proved'])
        assert 'FAIL' not in text, text
        same(probe('-4', url)[0], FINE, '-4')
        if has_ipv6():
            check('ws://[::1]:%d/' % e.port, TCP, ['FAIL tcp', 'refused'])
            status, text = probe('-6', '--timeout', SHORT, url)
            within(str(status), '%d|%d' % (NAME, TCP), 'status of -6')


@case
def sent():
    """The request is what was asked for."""
    got = []

    def serve(peer):
        q = peer.read_request()
        got.append(q)
        peer.send(ws_101(q.get('sec-websocket-key'),
                         'Sec-WebSocket-Protocol: b\r\n'))
        peer.recv_all()
    with Origin(serve) as o:
        probe('-H', 'X-One: 1', '-HX-Two:2', '--header=Host: h.example:81',
              '--origin', 'https://o.example', '--subprotocol', 'a, b',
              '--pings', '0', '--timeout', SHORT, o.url + '/a/b?c=%20d#e')
        q = got[0]
        same(q.target, '/a/b?c=%20d', 'target')
        for name, value in [
                ('Host', 'h.example:81'), ('X-One', '1'), ('X-Two', '2'),
                ('Origin', 'https://o.example'), ('Upgrade', 'websocket'),
                ('Connection', 'Upgrade'), ('Sec-WebSocket-Version', '13'),
                ('Sec-WebSocket-Protocol', 'a, b')]:
            same(q.all(name), [value], name)
        same(len(q.get('sec-websocket-key')), 24, 'length of the key')
        probe('--pings', '0', '--timeout', SHORT, o.url + '?x')
        same(got[1].target, '/?x', 'target without a path')
        same(got[1].get('host'), o.authority, 'Host')
        assert got[0].get('sec-websocket-key') != \
            got[1].get('sec-websocket-key'), 'the key is the same again'


# Answers that are no handshake

def text(status, phrase, body, more=''):
    return ('HTTP/1.1 %d %s\r\nContent-Type: text/html\r\n%s'
            'Content-Length: %d\r\n\r\n%s' % (
                status, phrase, more, len(body), body)).encode()


def by_upgrade(with_, without):
    """Answers a request by whether it holds an Upgrade."""
    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            peer.send(with_ if q.has('upgrade') else without)
    return serve


def raw(data):
    """A handler that sends this whatever it gets."""
    def serve(peer):
        peer.fill()
        peer.send(data)
        peer.shut()
        peer.recv_all()
    return serve


def silent(peer):
    peer.recv_all()


def ends(peer):
    peer.head()


def resets(peer):
    peer.head()
    peer.reset()


NGINX_400 = '<html><center>The plain HTTP request was sent to HTTPS port' \
    '</center></html>'

ANSWERS = [
    ('ignored', answer(text(200, 'OK', '<html>hello')), UPGRADE,
     ['answer', '200 OK; it says: <html>hello', 'compare', 'the same answer',
      'nothing serves WebSocket', 'path right']),
    ('not found', answer(text(404, 'Not Found', 'no page')), UPGRADE,
     ['404', 'the same answer', 'nothing serves WebSocket']),
    ('gorilla', answer(text(400, 'Bad Request', "websocket: the client is "
     "not using the websocket protocol: 'upgrade' token not found in "
     "'Connection' header")), UPGRADE, ['saw no Upgrade']),
    ('426', answer(text(426, 'Upgrade Required', '', 'Upgrade: websocket'
     '\r\nSec-WebSocket-Version: 13\r\n')), UPGRADE, ['saw no Upgrade']),
    ('version', by_upgrade(text(426, 'Upgrade Required', '',
     'Sec-WebSocket-Version: 8\r\n'), OK), REFUSED, ['version 8']),
    ('request id', by_upgrade(text(404, 'X', 'id 12af9c at 17:03'),
     text(404, 'X', 'id 09bb31 at 17:04')), UPGRADE, ['the same answer']),
    ('path', by_upgrade(text(404, 'Not Found', 'no socket'),
     text(200, 'OK', 'page')), REFUSED,
     ['another answer', 'did get through', '(200)', 'path right']),
    ('401', answer(text(401, 'Unauthorized', '',
     'WWW-Authenticate: Bearer realm="x"\r\n')), DENIED,
     ['asks for Bearer realm="x"', 'No credentials']),
    ('403', answer(text(403, 'Forbidden', '')), DENIED, ['--origin']),
    ('301', answer(text(301, 'Moved', '', 'Location: https://x.example/?'
     'token=hide\r\n')), REFUSED,
     ['https://x.example/?token=***', 'Use wss://']),
    ('429', answer(text(429, 'Too Many', '', 'Retry-After: 7\r\n')),
     REFUSED, ['after 7']),
    ('500', answer(text(500, 'Oops', '')), GATEWAY, ['application failed']),
    ('502', answer(text(502, 'Bad Gateway', '', 'Server: nginx/1.9\r\n'
     'Via: 1.1 here\r\n')), GATEWAY,
     ['by nginx (Server: nginx/1.9, Via: 1.1 here)', 'error log']),
    ('503', answer(text(503, 'Busy', '', 'Retry-After: 5\r\n')), GATEWAY,
     ['Retry-After: 5']),
    ('504', answer(text(504, 'Late', '', 'Server: cloudflare\r\nCF-RAY: '
     '12-FRA\r\n')), GATEWAY, ['in time', 'by Cloudflare']),
    ('chunked', answer(b'HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n'
     b'\r\n4\r\nMiss\r\n1c\r\ning Sec-WebSocket-Key header\r\n0\r\n\r\n'),
     UPGRADE, ['it says: Missing Sec-WebSocket-Key header', 'saw no']),
    ('until the end', raw(b'HTTP/1.1 400 Bad\r\n\r\nno Upgrade here'),
     UPGRADE, ['it says: no Upgrade here']),
    ('interim', answer(b'HTTP/1.1 103 Early\r\nLink: x\r\n\r\n' +
     text(403, 'No', '')), DENIED, ['403']),
    ('TLS port', answer(text(400, 'Bad Request', NGINX_400)), NOT_HTTP,
     ['speaks TLS', 'wss://']),
    ('TLS alert', raw(b'\x15\x03\x03\x00\x02\x02\x46'), NOT_HTTP,
     ['speaks TLS', 'wss://']),
    ('SSH', raw(b'SSH-2.0-OpenSSH_9.2\r\n'), NOT_HTTP,
     ['begins with: SSH-2.0', 'does not speak HTTP']),
    ('HTTP/2', raw(b'\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80'), NOT_HTTP,
     ['HTTP/2 alone']),
    ('malformed', raw(b'HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n'), NOT_HTTP,
     ['malformed HTTP']),
    ('silent', silent, NO_ANSWER, ['no answer in time', '--timeout']),
    ('ended', ends, NO_ANSWER, ['without a Close frame']),
    ('reset', resets, NO_ANSWER, ['a reset']),
]


@case
def answers():
    def one(_, handler, status, words):
        with Origin(handler) as o:
            check(o, status, words, '--timeout', SHORT)
    each(ANSWERS, one)


@case
def no_connection():
    check('ws://does-not-exist.invalid/', NAME, ['FAIL name', 'no address'])
    check('ws://127.0.0.1:%d' % free_port(), TCP, ['FAIL tcp', 'refused',
                                                   'Nothing listens'])
    with Deaf() as d:
        check(d, TCP, ['FAIL tcp', 'timed out', 'firewall'], '--timeout',
              SHORT)


# A 101 that is no handshake

def handshake(more='', accept=None, first='HTTP/1.1 101 Switching Protocols',
              upgrade='Upgrade: websocket\r\n',
              connection='Connection: Upgrade\r\n'):
    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        a = ws_accept(q.get('sec-websocket-key')) if accept is None \
            else accept
        peer.send(('%s\r\n%s%s%s%s\r\n' % (
            first, upgrade, connection,
            'Sec-WebSocket-Accept: %s\r\n' % a if a else '', more)).encode())
        peer.recv_all()
    return serve


@case
def proofs():
    def one(_, handler, words, *args):
        with Origin(handler) as o:
            check(o, HANDSHAKE, words, *args)
    each([
        ('no Upgrade', handshake(upgrade=''),
         ['proof_upgrade', 'Upgrade: websocket is missing']),
        ('h2c', handshake(upgrade='Upgrade: h2c\r\n'), 'missing or another'),
        ('no Connection', handshake(connection=''),
         ['proof_connection', 'Connection does not list Upgrade']),
        ('no Accept', handshake(accept=''),
         ['Sec-WebSocket-Accept is not', 'It is missing']),
        ('wrong Accept', handshake(accept=ws_accept()),
         ['Sec-WebSocket-Accept is not', 'It is ' + ws_accept()]),
        ('subprotocol', handshake('Sec-WebSocket-Protocol: c\r\n'),
         ['not offered', 'It is c'], '--subprotocol', 'a,b'),
        ('extension', handshake('Sec-WebSocket-Extensions: '
                                'permessage-deflate\r\n'),
         ['not offered', 'It is permessage-deflate']),
        ('body', handshake('Content-Length: 5\r\n'), 'announces a body'),
        ('HTTP/1.0', handshake(first='HTTP/1.0 101 Switching Protocols'),
         'HTTP/1.0'),
    ], one)
    with Origin(handshake()) as o:
        # what browsers do then
        check(o, FINE, ['-- handshake', 'browsers end'], '--pings', '0',
              '--subprotocol', 'a', '--timeout', SHORT)


# What follows a handshake

def after(act):
    """A handler that shakes hands, and then acts."""
    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        peer.send(ws_101(q.get('sec-websocket-key')))
        act(peer)
    return serve


def sends(data):
    def act(peer):
        peer.send(data)
        peer.recv_all()
    return act


def loses_echo(peer):
    """Answers pings and swallows messages."""
    while True:
        f = peer.frame()
        if f is None:
            return
        if f.op == PING:
            peer.send(ws_frame(PONG, f.data, None))


def other_echo(peer):
    while True:
        f = peer.frame()
        if f is None:
            return
        peer.send(ws_frame(PONG, f.data, None) if f.op == PING else
                  ws_frame(1, b'hello', None))


def slow_echo(peer):
    """In fragments, with a ping and other messages between them."""
    peer.send(ws_frame(1, b'welcome', None))
    while True:
        f = peer.frame()
        if f is None:
            return
        if f.op == PING:
            peer.send(ws_frame(PONG, b'unasked', None))
            peer.send(ws_frame(PONG, f.data, None))
        elif f.op == 1:
            peer.send(ws_frame(1, b'news', None))
            peer.send(ws_frame(1, f.data[:3], None, fin=0))
            peer.send(ws_frame(PING, b'x', None))
            peer.send(ws_frame(0, f.data[3:], None))
            same(peer.frame().op, PONG, 'answer to a ping')
            return loses_echo(peer)


@case
def tunnels():
    def one(_, act, status, words, *args):
        with Origin(after(act)) as o:
            check(o, status, words, '--timeout', SHORT, *args)
    each([
        # what is closed without having been read becomes a reset
        ('closed', lambda p: (p.shut(), p.recv_all()), CLOSED,
         'ended at once with the end'),
        ('reset', lambda p: p.reset(), CLOSED, ['ended at once with',
                                                'reset']),
        ('Close', sends(ws_close(4003, b'who are you?', None)), CLOSED,
         'code 4003 "who are you?"'),
        ('empty Close', sends(ws_frame(CLOSE, b'', None)), CLOSED,
         'without a code'),
        ('no pong', silent, NO_PONG, '1 of 1 pings got no pong'),
        ('masked', sends(ws_frame(1, b'x')), HANDSHAKE, 'is masked'),
        ('opcode', sends(ws_frame(3, b'x', None)), HANDSHAKE, 'reserved'),
        ('compressed', sends(ws_frame(1, b'x', None, rsv=4)), HANDSHAKE,
         'reserved bit'),
        ('length', sends(b'\x81\x7e\0\1x'), HANDSHAKE, 'length'),
        ('fragments', sends(ws_frame(0, b'x', None)), HANDSHAKE, 'disorder'),
        ('large ping', sends(ws_frame(PING, b'x' * 126, None)), HANDSHAKE,
         'too long'),
        ('no echo', loses_echo, ECHO, 'did not come back', '--echo'),
        ('another echo', other_echo, ECHO, '"hello"', '--echo'),
        ('fragmented echo', slow_echo, FINE, 'came back', '--echo'),
    ], one)
    with Origin(after(silent)) as o:
        check(o, FINE, 'verdict: WebSocket works', '--pings=0', '--timeout',
              SHORT)


@case
def noise():
    """Whatever comes is judged, and printed as plain text."""
    dice = random.Random(7)

    def spoil(data):
        data = bytearray(data)
        for _ in range(dice.randrange(1, 4)):
            i = dice.randrange(len(data))
            data[i:i + dice.randrange(3)] = dice.randbytes(
                dice.randrange(3))
        return bytes(data)

    def one(n):
        def serve(peer):
            q = peer.read_request()
            if q is None:
                return
            peer.send(spoil(ws_101(q.get('sec-websocket-key'), 'Via: a\r\n')
                            if n % 2 else
                            text(400, 'Bad Request', 'x' * 30)))
            if n % 4 == 1:
                peer.send(spoil(ws_frame(1, b'y' * 20, None)))
            peer.shut()
        with Origin(serve) as o:
            status, out = probe('--timeout', '%dms' % (100 * SLOW), o.url)
            assert status >= UPGRADE - 1 and status != IDLE, (status, out)
            assert re.fullmatch('[\n -~]*', out), out
    for n in range(120):
        one(n)


@case
def early_frames():
    """Frames in the same segment as the 101."""
    def serve(peer):
        q = peer.read_request()
        peer.send(ws_101(q.get('sec-websocket-key')) +
                  ws_frame(1, b'x' * 70000, None))
        loses_echo(peer)
    with Origin(serve) as o:
        check(o, FINE, '3 of 3')


# Held open

LIMIT = 0.8 * SLOW   # after so much silence the servers here cut
HOLD = '%dms' % (2000 * SLOW)
PINGS = '%dms' % (100 * SLOW)


def idle(cut, limit=LIMIT):
    """Echoes until nothing comes for a while, then cuts."""
    def act(peer):
        peer.sock.settimeout(limit)
        while True:
            try:
                data = peer.sock.recv(4096)
            except socket.timeout:
                return cut(peer)
            if not data:
                return
            peer.buf += data
            while peer.buf:
                f = peer.frame()
                if f.op == PING:
                    peer.send(ws_frame(PONG, f.data, None))
                elif f.op == CLOSE:
                    peer.send(ws_frame(CLOSE, f.data, None))
                    return
    return after(act)


def says_away(peer):
    peer.send(ws_close(1001, b'idle', None))
    peer.sock.settimeout(WAIT)
    peer.recv_all()


def black_hole(peer):
    """Takes everything from now on, and says nothing."""
    peer.sock.settimeout(CASE)
    peer.recv_all()


def lifetime(peer):
    """Ends after a while, whatever comes."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if select.select([peer.sock], [], [], 0.01)[0]:
            f = peer.frame()
            if f is None:
                return
            if f.op == PING:
                peer.send(ws_frame(PONG, f.data, None))


@case
def idle_cuts():
    def one(_, handler, words):
        with Origin(handler) as o:
            check(o, IDLE, words, '--hold', HOLD, '--ping', PINGS,
                  '--timeout', SHORT)
    open_still = ['With a ping every', 'it was still open', 'Ping at least']
    each([
        ('FIN', idle(lambda p: None),
         ['FAIL hold', 'silent: cut after', 'ok hold', 'with a ping every',
          'The path cuts connections after', 'end of the TCP stream'] +
         open_still),
        ('RST', idle(lambda p: p.reset()),
         ['The path cuts', 'a reset'] + open_still),
        ('Close', idle(says_away),
         ['The path cuts', 'code 1001 "idle"'] + open_still),
        ('black hole', idle(black_hole),
         ['seen by the ping at the end', 'forgets idle connections without',
          'at some time within'] + open_still),
        ('lifetime', after(lifetime),
         ['The path cuts', 'was cut as well', 'limit on the lifetime']),
        ('busy', after(lambda p: talkative(p, LIMIT)),
         ['The path cut the connection after', 'was not silent',
          'was cut as well', 'limit on the lifetime']),
    ], one)


@case
def idle_default():
    """Without --ping the second time pings at half of the cut."""
    with Origin(idle(lambda p: None, 2 * LIMIT)) as o:
        check(o, IDLE, ['with a ping every', 'still open'], '--hold', HOLD)


@case
def held():
    with Echo() as e:
        text = check(e, FINE, ['ok hold', 'silent for', 'still open',
                               'of silence'], '--hold', SHORT)
        same(len(lines(text, 'hold')), 1, 'times it was held')

    with Origin(after(talkative)) as o:
        check(o, FINE, ['still open', 'by itself'], '--hold', SHORT)


def talkative(peer, for_s=CASE):
    """Answers pings, and sends its own all the time."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        if not select.select([peer.sock], [], [], BRIEF / 10)[0]:
            peer.send(ws_frame(PING, b'a', None))
            continue
        f = peer.frame()
        if f is None:
            return
        if f.op == PING:
            peer.send(ws_frame(PONG, f.data, None))
        elif f.op == CLOSE:
            peer.send(ws_frame(CLOSE, f.data, None))
            return


# TLS

@case
def tls_works():
    c = root().leaf(HOST, '127.0.0.1')
    with SecureOrigin(c, ws_serve) as o:
        url = 'wss://127.0.0.1:%d/' % o.port
        check(url, FINE, ['ok tls', 'TLS 1.2, ECDHE', 'cert', HOST,
                          'issued by Test Root', 'days left', 'proved',
                          'came back'], '--echo', '--ca', root().cert)
        check(url, FINE, ['not verified', 'cert'], '--insecure')
    with Echo() as e, Secure('', e.url) as w:
        check('wss://127.0.0.1:%d/' % w.port, FINE, 'came back', '--echo',
              '--ca', root().cert)
        text = check('ws://127.0.0.1:%d/' % w.port, NOT_HTTP,
                     ['tls_plain', 'speaks TLS', 'wss://'])
        assert 'compare' in text, text
    soon = root().leaf('127.0.0.1', end=3 * DAY)
    with SecureOrigin(soon, ws_serve) as o:
        check('wss://127.0.0.1:%d/' % o.port, FINE, ['-- cert',
              'expires in '], '--ca', root().cert)


@case
def tls_name():
    """Directly at an address the public name is asked for and verified."""
    for names, status, words in [
            (['localhost'], FINE, 'Both ways work'),
            (['127.0.0.1'], CERT, ['fail alike', 'is for 127.0.0.1',
                                   'names localhost'])]:
        with SecureOrigin(root().leaf(*names), ws_serve) as o:
            check('wss://localhost:%d/' % o.port, status, words, '--via',
                  '127.0.0.1', '--ca', root().cert)
            until(lambda: len(o.failed) == (0 if status == FINE else 2),
                  'the refusals')


@case
def certificates():
    late = root().leaf('127.0.0.1', start=-9 * DAY, end=-DAY - 99)
    early = root().leaf('127.0.0.1', start=DAY, end=9 * DAY)

    far = root().sub().leaf('127.0.0.1')

    def one(_, c, words):
        with SecureOrigin(c, ws_serve) as o:
            url = 'wss://127.0.0.1:%d/' % o.port
            check(url, CERT, ['FAIL tls', 'cert'] + words, '--ca',
                  root().cert)
            check(url, FINE, 'not verified', '--insecure')
    each([
        ('expired', late, ['127.0.0.1; issued by', 'expired 1 day ago',
                           'has expired', 'Renew']),
        ('early', early, ['not valid yet']),
        ('another name', root().leaf('b.example'),
         ['b.example; issued by Test Root', 'It is for b.example',
          'Get one that names 127.0.0.1']),
        ('issuer', root('other').leaf('127.0.0.1'),
         ['issued by other', 'no trusted authority', '--ca']),
        ('itself', alone('127.0.0.1'), ['signed by itself', '--ca']),
        ('chain', Cert('127.0.0.1', far.cert, far.key, ()),
         ['issued by Between', 'no trusted authority', 'whole chain']),
    ], one)


@case
def tls_fails():
    c = root().leaf('127.0.0.1')
    arg = ('--ca', root().cert, '--timeout', SHORT)
    with SecureOrigin(c, context=server(c, version=TLS13)) as o:
        check(o.url, TLS, ['FAIL tls', 'TLS 1.3', 'speaks TLS 1.2'], *arg)
    with SecureOrigin(c, context=server(
            c, ciphers='ECDHE-ECDSA-AES128-SHA256')) as o:
        check(o.url, TLS, ['FAIL tls', 'handshake failed'], *arg)
    for handler, status, words in [
            (raw(OK), NOT_HTTP, 'does not speak TLS'),
            (raw(text(400, 'Bad', '')), NOT_HTTP, 'does not speak TLS'),
            (silent, TLS, 'silence'),
            (lambda p: p.fill(), TLS, 'ended with'),
            (lambda p: (p.fill(), p.reset()), TLS, 'a reset')]:
        with Origin(handler) as o:
            check('wss://' + o.authority, status, ['FAIL tls', words], *arg)
    with SecureOrigin(c) as o:
        # the other way round: what a TLS server says to plain HTTP
        got, out = probe('--timeout', SHORT, 'ws://' + o.authority)
        within(str(got), '%d|%d' % (NOT_HTTP, NO_ANSWER), 'status')


# What stands between

@case
def nginx():
    up = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; ' \
        'proxy_set_header Connection "upgrade";'
    with Echo() as e:
        with Nginx(e.url, up) as n:
            check(n, FINE, ['Server: nginx/', 'came back'], '--echo')
        with Nginx(e.url) as n:
            lost = ['FAIL answer', '400', 'Server: nginx/', 'compare',
                    'the same answer', 'The Upgrade was lost on the way',
                    'saw no Upgrade', 'answered by nginx',
                    'proxy_set_header Upgrade $http_upgrade']
            check(n, UPGRADE, lost)
            check(n, UPGRADE, ['directly at', 'proved', 'it works, so what '
                               'stands before the origin does it'],
                  '--via', '127.0.0.1:%d' % e.port)
        with Nginx(e.url, up + 'proxy_read_timeout 1s;') as n:
            check(n, IDLE, ['silent: cut after', 'still open'], '--hold',
                  '%ds' % int(3 * SLOW), '--ping', '200ms')
        with Nginx('http://127.0.0.1:%d' % free_port(), up) as n:
            check(n, GATEWAY, ['502', 'answered by nginx', 'error log'])
        with Nginx(e.url, 'return 403;') as n:
            check(n, DENIED, ['403', 'nginx'])


def strips(origin):
    """A CDN: passes requests on without Upgrade."""
    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        head = ['GET %s HTTP/1.1' % q.target, 'Connection: close'] + [
            '%s: %s' % f for f in q.fields
            if f[0].lower() not in ('upgrade', 'connection')]
        with socket.create_connection(('127.0.0.1', origin.port)) as s:
            s.sendall(('\r\n'.join(head) + '\r\n\r\n').encode())
            data = b''
            while True:
                more = s.recv(4096)
                if not more:
                    break
                data += more
        peer.send(data.replace(b'\r\n', b'\r\nVia: 1.1 edge (Varnish)\r\n',
                               1))
    return serve


@case
def via():
    with Echo() as e, Origin(strips(e)) as cdn, \
            Origin(answer(text(403, 'No', ''))) as no:
        direct = '127.0.0.1:%d' % e.port
        out = check(cdn, UPGRADE, [
            'FAIL answer', 'Via: 1.1 edge (Varnish)', 'the same answer',
            'directly at', 'ok answer', 'proved', 'verdict:',
            'Directly at http://%s it works' % direct,
            'saw no Upgrade', 'answered by Varnish', 'vcl_pipe'],
            '--via', direct)
        same(len(lines(out, 'name')), 2, 'ways')
        check(e, FINE, 'Both ways work', '--via', direct)
        check(cdn, UPGRADE, 'fail alike', '--via=' + cdn.authority)
        check(e, DENIED, 'The public way works', '--via', no.authority)
        check(cdn, UPGRADE, 'fails in another way (denied)', '--via',
              no.authority)
        # the port is the URL's, and the Host is the public one
        seen = len(no.requests)
        check('ws://localhost:%d' % no.port, DENIED, 'fail alike', '--via',
              '127.0.0.1')
        same(no.requests[-1].get('host'), 'localhost:%d' % no.port, 'Host')
        assert len(no.requests) > seen
    # plain behind TLS, and TLS with the public name
    c = root().leaf(HOST, '127.0.0.1')
    with Echo() as e, SecureOrigin(c, ws_serve) as o:
        check('wss://127.0.0.1:%d' % o.port, FINE, 'Both ways work', '--via',
              e.url, '--ca', root().cert)


# What is printed

@case
def as_json():
    with Echo() as e, Origin(strips(e)) as cdn:
        status, out = probe('--json', '--hold', SHORT, '--echo', e.url)
        same(status, FINE, 'status')
        j = json.loads(out)
        same(out.count('\n'), 1, 'lines')
        same(j['verdict']['class'], 'fine', 'class')
        same(j['verdict']['status'], 0, 'status')
        steps = j['probes'][0]['steps']
        same([s['step'] for s in steps],
             ['name', 'tcp', 'request', 'answer', 'handshake', 'ping',
              'ping', 'ping', 'echo', 'hold', 'close'], 'steps')
        same([s['mark'] for s in steps], ['ok'] * 11, 'marks')
        same(steps[3]['status'], 101, 'status of the answer')
        for s in steps[5:10]:
            assert s['ms'] >= 0, s
        status, out = probe('--json', '--via', e.url, cdn.url)
        j = json.loads(out)
        same(status, UPGRADE, 'status')
        same([p['class'] for p in j['probes']], ['upgrade_lost', 'fine'],
             'classes')
        same(j['verdict']['status'], UPGRADE, 'status of the verdict')
        same(j['probes'][0]['steps'][-1]['same'], 1, 'same')
    with SecureOrigin(root().leaf('b.example'), ws_serve) as o:
        status, out = probe('--json', '--ca', root().cert, o.url)
        steps = json.loads(out)['probes'][0]['steps']
        same(steps[-1]['names'], 'b.example', 'names')
        within(str(steps[-1]['days']), '59|60', 'days')
    odd = text(403, 'A "b" \\', 'tab\there \x1b[31m "quoted" \\ end')
    with Origin(answer(odd)) as o:
        status, out = probe('--json', o.url)
        step = json.loads(out)['probes'][0]['steps'][3]
        assert 'tab here \\x1b[31m "quoted" \\ end' in step['text'], step


@case
def secrets():
    """What is given as a secret is not printed, not even if it comes back."""
    def reflect(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            peer.send(text(400, 'Bad', q.raw.decode(), 'Server: %s\r\n'
                           % q.get('authorization')))
    words = ['hunter2xyz', 'c2VjcmV0', 'sk-1234567', 'apikeyvalue',
             'cookievalue', 'querytoken']
    with Origin(reflect) as o:
        for args in [(), ('--json',)]:
            status, out = probe(
                *args, '-H', 'Authorization: Bearer hunter2xyz', '-H',
                'Proxy-Authorization: Basic c2VjcmV0', '-H',
                'X-Api-Key:apikeyvalue', '-H', 'Cookie: a=cookievalue',
                '-H', 'X-Open: see me', '--subprotocol',
                'realtime, openai-insecure-api-key.sk-1234567',
                o.url + '/?a=b&token=querytoken&c=d')
            same(status, UPGRADE, 'status')
            for w in words:
                assert w not in out, '%s in %s' % (w, out)
            for w in ['X-Open: see me', 'realtime', 'token=***&c=d']:
                assert w in out, '%s not in %s' % (w, out)


@case
def terminal_escapes():
    """Bytes of the other side cannot command a terminal."""
    with Origin(answer(text(403, 'No', '\x1b[2J\x07\x9bx'))) as o:
        status, out = probe(o.url)
        assert '\x1b' not in out and '\x07' not in out, out
        assert '\\x1b[2J\\x07' in out, out


def on_terminal(args, env):
    """Runs it on a terminal; what it wrote there."""
    main_end, end = pty.openpty()
    p = subprocess.Popen(WRAP + [BINARY, 'probe'] + args, stdin=end,
                         stdout=end, stderr=end, env=dict(os.environ, **env))
    os.close(end)
    out = b''
    while True:
        if not select.select([main_end], [], [], WAIT)[0]:
            p.kill()
            raise AssertionError('nothing came behind %r' % out)
        try:
            more = os.read(main_end, 4096)
        except OSError:
            break
        if not more:
            break
        out += more
    os.close(main_end)
    p.wait()
    return out


@case
def colours():
    with Echo() as e:
        args = ['--hold', SHORT, e.url]
        out = on_terminal(args, {'TERM': 'xterm', 'NO_COLOR': ''})
        assert b'\x1b[32mok' in out and b'\x1b[1;32mverdict' in out, out
        assert b'silent' in out and b'\r\x1b[K' in out, out
        for env in [{'TERM': 'xterm', 'NO_COLOR': '1'},
                    {'TERM': 'dumb', 'NO_COLOR': ''}]:
            out = on_terminal(args, env)
            assert b'm' in out and b'\x1b[3' not in out and \
                b'\x1b[1' not in out, out
        out = on_terminal(['--json'] + args, {'TERM': 'xterm'})
        assert b'\x1b' not in out, out
        json.loads(out)
        status, out = probe(*args)
        assert '\x1b' not in out and '\r' not in out, out


@case
def usage():
    url = 'ws://127.0.0.1:1/'

    def one(what, args, word):
        status, out, err = run_weir('probe', *args)
        same(status, 2, 'status')
        same(out, b'', 'stdout')
        assert word.encode() in err and b'usage: weir probe' in err, err
    each([(' '.join(a), a, w) for a, w in [
        ([], 'missing'), ([url, url], 'only one URL'),
        (['--foo', url], '--foo: no such option'), (['-x', url], '-x'),
        (['--hold', url], 'duration'), (['--hold=', url], 'duration'),
        ([url, '--hold'], 'needs a value'), (['--json=1', url], 'no value'),
        (['--pings', 'many', url], 'number'), (['127.0.0.1:80'], 'ws://'),
        (['--timeout', '0', url], 'more than 0'), (['ftp://x/'], 'ws://'),
        (['ws://u:p@h/'], 'Authorization'), (['ws://h:0/'], 'port'),
        (['ws://h/a b'], '%XX'), (['ws://'], 'not an address'),
        (['--via', 'a b', url], '--via'), (['--ca', '', url], 'empty'),
        (['-H', 'nothing', url], "Name: value"),
        (['-H', 'A: b\nC: d', url], 'bytes'),
        (['-H', 'Connection: x', url], 'is ours'),
        (['-H', 'Sec-WebSocket-Protocol: x', url], '--subprotocol'),
        (['--ping', '1s', url], '--hold'),
        (['--pings=0', '--hold=1s', url], 'one or more'),
        (['--', '--json', url], 'only one URL'),
    ]], one)
    status, out, err = run_weir('probe', '--help')
    same((status, err), (0, b''), 'of --help')
    assert out.startswith(b'usage: weir probe'), out
    # what cannot run
    status, out, err = run_weir('probe', '--ca', '/nonexistent',
                                'wss://127.0.0.1:1/')
    same(status, 1, 'status')
    assert b'/nonexistent' in err, err


main()
