#!/usr/bin/python3
"""tcp:// and tls:// listeners: bytes, whatever they mean."""
import asyncio
import fcntl
import getpass
import hashlib
import os
import random
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import termios
import threading
import time

from certs import root
from tls_peer import SecureOrigin
from weir import BRIEF, Deaf, Origin, Peer, SLOW, Skip, TOP, WAIT, Weir, case
from weir import free_port, listening, main, never, run_weir, same, until
from weir import within

SITE = TOP + '/test/conf/site.pem'


def echo(peer):
    """What comes goes back, up to the end, which is passed on."""
    while peer.fill():
        peer.send(peer.take(len(peer.buf)))
    peer.shut()


def conf(*upstreams, more='', listen='tcp://127.0.0.1:@PORT@', words=''):
    text = 'listen = %s %s\nroute = %s\n' % (listen, words, listen)
    for u in upstreams:
        text += 'upstream = %s\n' % getattr(u, 'url', u).replace('http:',
                                                                'tcp:')
    return text + more + '\n'


def queued(sock):
    """The bytes that wait to be read."""
    return struct.unpack('i', fcntl.ioctl(sock, termios.FIONREAD,
                                          bytes(4)))[0]


@case
def there_and_back():
    with Origin(echo) as u, Weir(conf(u)) as w:
        with w.connect() as c:
            name = w.wait_log('tcp_open')[0]
            same(name['client'], '127.0.0.1', 'client')
            same(name['route'], 'tcp://127.0.0.1:%d' % w.port, 'route')
            for data in (b'a', b'GET / HTTP/1.1\r\n\r\n', bytes(256), b'\xff'):
                c.send(data)
                same(c.recv_n(len(data)), data, 'echo')
            c.shut()
            c.ended('eof')
        line = w.wait_log('tcp_close')[0]
        same((line['id'], line['by'], line['reason'], line['bytes_in'],
              line['bytes_out']), (name['id'], 'client', 'client_closed',
                                   '276', '276'), 'line')
        same(set(line) - {'time', 'level', 'event'},
             {'id', 'client', 'route', 'upstream', 'by', 'reason', 'seconds',
              'bytes_in', 'bytes_out'}, 'pairs')
        same(w.log('request'), [], 'requests')


@case
def the_server_may_speak_first():
    def greet(peer):
        peer.send(b'220 hello\r\n')
        same(peer.recv_until(b'\n'), b'quit\n', 'client')
    with Origin(greet) as u, Weir(conf(u)) as w:
        with w.connect() as c:
            same(c.recv_until(b'\n'), b'220 hello\r\n', 'greeting')
            c.send(b'quit\n')
            c.ended('eof')
        same(w.wait_log('tcp_close')[0]['by'], 'upstream', 'by')


@case
def half_closes_are_carried_over():
    def count(peer):
        n = len(peer.recv_all())
        same(peer.end, 'eof', 'end')
        for i in range(100):
            peer.send(b'%d\n' % n)
    with Origin(count) as u, Weir(conf(u)) as w:
        with w.connect() as c:
            c.send(b'x' * 100000)
            c.shut()
            same(c.recv_all(), b'100000\n' * 100, 'answer')
            same(c.end, 'eof', 'end')

    def shut_first(peer):
        peer.send(b'hello')
        peer.shut()
        same(peer.recv_all(), b'late', 'what follows')
    with Origin(shut_first) as u, Weir(conf(u)) as w:
        with w.connect() as c:
            same(c.recv_all(), b'hello', 'first')
            never(lambda: w.log('tcp_close'), 'the end')
            c.send(b'late')
            c.shut()
            w.wait_log('tcp_close', by='upstream')


@case
def at_once_and_gone():
    """All of a client's bytes, and its end, before the upstream is there."""
    def take(peer):
        same(peer.recv_all(), b'all of it', 'bytes')
        peer.send(b'thanks')
    with Origin(take) as u, Weir(conf(u)) as w:
        for _ in range(20):
            with w.connect() as c:
                c.send(b'all of it')
                c.shut()
                same(c.recv_all(), b'thanks', 'answer')
    with Origin(lambda p: p.send(b'banner')) as u, Weir(conf(u)) as w:
        with w.connect() as c:
            c.shut()
            same(c.recv_all(), b'banner', 'answer')


@case
def much_and_slowly():
    data = random.Random(5).randbytes(20 << 20)
    with Origin(echo) as u, Weir(conf(u)) as w, w.connect(rcvbuf=8192) as c:
        t = threading.Thread(target=lambda: (c.send(data), c.shut()))
        t.start()
        got = hashlib.sha256()
        n = 0
        while n < len(data):
            piece = c.recv_n(min(1 << 20, len(data) - n))
            got.update(piece)
            n += len(piece)
        t.join()
        same(got.hexdigest(), hashlib.sha256(data).hexdigest(), 'bytes')
        c.ended('eof')


@case
def who_does_not_read_stops_the_other():
    sent, stuck = [], threading.Event()

    def flood(peer):
        peer.sock.settimeout(1)
        try:
            while True:
                peer.sock.sendall(bytes(65536))
                sent.append(65536)
        except socket.timeout:
            stuck.set()
    with Origin(flood) as u:
        with Weir(conf(u)) as w, w.connect(rcvbuf=4096) as c:
            until(stuck.is_set, 'a full way')
            assert sum(sent) < 32 << 20, '%d bytes were taken' % sum(sent)
            w.idle(0.3)
            c.close()


@case
def resets_are_passed_on():
    def cut(peer):
        peer.recv_n(1)
        peer.reset()
    with Origin(cut) as u, Weir(conf(u)) as w:
        with w.connect() as c:
            c.send(b'x')
            within(str(c.recv_all() == b'' and c.end), 'reset', 'end')
        same(w.wait_log('tcp_close')[0]['reason'], 'upstream_reset', 'reason')
    ends = []

    def wait(peer):
        peer.recv_all()
        ends.append(peer.end)
    with Origin(wait) as u, Weir(conf(u)) as w:
        c = w.connect()
        w.wait_log('tcp_open')
        c.reset()
        until(lambda: ends, 'the end')
        same(ends, ['reset'], 'ends')
        same(w.wait_log('tcp_close')[0]['reason'], 'client_reset', 'reason')


@case
def last_words_before_a_reset():
    """A server that has answered and takes no more: what it said arrives."""
    asked, go, gone = (threading.Event() for _ in range(3))

    def refuse(peer):
        peer.recv_n(1)
        asked.set()
        go.wait(WAIT)
        peer.send(b'no' * 30000)
        # with bytes that nobody read: a reset follows
        peer.sock.close()
        gone.set()
    with Origin(refuse) as u, Weir(conf(u)) as w, w.connect() as c:
        c.send(b'a')
        asked.wait(WAIT)
        c.send(b'b' * 1000)
        w.wait_log('tcp_open')
        until(lambda: queued(u.peers[0].sock) == 1000, 'the bytes')
        with w.stopped():
            go.set()
            gone.wait(WAIT)
            c.send(b'c' * 1000)
        same(len(c.recv_all()), 60000, 'the answer')
        same(c.end, 'reset', 'end')
        line = w.wait_log('tcp_close')[0]
        same((line['by'], line['reason']), ('upstream', 'upstream_reset'),
             'line')


@case
def the_next_upstream_is_tried():
    dead = 'tcp://127.0.0.1:%d' % free_port()
    with Origin(echo) as u, Weir(conf(dead, u)) as w:
        for _ in range(4):
            with w.connect() as c:
                c.send(b'x')
                same(c.recv_n(1), b'x', 'echo')
    with Weir(conf(dead)) as w:
        with w.connect() as c:
            c.ended()
        line = w.wait_log('tcp_close')[0]
        same((line['reason'], line['by']), ('connect_refused', 'weir'), 'line')
        same(w.log('tcp_open'), [], 'opened')
    with Deaf() as d, Weir(conf(d, more='connect_timeout = 300ms')) as w:
        with w.connect() as c:
            c.ended()
        same(w.wait_log('tcp_close')[0]['reason'], 'connect_timeout',
             'reason')


@case
def upstreams_are_chosen_by_address():
    def serve(name):
        return lambda p: (p.send(name), p.recv_all())
    with Origin(serve(b'a')) as a, Origin(serve(b'b')) as b, \
            Origin(serve(b'c')) as c, \
            Weir(conf(a, b, c, more='balance = hash uri')) as w:
        got = {}
        for n in range(1, 40):
            for _ in range(2):
                with socket.socket() as s:
                    s.bind(('127.0.0.%d' % n, 0))
                    s.connect(w.address)
                    got.setdefault(n, set()).add(Peer(s).recv_n(1))
        same({len(x) for x in got.values()}, {1}, 'upstreams of an address')
        same(len(set.union(*got.values())), 3, 'upstreams in use')
    with Origin(echo) as u, \
            Weir('health = /\nhealth_interval = 100ms\n' + conf(u)) as w:
        with w.connect() as c:
            c.send(b'x')
            same(c.recv_n(1), b'x', 'echo')
            never(lambda: len(u.peers) > 1, 'a check')


@case
def unix_sockets():
    with tempfile.TemporaryDirectory() as d, \
            Origin(echo, path=d + '/u') as u, \
            Weir(conf(u, listen='tcp://unix:%s/w' % d)) as w:
        with w.connect(d + '/w') as c:
            c.send(b'x')
            same(c.recv_n(1), b'x', 'echo')
        same(w.wait_log('tcp_close')[0]['client'], 'unix:', 'client')


@case
def beside_http():
    port = free_port()
    listen = 'listen = http://127.0.0.1:%d\n' % port
    with Origin(echo) as u, Origin() as h, \
            Weir(listen + conf(u, more='route = /\nupstream = ' + h.url)) \
            as w:
        with w.connect() as c, w.connect(('127.0.0.1', port)) as d:
            c.send(b'x')
            r = d.ask(b'GET / HTTP/1.1\r\nHost: tcp\r\n\r\n')
            same(r.status, 200, 'status')
            same(c.recv_n(1), b'x', 'echo')


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def echoed(address, data):
    """What comes back while data is sent; not with a thread, as an engine of
    Python's ssl does not bear two."""
    reader, writer = await asyncio.open_connection(
        *address, ssl=client_context())
    writer.write(data)
    got = await asyncio.wait_for(reader.readexactly(len(data)), 3 * WAIT)
    writer.close()
    return got


@case
def tls_is_taken_off_and_put_on():
    # tls -> tls:// listener -> tls:// upstream -> tls:// listener -> bytes
    cert = 'cert = %s\n' % SITE
    with Origin(echo) as u, \
            Weir(cert + conf(u, listen='tls://127.0.0.1:@PORT@')) as inner, \
            Weir(cert + conf('tls://127.0.0.1:%d' % inner.port,
                             more='upstream_verify = no',
                             listen='tls://127.0.0.1:@PORT@')) as w:
        data = random.Random(6).randbytes(3 << 20)
        same(asyncio.run(echoed(w.address, data)) == data, True, 'echo')
        w.wait_log('tcp_close', by='client')
        inner.wait_log('tcp_close')
        # what is no TLS gets no answer
        with w.connect() as c:
            c.send(b'GET / HTTP/1.1\r\n\r\n')
            c.ended()
        same(w.wait_log('tls')[0]['reason'], 'tls_failed', 'reason')
    with Origin(echo) as u, Weir(conf('tls://127.0.0.1:%d' % u.port)) as w:
        with w.connect() as c:
            c.ended()
        line = w.wait_log('tcp_close')[0]
        same(line['reason'], 'upstream_tls', 'reason')
        assert line['tls'], 'no word on TLS'


@case
def a_tls_upstream_is_told_late():
    """One that answers late still can, as it is told of a plain client's end
    once it has sent nothing for a while, or has ended itself."""
    waits = threading.Event()
    got = []

    def serve(peer):
        got.append(peer.recv_n(5))
        if waits.is_set():
            peer.ended('eof')
            got.append('eof')
        else:
            time.sleep(BRIEF)
            peer.send(b'late')
    with SecureOrigin(root().leaf('127.0.0.1'), serve) as o:
        for wait, ms in ((False, 60000), (True, 500 * SLOW)):
            (waits.set if wait else waits.clear)()
            del got[:]
            more = ('upstream_ca = %s\nlinger = 100s\nabandon_timeout = %dms'
                    % (root().cert, ms))
            with Weir(conf('tls://' + o.authority, more=more)) as w:
                with w.connect() as c:
                    c.send(b'words')
                    c.shut()
                    same(c.recv_all(), b'' if wait else b'late', 'answer')
                line = w.wait_log('tcp_close')[0]
                same((line['by'], line['reason']),
                     ('client', 'client_closed'), 'log')
            until(lambda: len(got) == 1 + wait, 'the end at the upstream')
            o.quiet()


@case
def heads_in_and_out():
    def serve(peer):
        head = peer.recv_until(b'\r\n')
        peer.send(head + peer.recv_n(1))
        peer.recv_all()
    with Origin(serve) as u:
        with Weir(conf(u.url + ' proxy=1', words='proxy')) as w:
            with w.connect() as c:
                head = b'PROXY TCP4 192.0.2.7 198.51.100.9 5 6\r\nx'
                c.send(head)
                same(c.recv_n(len(head)), head, 'head')
            same(w.wait_log('tcp_close')[0]['client'], '192.0.2.7', 'client')


@case
def limits():
    with Origin(echo) as u:
        for more, reason in (('max_connections = 2', 'too_many'),
                             ('max_tunnels = 2', 'too_many_tunnels'),
                             ('max_tunnels_per_address = 2',
                              'too_many_tunnels_address')):
            with Weir(conf(u, more=more)) as w:
                with w.connect(), w.connect() as b, w.connect() as c:
                    c.ended()
                    line = w.wait_log('tcp_close')[0]
                    same(line['reason'], reason, more)
                    b.close()
                    w.wait_log('tcp_close', 2)
                    with w.connect() as d:
                        d.send(b'x')
                        same(d.recv_n(1), b'x', 'one that fits')
        with Weir(conf(u, more='deny = 127.0.0.0/8')) as w:
            with w.connect() as c:
                c.ended()
            same(w.wait_log('tcp_close')[0]['reason'], 'denied', 'reason')
        same(len(u.peers), 9, 'connections upstream')


@case
def times():
    with Origin(echo) as u:
        with Weir(conf(u, more='tunnel_idle = 300ms')) as w:
            with w.connect() as c:
                c.ended()
            same(w.wait_log('tcp_close')[0]['reason'], 'idle', 'reason')
        with Weir(conf(u, more='lifetime = 300ms')) as w:
            with w.connect() as c:
                c.ended()
            same(w.wait_log('tcp_close')[0]['reason'], 'lifetime', 'reason')
    # behind a half-close bytes must go on to come
    done = threading.Event()
    with Origin(lambda p: (p.recv_all(), done.wait(WAIT))) as u:
        with Weir(conf(u, more='linger = 300ms')) as w:
            with w.connect() as c:
                c.shut()
                c.ended()
            same(w.wait_log('tcp_close')[0]['by'], 'client', 'by')
        done.set()


@case
def drains():
    with Origin(echo) as u:
        with Weir(conf(u, more='') .replace('route', 'drain = 500ms\nroute',
                                            1)) as w:
            with w.connect() as c:
                c.send(b'x')
                same(c.recv_n(1), b'x', 'echo')
                w.signal(signal.SIGTERM)
                c.ended()
            w.wait_end()
            same(w.log('tcp_close')[0]['reason'], 'drain', 'reason')


@case
def reloads():
    with Origin(echo) as u, Origin(echo) as v:
        first = 'drain = 100ms\n' + conf(u)
        with Weir(first) as w, w.connect() as c:
            c.send(b'x')
            same(c.recv_n(1), b'x', 'echo')
            w.reload('drain = 100ms\n' + conf(v))
            c.send(b'y')
            same(c.recv_n(1), b'y', 'under the route it began with')
            with w.connect() as d:
                d.send(b'z')
                same(d.recv_n(1), b'z', 'echo')
            same(len(v.peers), 1, 'at the new upstream')
            w.reload('drain = 100ms\nlisten = http://127.0.0.1:@PORT@\n'
                     'route = /\nupstream = %s\n' % v.url)
            c.ended()
            same(w.wait_log('tcp_close', 2)[-1]['reason'], 'route_gone',
                 'reason')


@case
def two_words_are_enough():
    with Origin(echo) as u:
        port = free_port()
        w = Weir(args=['tcp://127.0.0.1:%d' % port,
                       'tcp://127.0.0.1:%d' % u.port])
        with w:
            with w.connect(('127.0.0.1', port)) as c:
                c.send(b'x')
                same(c.recv_n(1), b'x', 'echo')


def recipe(port):
    """examples/ssh.conf, on ports of this machine."""
    with open(TOP + '/examples/ssh.conf') as f:
        text = f.read()
    for old, new in (('tcp://:2222', 'tcp://127.0.0.1:@PORT@'),
                     ('127.0.0.1:22', '127.0.0.1:%d' % port)):
        assert old in text, old
        text = re.sub(re.escape(old) + r'(?!\d)', new, text)
    return text


@case
def ssh():
    sshd, ssh_, keygen = [shutil.which(n) or '/usr/sbin/' + n
                          for n in ('sshd', 'ssh', 'ssh-keygen')]
    if not all(os.access(p, os.X_OK) for p in (sshd, ssh_, keygen)):
        raise Skip('no sshd')
    port = free_port()
    with tempfile.TemporaryDirectory(prefix='weir-ssh-') as d:
        for name in ('host', 'user'):
            subprocess.run([keygen, '-q', '-t', 'ed25519', '-N', '', '-f',
                            d + '/' + name], check=True)
        shutil.copy(d + '/user.pub', d + '/authorized')
        with open(d + '/sshd', 'w') as f:
            f.write('ListenAddress 127.0.0.1:%d\nHostKey %s/host\n'
                    'AuthorizedKeysFile %s/authorized\nPidFile none\n'
                    'StrictModes no\nUsePAM no\n' % (port, d, d))
        # it wants this to be there, and nobody but root can make it
        if os.getuid() == 0:
            os.makedirs('/run/sshd', exist_ok=True)
        p = subprocess.Popen([sshd, '-D', '-e', '-f', d + '/sshd'],
                             stdin=subprocess.DEVNULL)
        try:
            until(lambda: listening(port) or p.poll() is not None, 'sshd')
            if p.poll() is not None:
                raise Skip('sshd does not run here')
            with Weir(recipe(port)) as w:
                data = random.Random(7).randbytes(2 << 20)
                r = subprocess.run(
                    [ssh_, '-F', 'none', '-i', d + '/user', '-p', str(w.port),
                     '-o', 'StrictHostKeyChecking=no', '-o', 'BatchMode=yes',
                     '-o', 'UserKnownHostsFile=' + d + '/known',
                     '-o', 'LogLevel=ERROR',
                     getpass.getuser() + '@127.0.0.1', 'cat; echo done >&2'],
                    input=data, capture_output=True, timeout=WAIT * 3)
                same(r.stderr.decode().strip(), 'done', 'stderr')
                same(r.stdout == data, True, 'all came back')
                # which of them closes first is up to them
                reason = w.wait_log('tcp_close')[0]['reason']
                assert reason in ('client_closed', 'upstream_closed'), reason
        finally:
            p.terminate()
            p.wait()


@case
def what_makes_no_sense():
    with tempfile.TemporaryDirectory() as d:
        def check(text, want):
            with open(d + '/conf', 'w') as f:
                f.write(text)
            status, _, err = run_weir('-n', '-c', d + '/conf')
            same(status, 2, text)
            assert want in err.decode(), err
        listen = 'listen = tcp://127.0.0.1:7\n'
        route = 'route = tcp://127.0.0.1:7\n'
        check(listen + 'route = /\nupstream = http://a:1\n',
              'conf:1: listen: needs a route of its own: route = tcp://127.0')
        check('listen = :80\n' + route + 'upstream = tcp://a:1\n',
              'conf:2: route: no listen has this address')
        check(listen + route + 'upstream = http://a:1\n',
              'conf:2: route: needs upstreams with tcp:// or tls://')
        check(listen + route + 'upstream = tcp://a:1\nping = 5s\n',
              'conf:4: ping: has no meaning')
        check('listen = :80\nroute = /\nupstream = tcp://a:1\n',
              'is for a route of such a listener')
        check('listen = tcp://127.0.0.1\n', 'it needs a port')
        # before the first route it may be there for others: a warning
        with open(d + '/conf', 'w') as f:
            f.write('listen = tls://127.0.0.1:7\ncert = %s\nclient_ca = %s\n'
                    'route = tls://127.0.0.1:7\nupstream = tcp://a:1\n'
                    % (SITE, SITE))
        status, _, err = run_weir('-n', '-c', d + '/conf')
        same(status, 0, 'client_ca')
        assert b'conf:3: client_ca: does not hold for tls://127' in err, err


main()
