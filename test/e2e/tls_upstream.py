"""TLS towards upstreams: what is verified, what is said of what is wrong, and
where an answer ends."""
# timeout: 240
import contextlib
import os
import random
import re
import socket
import subprocess
import time

import certs
from certs import DAY, alone, root
from tls_peer import (HOST, TLS12, TLS13, Secure, SecureOrigin, TlsPeer,
                      server)
from weir import (OK, SLOW, Cut, Origin, Weir, answer, case, each, main,
                  plain, refusal, run_weir, same, until)

QUICK = 'tls_timeout = %dms\n' % (500 * SLOW)
CLOSE = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'


def ca(authority=None):
    return 'upstream_ca = %s\n' % (authority or root()).cert


def name(n=HOST):
    return 'upstream_name = %s\n' % n


NO = 'upstream_verify = no\n'


def pin(c):
    return 'upstream_pin = %s\n' % c.pin


def both(o, more=''):
    """One route to o, verified."""
    return 'route = /\nupstream = %s\n%s%s%s' % (o.url, ca(), name(), more)


# Who is spoken to

def verified():
    """Rows: what, how the upstream speaks, keys, what is said or None."""
    right = root().leaf(HOST)
    ip = root().leaf('127.0.0.1')
    other = root().leaf('b.example')
    star = root().leaf('*.example.com')
    late = root().leaf(HOST, start=-9 * DAY, end=-DAY)
    early = root().leaf(HOST, start=DAY, end=9 * DAY)
    self_signed = alone(HOST)
    stranger = root('other').leaf(HOST)
    far = root().sub().leaf(HOST)
    second = root().leaf(HOST, n=1)
    bundle = certs.write('bundle', root('other').cert, root().cert)
    issuer = 'issuer|trusted|chain|authorit'
    v = ca() + name()
    return [
        ('right', right, v, None),
        ('RSA', root().leaf(HOST, kind='rsa'), v, None),
        ('P-384', root().leaf(HOST, kind='p384'), v, None),
        ('an RSA root', root('RSA Root', 'rsa').leaf(HOST),
         ca(root('RSA Root', 'rsa')) + name(), None),
        ('two authorities', right, 'upstream_ca = %s\n' % bundle + name(),
         None),
        ('an address', ip, ca(), None),
        ('an address as a name', root().leaf('b.example', '10.9.8.7'),
         ca() + name('10.9.8.7'), None),
        ('not that address', root().leaf(HOST, '10.9.8.7'), ca(), 'name'),
        ('not an address', right, ca(), 'name'),
        ('wrong name', other, v, 'name'),
        ('wildcard', star, ca() + name('a.example.com'), None),
        ('wildcard, two labels', star, ca() + name('a.b.example.com'),
         'name'),
        ('wildcard, no label', star, v, 'name'),
        ('expired', late, v, 'expired'),
        ('not yet valid', early, v, 'not (yet )?valid'),
        ('self-signed', self_signed, v, issuer),
        ('unknown issuer', stranger, v, issuer),
        ("the system's bundle", right, name(), issuer + '|bundle|such file'),
        ('with an intermediate', far, v, None),
        ('without it', server(far, chain=False), v, issuer),
        ('right pin', right, v + pin(right), None),
        ('wrong pin', right, v + pin(second), r'pin|key'),
        ('wrong pin, not verified', right, NO + pin(second), r'pin|key'),
        ('right pin, not verified', self_signed, NO + pin(self_signed),
         None),
        ('pin, and the wrong name', other, v + pin(other), 'name'),
        ('not verified: self-signed', self_signed, NO, None),
        ('not verified: expired', late, NO, None),
        ('not verified: wrong name', other, NO + name(), None),
        ('not verified: unknown issuer', stranger, NO, None),
        ('1.2 alone', server(right, version=TLS12), v, None),
        ('1.3 alone', server(right, version=TLS13), v, r'1\.3'),
        ('1.3 alone, not verified', server(right, version=TLS13), NO,
         r'1\.3'),
        ('CBC alone', server(right, version=TLS12, ciphers=
                             'ECDHE-ECDSA-AES128-SHA'), v, r'.'),
        ('no forward secrecy', server(root().leaf(HOST, kind='rsa'),
                                      version=TLS12, ciphers='AES128-SHA'),
         v, r'.'),
        ('Ed25519', server(root().leaf(HOST, kind='ed25519'),
                           version=TLS12), v, r'.')]


@contextlib.contextmanager
def many(rows):
    """An upstream and a route for each row: its name is the host's."""
    with contextlib.ExitStack() as stack:
        conf, hosts = QUICK, {}
        for i, (what, how, keys, _) in enumerate(rows):
            if isinstance(how, Origin):
                o = how
            elif isinstance(how, certs.Cert):
                o = SecureOrigin(how)
            else:
                o = SecureOrigin(None, context=how)
            stack.enter_context(o)
            hosts[what] = 'n%d.test' % i, o
            conf += 'route = n%d.test/\nupstream = %s\n%s' % (i, o.url, keys)
        w = stack.enter_context(Weir(conf))
        yield w, hosts


@case
def verification():
    rows = verified()
    with many(rows) as (w, hosts):
        def check(what, _, keys, words):
            host, o = hosts[what]
            r = w.get(host=host)
            line = [x for x in w.wait_log('request', 1, host=host)][-1]
            if words is None:
                same(r.status, 200, 'status (%s)' % line.get('tls'))
                same(len(o.requests), 1, 'requests')
                return
            refusal(r, 502, 'upstream_tls')
            same(line['reason'], 'upstream_tls', 'log')
            assert re.search(words, line['tls'], re.I), line['tls']
            same(o.requests, [], 'requests')
        each(rows, check)
        assert b'upstream_verify' in w.stderr(), 'no warning'


def says(data, then='wait'):
    """Something else than TLS: says data to the first bytes."""
    def serve(peer):
        peer.sock.recv(65536)
        peer.send(data)
        if then == 'reset':
            peer.reset()
        elif then == 'wait':
            peer.recv_all()
    return serve


def half_hello(peer):
    """The beginning of a true answer."""
    t = TlsPeer(peer.sock, server(root().leaf(HOST), version=TLS12),
                serves=True)
    with contextlib.suppress(OSError):
        t.come.write(peer.sock.recv(65536))
        try:
            t.tls.do_handshake()
        except OSError:
            pass
        peer.send(t.go.read()[:300])
    peer.recv_all()


class Named(Origin):
    """One without TLS that is named as if it had it."""

    def __init__(self, handler):
        super().__init__(handler)
        self.url = 'https://' + self.authority


@case
def not_tls():
    """What is there speaks something else, or nothing."""
    v = ca() + name()
    dice = random.Random(5)
    late = 'upstream_tls_timeout'
    kinds = [
        ('plain HTTP', says(b'HTTP/1.1 400 Bad Request\r\n\r\n'),
         'not (speak )?TLS'),
        ('garbage', says(b'\xff' + dice.randbytes(3000)), r'.'),
        ('ssh', says(b'SSH-2.0-x\r\n'), 'not (speak )?TLS'),
        ('closed', says(b'', 'close'), r'.'),
        ('reset', says(b'', 'reset'), r'.'),
        ('an alert', says(b'\x15\x03\x03\x00\x02\x02\x28'), r'.'),
        ('a record of nothing', says(b'\x16\x03\x03\x00\x00', 'close'),
         r'.'),
        ('a long record', says(b'\x16\x03\x03\xff\xff' + b'x' * 9000),
         r'.'),
        ('silence', says(b''), late),
        ('half a hello', half_hello, late)]
    rows = [(what, Named(f), v, words) for what, f, words in kinds]
    with many(rows) as (w, hosts):
        def check(what, _, keys, words):
            host, o = hosts[what]
            r = w.get(host=host)
            line = w.wait_log('request', 1, host=host)[-1]
            if words == late:
                refusal(r, 504, late)
                same(line['reason'], late, 'log')
                return
            refusal(r, 502, 'upstream_tls')
            same(line['reason'], 'upstream_tls', 'log')
            assert re.search(words, line['tls'], re.I), line['tls']
        each(rows, check)
        until(lambda: not any(o.live for _, o in hosts.values()),
              'the ends of all')


@case
def server_names():
    """What is sent as SNI: a host name, and never an address."""
    seen = []

    def context(*names_):
        c = server(root().leaf(*names_))
        c.sni_callback = lambda tls, n, _: seen.append(n)
        return c
    rows = [('named', context(HOST), ca() + name(), HOST),
            ('upper case', context(HOST), ca() + name('Example.COM'), HOST),
            ('an address', context('127.0.0.1'), ca(), None),
            ('not verified', context(HOST), NO + name(), HOST)]
    with many(rows) as (w, hosts):
        def check(what, how, keys, want):
            del seen[:]
            same(w.get(host=hosts[what][0]).status, 200, 'status')
            got = seen[0].lower() if seen[0] else None
            same((len(seen), got), (1, want), 'SNI')
        each(rows, check)


@case
def client_certificate():
    """An upstream that asks who weir is."""
    asks = server(root().leaf(HOST), ca=root('Client Root'), version=TLS12)
    me, rsa = certs.client(), certs.client(kind='rsa')
    far = certs.client(authority=root('Client Root').sub('Clients'))
    v = ca() + name()

    def mine(c):
        return v + 'upstream_cert = %s\nupstream_key = %s\n' % (c.chain,
                                                               c.key)
    rows = [('EC', asks, mine(me), None), ('RSA', asks, mine(rsa), None),
            ('with an intermediate', asks, mine(far), None),
            ('one file', asks, v + 'upstream_cert = %s\n' % me.both, None),
            ('not asked for', root().leaf(HOST), mine(me), None),
            ('none', asks, v, r'.'),
            ('not known', asks, mine(certs.client(authority=root('other'))),
             r'.')]
    with many(rows) as (w, hosts):
        def check(what, _, keys, words):
            host, o = hosts[what]
            for _ in range(2):
                r = w.get(host=host)
                if words is None:
                    same(r.status, 200, 'status (%r)' % o.failed)
                else:
                    refusal(r, 502, 'upstream_tls')
                    assert w.wait_log('request', host=host)[-1]['tls']
            if words is None and what != 'not asked for':
                got = o.served[0].tls.getpeercert()
                assert got['subject'], got
        each(rows, check)


@case
def bad_keys():
    """What is wrong with the keys of a route is said at the start."""
    path = certs.new_path('weir.conf')
    leaf, me = root().leaf(HOST), certs.client()
    empty, none = certs.write('empty'), certs.new_path('missing')
    strange = certs.key('ec', 'strange')
    rows = [('missing CA', 'upstream_ca = ' + none, none),
            ('empty CA', 'upstream_ca = ' + empty, empty),
            ('a key as CA', 'upstream_ca = ' + leaf.key, leaf.key),
            ('short pin', 'upstream_pin = sha256:abcd', 'upstream_pin'),
            ('no pin', 'upstream_pin = ' + 'ab' * 32, 'upstream_pin'),
            ('pin of x', 'upstream_pin = sha256:' + 'xy' * 32,
             'upstream_pin'),
            ('missing cert', 'upstream_cert = ' + none, none),
            ('no key', 'upstream_cert = ' + me.cert, me.cert),
            ('not the key', 'upstream_cert = %s\nupstream_key = %s' % (
                me.cert, strange), strange),
            ('encrypted', 'upstream_cert = %s\nupstream_key = %s' % (
                me.cert, certs.encrypted(me.key)), 'encrypt')]

    def check(_, keys, named):
        with open(path, 'w') as f:
            f.write('listen = http://127.0.0.1:1\nroute = /\nupstream = '
                    'https://127.0.0.1:1\n%s\n' % keys)
        try:
            status, _, err = run_weir('-n', '-c', path)
        except subprocess.TimeoutExpired:
            raise AssertionError('it started') from None
        same(status, 2, 'exit status (%s)' % err)
        assert named in err.decode(), '%s is not named: %s' % (named, err)
    each(rows, check)


@case
def useless():
    """What holds for no upstream, as none has TLS, is warned of."""
    c = root().leaf(HOST)
    rows = [('upstream_verify', 'no'), ('upstream_ca', c.cert),
            ('upstream_name', 'a.example'), ('upstream_pin', c.pin),
            ('upstream_cert', c.both), ('upstream_key', c.key)]
    lines = ''.join('%s = %s\n' % r for r in rows)
    with Origin() as o, SecureOrigin(c) as s:
        bare = 'route = /\nupstream = %s\n' % o.url
        for n, rest in ((0, bare + 'upstream = ' + s.url),
                        (0, bare + 'route = /x\nupstream = ' + s.url),
                        (6, bare),
                        (6, bare + 'route = /x\nupstream_ca =\n'
                         'upstream = ' + o.url)):
            with Weir(lines + rest) as w:
                said = [x['msg'] for x in w.log('message', level='warn')]
                same(len(said), n, 'warnings')
                for i, (key, _) in enumerate(rows[:n]):
                    # behind listen, which the first line is for
                    want = ':%d: %s: ' % (i + 2, key)
                    assert want in said[i], (want, said)
        with Weir('upstream_verify = yes\nupstream_ca =\n' + bare) as w:
            same(w.log('message', level='warn'), [], 'warnings')


@case
def another_upstream():
    """One that cannot be trusted is passed over for one that can."""
    with SecureOrigin(root('other').leaf(HOST)) as bad, \
            SecureOrigin(root().leaf(HOST)) as good:
        conf = 'route = /\nupstream = %s\nupstream = %s\n%s%s' % (
            bad.url, good.url, ca(), name())
        with Weir(conf) as w:
            for _ in range(4):
                same(w.get().status, 200, 'status')
        same((len(bad.requests), len(good.requests)), (0, 4), 'requests')


@case
def reload():
    """Other keys, and other files behind the same keys, are for the next."""
    a, b = root(), root('other')
    path = certs.write('ca', a.cert)
    with SecureOrigin(b.leaf(HOST), answer(CLOSE, close=True)) as o:
        conf = 'route = /\nupstream = %s\nupstream_ca = %s\n%s' % (
            o.url, path, name())
        with Weir(conf) as w:
            refusal(w.get(), 502, 'upstream_tls')
            with open(path, 'wb') as f:
                f.write(certs.read(b.cert))
            w.reload()
            same(w.get().status, 200, 'by the new file')
            w.reload(conf.replace(path, a.cert))
            # what was resumed would not be verified
            refusal(w.get(), 502, 'upstream_tls')
            w.reload(conf.replace('upstream_ca', '#') + NO)
            same(w.get().status, 200, 'not verified')


# Connections

def leaves(peer):
    """Answers, and ends the connection then if the target says so."""
    while True:
        q = peer.read_request()
        if q is None:
            return
        peer.send(OK)
        if q.target == '/close':
            return
        if q.target == '/cut':
            return peer.cut()
        if q.target == '/reset':
            return peer.reset()


@case
def pooled():
    """One connection serves many requests; one that ended is not used."""
    with SecureOrigin(root().leaf(HOST), leaves) as o, Weir(both(o)) as w:
        for i in range(20):
            same(w.get(method='POST', body=b'x' * i).body, b'ok', 'body')
        same(len(o.peers), 1, 'connections')
        for i, how in enumerate(('close', 'cut', 'reset')):
            same(w.get('/' + how).status, 200, how)
            o.quiet()
            time.sleep(0.05)
            same(w.get(method='POST', body=b'x').status, 200, 'after ' + how)
            same(len(o.peers), i + 2, 'connections after ' + how)


@case
def long_paths():
    """What differs behind very long paths is told apart as well."""
    where, file = os.path.split(root('other').cert)
    keys = 'upstream_ca = %s%s/%s\n%s' % (where, '/.' * 600, file, name())
    with SecureOrigin(root().leaf(HOST)) as o, Weir(
            'route = /no\nupstream = %s\n%s%sroute = /\nupstream = %s\n%s' % (
                o.url, keys, NO, o.url, keys)) as w:
        for _ in range(2):
            same(w.get('/no').status, 200, 'not verified')
            refusal(w.get('/'), 502, 'upstream_tls')


@case
def fault_behind_answer():
    """Behind a whole answer, and read with it, comes what is no record."""
    def faulty(peer):
        if peer.read_request() is not None:
            peer.tls.write(OK)
            peer.wire(peer.go.read() + b'\x17\x03\x03\x00\x30' + bytes(48))

    with SecureOrigin(root().leaf(HOST), faulty) as o, Weir(both(o)) as w:
        for _ in range(3):
            same(w.get().body, b'ok', 'body')


@case
def resumed():
    """Sessions are used again, by certificates and keys alike."""
    me = certs.client()
    mine = 'upstream_cert = %s\nupstream_key = %s\n' % (me.chain, me.key)
    serve = answer(CLOSE, close=True)
    leaf = root().leaf(HOST)
    for how, keys in (
            (server(leaf), ''), (server(leaf, version=TLS12), ''),
            (server(leaf, ca=root('Client Root'), version=TLS12), mine),
            (server(leaf), pin(leaf))):
        with SecureOrigin(None, serve, how) as o, \
                Weir(both(o, keys)) as w:
            for _ in range(6):
                same(w.get().body, b'ok', 'body')
            got = [p.tls.session_reused for p in o.served]
            same(got, [False] + [True] * 5, 'resumed')


@case
def forgotten():
    """A server that forgets its sessions is spoken to all the same."""
    with SecureOrigin(root().leaf(HOST), answer(CLOSE, close=True)) as o, \
            Weir(both(o)) as w:
        for _ in range(4):
            same(w.get().body, b'ok', 'body')
            o.context = server(root().leaf(HOST))
        same([p.tls.session_reused for p in o.served], [False] * 4,
             'resumed')


# Bodies

class Ends:
    """Answers with a head and a body, and ends in the way that is asked."""

    def __init__(self, head, body, how):
        self.data = b'HTTP/1.1 200 OK\r\n' + head + b'\r\n' + body
        self.how = how

    def __call__(self, peer):
        if peer.read_request() is None:
            return
        peer.send(self.data)
        if self.how == 'cut':
            peer.cut()
        elif self.how == 'reset':
            peer.sock.settimeout(1)
            with contextlib.suppress(OSError):
                while not peer.sock.recv(1):
                    pass
            peer.reset()


def fronts(o):
    """weir without and with TLS before the same route."""
    yield 'plain', Weir(both(o))
    yield 'TLS', Secure(both(o))


HTTP10 = b'GET / HTTP/1.0\r\nHost: a\r\n\r\n'


@case
def ended_by_close():
    """A body that the end of the connection ends is whole if the upstream
    said so, and the client sees that it is cut if not."""
    for size in 0, 5, 100000, 3000000:
        body = b'0123456789' * (size // 10) + b'x' * (size % 10)
        for how in 'notify', 'cut':
            with SecureOrigin(root().leaf(HOST), Ends(b'', body, how)) as o:
                for front, weir in fronts(o):
                    with weir as w:
                        for ask in plain(), HTTP10:
                            one_end(w, ask, body, how, '%s %d %s' % (
                                front, size, ask[:16]))


def one_end(w, ask, body, how, what):
    with w.connect() as c:
        if how == 'notify':
            r = c.ask(ask)
            same((r.status, r.body == body), (200, True), what)
            same(w.next()['reason'], 'ok', 'log')
            return
        try:
            r = c.ask(ask)
        except Cut:
            line = w.next()
            same(line['reason'], 'upstream_cut', 'log')
            return
        # if nothing of it has left yet it may be an error instead
        assert r.status == 502 and len(body) < 100, '%s: whole: %r' % (what,
                                                                      r)
        w.next()


@case
def framed():
    """Where the body's end is known its connection may end as it likes."""
    body = b'y' * 100000
    chunks = b'186a0\r\n' + body + b'\r\n0\r\n\r\n'
    length = b'Content-Length: 100000\r\n'
    coding = b'Transfer-Encoding: chunked\r\n'

    def check(_, head, data, how, fine):
        with SecureOrigin(root().leaf(HOST), Ends(head, data, how)) as o:
            for _, weir in fronts(o):
                with weir as w, w.connect() as c:
                    try:
                        r = c.ask(plain())
                    except Cut:
                        assert not fine, 'cut'
                        same(w.next()['reason'], 'upstream_cut', 'log')
                        continue
                    assert fine, 'whole'
                    same(r.body == body, True, 'body')
                    same(w.next()['reason'], 'ok', 'log')
    each([('length', length, body, 'notify', True),
          ('length, cut behind it', length, body, 'cut', True),
          ('length, too short', length, body[:-1], 'notify', False),
          ('length, cut in it', length, body[:-1], 'cut', False),
          ('chunked', coding, chunks, 'notify', True),
          ('chunked, cut behind it', coding, chunks, 'cut', True),
          ('chunked, too short', coding, chunks[:-5], 'notify', False),
          ('chunked, cut in it', coding, chunks[:-5], 'cut', False)], check)


@case
def big():
    """4 MB each way at once, through TLS on both sides, from a client that
    reads slowly."""
    body = random.Random(7).randbytes(4 << 20)

    def echo(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'
                      b'\r\n%x\r\n' % len(q.body) + q.body +
                      b'\r\n0\r\n\r\n')
    with SecureOrigin(root().leaf(HOST), echo) as o:
        for _, weir in fronts(o):
            with weir as w, w.connect(rcvbuf=8192) as c:
                c.send(plain(method='POST', body=body))
                time.sleep(0.1)
                same(c.final().body == body, True, 'body')
                c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                  1 << 20)
                r = c.ask(plain(method='POST', body=body))
                same(r.body == body, True, 'body again')


@case
def proto():
    """X-Forwarded-Proto is how the client came, not how it goes on."""
    def of(w):
        return [f[1] for f in o.requests[-1].fields
                if f[0].lower() == 'x-forwarded-proto']
    with SecureOrigin(root().leaf(HOST)) as o:
        with Weir(both(o)) as w:
            w.get()
            same(of(w), ['http'], 'from HTTP')
        with Secure(both(o)) as w:
            w.get()
            same(of(w), ['https'], 'from HTTPS')
            # one that lies
            w.get(more='X-Forwarded-Proto: http\r\n')
            same(of(w), ['https'], 'of a liar')


main()
