#!/usr/bin/python3
"""The PROXY protocol, read from proxies and written to upstreams."""
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile

from weir import Origin, Peer, Skip, TOP, WAIT, Weir, answer, case, describe
from weir import each, free_port, has_ipv6, listening, main, OK, plain, same
from weir import until, ws_frame, ws_request, ws_serve, PING, PONG, TEXT

V2 = b'\r\n\r\n\0\r\nQUIT\n'
SITE = TOP + '/test/conf/site.pem'
LISTEN = 'listen = http://127.0.0.1:@PORT@ proxy\n'


def v1(src='192.0.2.7', port=5555):
    family = 'TCP6' if ':' in src else 'TCP4'
    dst = '::1' if ':' in src else '127.0.0.1'
    return ('PROXY %s %s %s %d 80\r\n' % (family, src, dst, port)).encode()


def v2(src='192.0.2.7', port=5555, tlv=b''):
    v6 = ':' in src
    family = socket.AF_INET6 if v6 else socket.AF_INET
    body = socket.inet_pton(family, src)
    body += socket.inet_pton(family, '::1' if v6 else '127.0.0.1')
    body += struct.pack('>HH', port, 80) + tlv
    return V2 + bytes([0x21, 0x21 if v6 else 0x11]) + \
        struct.pack('>H', len(body)) + body


def tool(name):
    program = shutil.which(name) or '/usr/sbin/' + name
    if not os.access(program, os.X_OK):
        raise Skip('no ' + name)
    return program


class Tool:
    """A program in the foreground, with its configuration in a file."""

    def __init__(self, name, conf, port):
        self.dir = tempfile.mkdtemp(prefix='weir-proxy-')
        with open(self.dir + '/conf', 'w') as f:
            f.write(conf.replace('@DIR@', self.dir))
        args = {'haproxy': ['-db', '-f', self.dir + '/conf'],
                'nginx': ['-p', self.dir, '-c', self.dir + '/conf']}
        with open(self.dir + '/out', 'wb') as out:
            self.proc = subprocess.Popen(
                [tool(name)] + args[name], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out)
        try:
            until(lambda: listening(port) or self.proc.poll() is not None,
                  name)
        finally:
            if self.proc.poll() is not None:
                with open(self.dir + '/out') as f:
                    raise AssertionError(name + ': ' + f.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.kill()
        self.proc.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


HAPROXY = '''
defaults
  mode %s
  timeout connect 5s
  timeout client 30s
  timeout server 30s
'''
NGINX = '''
daemon off; master_process off; pid @DIR@/pid; error_log @DIR@/log;
%s events { }
'''
NGINX_HTTP = '''http { access_log off; client_body_temp_path @DIR@/a;
proxy_temp_path @DIR@/b; fastcgi_temp_path @DIR@/c; uwsgi_temp_path @DIR@/d;
scgi_temp_path @DIR@/e;
server { listen 127.0.0.1:%d proxy_protocol;
location / { return 200 "$proxy_protocol_addr $proxy_protocol_port"; } } }
'''


def dial(source, port):
    s = socket.socket()
    s.settimeout(WAIT)
    s.bind((source, 0))
    s.connect(('127.0.0.1', port))
    return Peer(s)


# read

@case
def heads_are_read():
    rows = [('v1', v1(), '192.0.2.7'), ('v1 of ipv6', v1('2001:db8::7'),
                                        '2001:db8::7'),
            ('v1 unknown', b'PROXY UNKNOWN\r\n', '127.0.0.1'),
            ('v2', v2(), '192.0.2.7'),
            ('v2 of ipv6', v2('2001:db8::7'), '2001:db8::7'),
            ('v2 mapped', v2('::ffff:192.0.2.7'), '192.0.2.7'),
            ('v2 with vectors', v2(tlv=b'\x04\x07\xd0' + bytes(2000)),
             '192.0.2.7'),
            ('v2 local', V2 + b'\x20\0\0\0', '127.0.0.1')]
    with Origin(describe) as u, Weir(LISTEN, u) as w:
        def check(why, head, client):
            with w.connect() as c:
                r = c.ask(head + plain())
                same(r.status, 200, why)
                fields = dict(json.loads(r.body)['fields'])
                same(fields['X-Forwarded-For'], client, why)
                same(c.ask(plain(), 'GET').status, 200, 'the next request')
            same(w.next()['client'], client, why)
            same(w.next()['client'], client, why)
            with w.connect() as c:
                c.drip(head + plain())
                same(c.final().status, 200, why + ' in drops')
            same(w.next()['client'], client, why)
        each(rows, check)
        w.idle(0.3)


@case
def what_is_no_head_is_refused():
    rows = [('http', plain()), ('tls', b'\x16\x03\x01\x02\0'),
            ('nearly', b'PROXY TCP4 192.0.2.7 127.0.0.1 1 2 3\r\n'),
            ('long', b'PROXY UNKNOWN ' + b'x' * 200),
            ('udp', V2 + b'\x21\x12\0\x0c' + bytes(12)),
            ('very long', V2 + b'\x21\x11\xff\xff' + bytes(12)),
            ('twice', v1() + v1()), ('cut', None)]
    with Origin() as u, Weir(LISTEN, u) as w:
        def check(why, data):
            n = len(w.log('refused'))
            with w.connect() as c:
                if why == 'twice':
                    # the second one is a request, and a bad one
                    c.send(data + b'\r\n')
                    same(c.final().status, 400, why)
                    return
                c.send(data or v1()[:-1])
                if data is None:
                    c.shut()
                c.ended()
            line = w.wait_log('refused', n + 1)[n]
            same(line['reason'], 'bad_proxy_head', why)
            same(line['client'], '127.0.0.1', why)
        each(rows, check)
        same(len(u.requests), 0, 'requests')
        # a check of the port is worth no line
        n = len(w.log('refused'))
        w.connect().close()
        with w.connect() as c:
            same(c.ask(v1() + plain()).status, 200, 'after it')
        same(len(w.log('refused')), n, 'lines')


@case
def a_head_has_its_time():
    with Origin() as u, Weir(LISTEN + 'header_timeout = 200ms\n', u) as w:
        for data in (b'', v1()[:9], V2 + b'\x21\x11\0\x0c'):
            n = len(w.log('refused'))
            with w.connect() as c:
                c.send(data)
                c.ended()
            line = w.wait_log('refused', n + 1)[n]
            same(line['reason'], 'header_timeout', 'reason')


@case
def only_trusted_proxies():
    conf = LISTEN + 'trusted_proxy = 127.0.0.2\n'
    with Origin() as u, Weir(conf, u) as w:
        assert b'anybody' not in w.stderr(), 'warned'
        with dial('127.0.0.1', w.port) as c:
            c.send(v1() + plain())
            c.ended()
        line = w.wait_log('refused')[0]
        same((line['reason'], line['client']), ('not_trusted', '127.0.0.1'),
             'line')
        with dial('127.0.0.2', w.port) as c:
            same(c.ask(v1() + plain()).status, 200, 'trusted')
    with Origin() as u, Weir(LISTEN, u) as w:
        assert b'anybody may claim' in w.stderr(), 'not warned'


@case
def the_client_of_a_head_may_be_a_proxy():
    conf = LISTEN + 'trusted_proxy = 127.0.0.1, 10.0.0.0/8\n'
    more = 'X-Forwarded-For: 192.0.2.7\r\n'
    with Origin(describe) as u, Weir(conf, u) as w:
        for client, want in (('10.0.0.1', '192.0.2.7'), ('1.2.3.4', '1.2.3.4')):
            with w.connect() as c:
                same(c.ask(v2(client) + plain(more=more)).status, 200, client)
            same(w.next()['client'], want, client)


@case
def rules_see_the_client():
    conf = LISTEN + 'deny = 192.0.2.0/24\nmax_connections_per_address = 1\n'
    with Origin() as u, Weir(conf, u) as w:
        with w.connect() as c:
            same(c.ask(v1() + plain()).status, 403, 'denied')
        with w.connect() as a, w.connect() as b, w.connect() as c:
            same(a.ask(v1('1.1.1.1') + plain()).status, 200, 'one')
            same(b.ask(v1('1.1.1.2') + plain()).status, 200, 'another')
            same(c.ask(v1('1.1.1.1') + plain()).status, 429, 'one more')


@case
def before_tls():
    conf = ('listen = https://127.0.0.1:@PORT@ proxy\ncert = %s\n' % SITE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with Origin(describe) as u, Weir(conf, u) as w:
        for head in (v1(), v2()):
            s = socket.create_connection(w.address, WAIT)
            s.sendall(head)
            with Peer(context.wrap_socket(s)) as c:
                same(c.ask(plain()).status, 200, 'status')
            same(w.next()['client'], '192.0.2.7', 'client')
        # both in one packet
        s = socket.create_connection(w.address, WAIT)
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        engine = context.wrap_bio(inside, outside)
        first = v2()
        while True:
            try:
                engine.do_handshake()
                break
            except ssl.SSLWantReadError:
                s.sendall(first + outside.read())
                first = b''
                inside.write(s.recv(16384))
        s.sendall(outside.read())
        s.close()


@case
def a_reload_marks_a_listener():
    with Origin() as u, Weir('listen = http://127.0.0.1:@PORT@\n', u) as w:
        with w.connect() as c:
            same(c.ask(plain()).status, 200, 'before')
            w.reload(LISTEN)
            same(c.ask(plain()).status, 200, 'an open one')
        with w.connect() as c:
            same(c.ask(v1() + plain()).status, 200, 'after')


@case
def haproxy_sends():
    for how in ('send-proxy', 'send-proxy-v2', 'send-proxy-v2 '
                'proxy-v2-options unique-id,crc32c'):
        port = free_port()
        with Origin(ws_serve) as u, Weir(LISTEN, u) as w, \
                Tool('haproxy', (HAPROXY % 'tcp') + '''
listen a
  bind 127.0.0.1:%d
  server w 127.0.0.1:%d %s
''' % (port, w.port, how), port):
            with dial('127.0.0.5', port) as c:
                same(c.ask(ws_request()).status, 101, how)
                c.send(ws_frame(TEXT, b'hello'))
                same(c.frame().data, b'hello', 'echo')
            line = w.wait_log('tunnel_close')[0]
            same(line['client'], '127.0.0.5', 'client')


@case
def haproxy_checks():
    port = free_port()
    with Origin() as u, Weir(LISTEN, u) as w, \
            Tool('haproxy', (HAPROXY % 'tcp') + '''
listen a
  bind 127.0.0.1:%d
  option httpchk GET /health
  server w 127.0.0.1:%d send-proxy-v2 check inter 100ms
''' % (port, w.port), port):
        line = w.wait_log('request', target='/health')[0]
        same((line['client'], line['status']), ('127.0.0.1', '200'), 'check')


@case
def nginx_sends():
    module = '/usr/lib/nginx/modules/ngx_stream_module.so'
    load = 'load_module %s;' % module if os.path.exists(module) else ''
    port = free_port()
    with Origin() as u, Weir(LISTEN, u) as w:
        conf = (NGINX % load) + '''stream { server { listen 127.0.0.1:%d;
proxy_pass 127.0.0.1:%d; proxy_protocol on; } }
''' % (port, w.port)
        if not load:
            raise Skip('no stream module of nginx')
        with Tool('nginx', conf, port):
            with dial('127.0.0.5', port) as c:
                same(c.ask(plain()).status, 200, 'status')
            same(w.next()['client'], '127.0.0.5', 'client')


# written

def read_head(peer):
    """The head of version 1 or 2 in front of what is read: whom it tells of
    and where they were accepted, each (address, port) or None."""
    first = peer.recv_n(6)
    if first == b'PROXY ':
        words = peer.recv_until(b'\r\n')[:-2].split(b' ')
        if words == [b'UNKNOWN']:
            return None, None
        return ((words[1].decode(), int(words[3])),
                (words[2].decode(), int(words[4])))
    assert first + peer.recv_n(6) == V2, 'no head'
    command, family, n = struct.unpack('>BBH', peer.recv_n(4))
    body = peer.recv_n(n)
    if command == 0x20:
        same((family, n), (0, 0), 'LOCAL')
        return None, None
    same(command, 0x21, 'command')
    v6 = family == 0x21
    same((family, n), (0x21, 36) if v6 else (0x11, 12), 'family')
    size = 16 if v6 else 4
    ports = struct.unpack('>HH', body[2 * size:])
    return tuple((socket.inet_ntop(socket.AF_INET6 if v6 else socket.AF_INET,
                                   body[i * size:(i + 1) * size]), ports[i])
                 for i in (0, 1))


class Greeted(Origin):
    """An upstream that wants a head on each connection."""

    def __init__(self, **how):
        self.heads = []
        self.targets = []
        super().__init__(self.serve, **how)

    def serve(self, peer):
        head, target = read_head(peer)
        self.heads.append(head)
        self.targets.append(target)
        while True:
            q = peer.read_request()
            if q is None:
                return
            peer.send(OK)


@case
def heads_are_written():
    for word in ('proxy=1', 'proxy=2', 'proxy'):
        with Greeted() as u, Weir('upstream = %s %s\n' % (u.url, word) +
                                  'route = /\n') as w:
            for last in (1, 2):
                with dial('127.0.0.%d' % last, w.port) as c:
                    name = c.sock.getsockname()
                    same(c.ask(plain()).status, 200, word)
                    same(c.ask(plain()).status, 200, 'again')
                    same(u.heads, [name, name], word)
                    u.heads.clear()
            # each request has a connection of its own: none is pooled
            same(len(u.peers), 4, 'connections')


@case
def of_whom_they_tell():
    conf = '''listen = http://127.0.0.1:@PORT@
listen = unix:@DIR@/s
%s
trusted_proxy = 127.0.0.1
upstream = %s proxy=%d
route = /
'''
    v6 = 'listen = http://[::1]:@PORT@' if has_ipv6() else ''
    for version in (1, 2):
        with Greeted() as u, Weir(conf % (v6, u.url, version)) as w:
            w.get(more='X-Forwarded-For: 192.0.2.7\r\n')
            w.get(more='X-Forwarded-For: 2001:db8::7\r\n')
            with w.connect(w.dir + '/s') as c:
                c.ask(plain())
            same(u.heads, [('192.0.2.7', 0), ('2001:db8::7', 0), None],
                 'heads')
            if v6:
                with w.connect(('::1', w.port)) as c:
                    name = c.sock.getsockname()[:2]
                    same(c.ask(plain()).status, 200, 'ipv6')
                same(u.heads[3], name, 'ipv6')


@case
def where_they_were_accepted():
    """As a head says that came, else as the socket does."""
    rows = [('v1', v1(), ('127.0.0.1', 80)),
            ('v2', v2(), ('127.0.0.1', 80)),
            ('v1 of ipv6', v1('2001:db8::7'), ('::1', 80)),
            ('v2 of ipv6', v2('2001:db8::7'), ('::1', 80)),
            ('v2 of unix', V2 + b'\x21\x31\0\xd8' + bytes(216), None),
            ('v1 unknown', b'PROXY UNKNOWN\r\n', 'own'),
            ('v2 local', V2 + b'\x20\0\0\0', 'own')]
    for version in (1, 2):
        with Greeted() as u, Weir('%supstream = %s proxy=%d\nroute = /\n' %
                                  (LISTEN, u.url, version)) as w:
            def check(why, head, want):
                u.targets.clear()
                with w.connect() as c:
                    same(c.ask(head + plain()).status, 200, why)
                    same(c.ask(plain()).status, 200, 'again')
                if want == 'own':
                    want = ('127.0.0.1', w.port)
                same(u.targets, [want, want], why)
            each(rows, check)
        with Greeted() as u, Weir('upstream = %s proxy=%d\nroute = /\n' %
                                  (u.url, version)) as w:
            same(w.get().status, 200, 'no head')
            same(u.targets, [('127.0.0.1', w.port)], 'no head')


@case
def where_a_trusted_client_was_accepted():
    """The client is that of a field, on a connection that a head tells of."""
    conf = LISTEN + 'trusted_proxy = 127.0.0.1, 10.0.0.0/8\n'
    unix = V2 + b'\x21\x31\0\xd8' + bytes(216)
    with Greeted() as u, Weir('%strusted_proxy = unix\nupstream = %s proxy\n'
                              'route = /\n' % (conf, u.url)) as w:
        for head, want in ((v2('10.0.0.1'), ('127.0.0.1', 80)),
                           (unix, ('127.0.0.1', w.port))):
            with w.connect() as c:
                c.ask(head + plain(more='X-Forwarded-For: 192.0.2.7\r\n'))
            same((u.heads.pop(), u.targets.pop()), (('192.0.2.7', 0), want),
                 'head')


@case
def a_tunnel_after_a_head():
    """What a head says is kept where a tunnel has its heartbeats."""
    def serve(peer):
        seen.append(read_head(peer))
        ws_serve(peer)
    seen = []
    with Origin(serve) as u, Weir('%supstream = %s proxy=1\nroute = /\n'
                                  'ping = 100ms\n' % (LISTEN, u.url)) as w:
        with w.connect() as c:
            same(c.ask(v1() + ws_request()).status, 101, 'status')
            c.send(ws_frame(TEXT, b'hello'))
            got = c.frame()
            while got.op == PING:
                c.send(ws_frame(PONG, got.data))
                got = c.frame()
            same(got.data, b'hello', 'echo')
        same(seen, [(('192.0.2.7', 5555), ('127.0.0.1', 80))], 'head')


@case
def to_a_unix_socket_and_over_two_weirs():
    with tempfile.TemporaryDirectory() as d, Greeted(path=d + '/u') as u, \
            Weir('listen = unix:%s/w proxy\nupstream = %s proxy=1\n'
                 'route = /\n' % (d, u.url)) as inner, \
            Weir('upstream = unix:%s/w proxy=2\nroute = /\n' % d) as w:
        with dial('127.0.0.7', w.port) as c:
            name = c.sock.getsockname()
            same(c.ask(plain()).status, 200, 'status')
        same(u.heads, [name], 'heads')
        same(inner.wait_log('request')[0]['client'], '127.0.0.7', 'client')


@case
def retries_greet_anew():
    with Greeted() as u:
        dead = 'http://127.0.0.1:%d' % free_port()
        conf = 'upstream = %s proxy\nupstream = %s proxy=1\nroute = /\n'
        with Weir(conf % (dead, u.url)) as w:
            for _ in range(4):
                same(w.get().status, 200, 'status')
            same(len(u.heads), 4, 'heads')


@case
def with_and_without_to_one_address():
    """One address, with a head and without: connections are kept apart."""
    with Origin(answer(OK)) as u:
        conf = 'route = /a\nupstream = %s\nroute = /b\nupstream = %s proxy=1\n'
        with Weir(conf % (u.url, u.url)) as w:
            same(w.get('/a').status, 200, 'without')
            n = len(u.peers)
            # the origin takes the head for a request line, and ends
            u.errors.clear()
            same(w.get('/b').status, 502, 'with')
            same(len(u.peers) > n, True, 'a new connection')
            until(lambda: u.errors, 'the head to arrive')
            u.errors.clear()
            same(w.get('/a').status, 200, 'the pool is whole')


@case
def health_checks_say_nothing_of_anybody():
    for version in (1, 2):
        with Greeted() as u, Weir(
                'upstream = %s proxy=%d\nhealth = /up\n'
                'health_interval = 100ms\nroute = /\n'
                % (u.url, version)) as w:
            until(lambda: len(u.heads) >= 2, 'two checks')
            same(set(u.heads), {None}, 'heads')
            with dial('127.0.0.5', w.port) as c:
                name = c.sock.getsockname()
                same(c.ask(plain()).status, 200, 'status')
            assert name in u.heads, 'not greeted'
            same(w.log('upstream_down'), [], 'down')


@case
def before_tls_upstream():
    port = free_port()
    with tempfile.TemporaryDirectory() as d:
        shutil.copy(SITE, d + '/pem')
        conf = (HAPROXY % 'http') + '''
frontend a
  bind 127.0.0.1:%d accept-proxy ssl crt %s
  http-request return status 200 content-type text/plain lf-string "%%[src] %%[src_port]"
''' % (port, d + '/pem')
        with Tool('haproxy', conf, port):
            for version in (1, 2):
                with Weir('upstream = https://127.0.0.1:%d proxy=%d\n'
                          'upstream_verify = no\nroute = /\n'
                          % (port, version)) as w:
                    with dial('127.0.0.5', w.port) as c:
                        want = '127.0.0.5 %d' % c.sock.getsockname()[1]
                        r = c.ask(plain())
                    same(r.body.decode(), want, 'haproxy says')


@case
def haproxy_and_nginx_read():
    port, port2 = free_port(), free_port()
    haproxy = (HAPROXY % 'http') + '''
frontend a
  bind 127.0.0.1:%d accept-proxy
  http-request return status 200 content-type text/plain lf-string "%%[src] %%[src_port]"
''' % port
    nginx = (NGINX % '') + NGINX_HTTP % port2
    with Tool('haproxy', haproxy, port), Tool('nginx', nginx, port2):
        for p in (port, port2):
            for version in (1, 2):
                with Weir('upstream = http://127.0.0.1:%d proxy=%d\n'
                          'route = /\n' % (p, version)) as w:
                    with dial('127.0.0.5', w.port) as c:
                        want = '127.0.0.5 %d' % c.sock.getsockname()[1]
                        same(c.ask(plain()).body.decode(), want, 'address')


main()
