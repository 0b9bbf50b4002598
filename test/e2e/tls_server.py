"""TLS towards clients: what is spoken, which certificates are shown, and what
is refused."""
# timeout: 240
import json
import os
import random
import re
import shutil
import ssl
import subprocess
import tempfile
import time

from certs import root
from tls_peer import HOST, Secure, client
from weir import (SLOW, WAIT, Origin, Skip, case, describe, each, free_port,
                  main, plain, refusal, same, sanitized, until, within)

ONCE = plain(more='Connection: close\r\n')
EC, RSA = 'ECDHE-ECDSA-', 'ECDHE-RSA-'
SUITES = ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305']
QUICK = 'tls_timeout = %dms\n' % (500 * SLOW)


def s_client(w, *args, stdin=b'', name=HOST):
    """Runs openssl s_client to its end: (handshake succeeded, output)."""
    if not shutil.which('openssl'):
        raise Skip('no openssl')
    p = subprocess.run(
        ['openssl', 's_client', '-connect', '127.0.0.1:%d' % w.port,
         '-CAfile', root().cert, '-servername', name] + list(args),
        input=stdin, capture_output=True, timeout=3 * WAIT)
    text = (p.stdout + p.stderr).decode('latin-1')
    m = re.search(r'Cipher is (\S+)', text)
    return bool(m) and m.group(1) != '(NONE)', text


# curl

class Curl:
    def __init__(self, w):
        if not shutil.which('curl'):
            raise Skip('no curl')
        self.url = 'https://%s:%d' % (HOST, w.port)
        self.to = '%s:%d:127.0.0.1' % (HOST, w.port)

    def __call__(self, *args, stdin=b'', status=0):
        p = subprocess.run(
            ['curl', '-q', '-sS', '--noproxy', '*', '--max-time',
             str(int(3 * WAIT)), '--cacert', root().cert, '--resolve',
             self.to] + list(args), input=stdin, capture_output=True)
        same(p.returncode, status, 'exit status of curl, which said %r'
             % p.stderr)
        return p.stdout


@case
def curl():
    with Origin(describe) as o, Secure('', o) as w:
        c = Curl(w)
        said = c(c.url + '/a', '-w', '\n%{http_version} %{scheme}').decode()
        body, last = said.rsplit('\n', 1)
        same(last, '1.1 HTTPS', 'what curl spoke')
        fields = {k.lower(): v for k, v in json.loads(body)['fields']}
        same(fields['x-forwarded-proto'], 'https', 'X-Forwarded-Proto')
        same(fields['host'], '%s:%d' % (HOST, w.port), 'Host')
        same(w.next()['status'], '200', 'log')
        # on one connection
        said = c(c.url + '/b', c.url + '/c', c.url + '/d', '-o', '/dev/null',
                 '-o', '/dev/null', '-o', '/dev/null', '-w',
                 '%{num_connects}')
        same(said, b'100', 'connections')
        # a stranger's certificate is not taken
        c('--cacert', root('other').cert, c.url, status=60)


@case
def curl_bodies():
    """1 MB each way, and 20 of them on one connection."""
    body = random.Random(1).randbytes(1 << 20)

    def echo(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n'
                      % len(q.body) + q.body)
    with Origin(echo) as o, Secure('', o) as w:
        c = Curl(w)
        got = c('--data-binary', '@-', c.url, stdin=body)
        same(got == body, True, 'echo of %d, got %d' % (len(body), len(got)))
        got = c('--data-binary', '@-', '-H', 'Transfer-Encoding: chunked',
                c.url, stdin=body)
        same(got == body, True, 'echo of a chunked body')
        with w.connect() as p:
            for _ in range(20):
                r = p.ask(plain(method='POST', body=body))
                same(r.body == body, True, 'echo on one connection')


# What is spoken

@case
def versions():
    low = ['-cipher', 'ALL:@SECLEVEL=0']
    with Origin() as o, Secure('', o) as w:
        def check(name, args, fine):
            n = len(w.log(reason='tls_failed'))
            ok, text = s_client(w, *args)
            same(ok, fine, 'handshake')
            if fine:
                assert 'Protocol  : TLSv1.2' in text, text[-1000:]
            else:
                w.wait_log(None, n + 1, reason='tls_failed')
        each([('1.0', ['-tls1'] + low, False),
              ('1.1', ['-tls1_1'] + low, False),
              ('1.2', ['-tls1_2'], True),
              ('1.3 only', ['-tls1_3'], False),
              ('any', [], True)], check)
        w.lives()


@case
def suites():
    """Six, with a certificate of each kind beside the other."""
    two = [root().leaf(HOST), root().leaf(HOST, kind='rsa')]
    with Origin() as o, Secure('', o, certs=two) as w:
        def check(suite, fine):
            ok, text = s_client(w, '-tls1_2', '-cipher', suite +
                                ':@SECLEVEL=0')
            same(ok, fine, 'handshake')
            if fine:
                assert 'Cipher is ' + suite in text, text[-1000:]
        each([(a + b, True) for a in (EC, RSA) for b in SUITES], check)
        each([(s, False) for s in (
            'AES128-GCM-SHA256', 'AES128-SHA', 'ECDHE-RSA-AES128-SHA',
            'ECDHE-ECDSA-AES128-SHA256', 'DHE-RSA-AES128-GCM-SHA256',
            'AECDH-AES128-SHA')], check)
        w.lives()


@case
def curves():
    with Origin() as o, Secure('', o) as w:
        def check(curve, fine):
            # that of the certificate has to be there too
            ok, text = s_client(w, '-tls1_2', '-curves', curve)
            same(ok, fine, 'handshake')
        each([('X25519:P-256', True), ('P-256', True), ('P-384:P-256', True),
              ('P-521:P-256', True), ('X448', False)], check)
        w.lives()


@case
def alpn():
    with Origin() as o, Secure('', o) as w:
        for offer, chosen in (('http/1.1', 'http/1.1'),
                              ('h2,http/1.1', 'http/1.1'),
                              ('http/1.1,h2', 'http/1.1'),
                              ('h2', None), ('nonsense', None)):
            context = client(alpn=offer.split(','))
            with w.connect(context=context) as c:
                same(c.tls.selected_alpn_protocol(), chosen, offer)
                same(c.ask(plain()).status, 200, offer)


@case
def renegotiation():
    """A client that wants to shake hands again does not get to."""
    with Origin() as o, Secure('', o) as w:
        # it waits a little, so that R is a line of its own
        p = subprocess.Popen(
            ['openssl', 's_client', '-connect', '127.0.0.1:%d' % w.port,
             '-servername', HOST, '-tls1_2'], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        seen = b''
        while b'Verify return code' not in seen:
            seen += p.stdout.readline()
        p.stdin.write(b'R\n')
        p.stdin.flush()
        # its input stays open until then: the end of that ends it
        for words in b'RENEGOTIATING', b'no renegotiation':
            while words not in seen:
                more = p.stdout.readline()
                assert more, seen[-1000:]
                seen += more
        p.communicate(timeout=3 * WAIT)
        w.lives()


# Sessions

def sessions(w, *args, name=HOST):
    """s_client and what it says of the session: 'New' or 'Reused'."""
    ok, text = s_client(w, '-tls1_2', '-ign_eof', *args, stdin=ONCE,
                        name=name)
    m = re.search(r'^(New|Reused), ', text, re.M)
    return (m.group(1) if m and ok else None), 'HTTP/1.1 200 OK' in text


@case
def resumption():
    with Origin() as o, Secure('', o) as w, \
            tempfile.TemporaryDirectory() as top:
        ok, text = s_client(w, '-tls1_2', '-reconnect')
        same(len(re.findall('^Reused, ', text, re.M)), 5, 'reconnects')
        kept = top + '/session'
        same(sessions(w, '-sess_out', kept), ('New', True), 'first')
        for _ in range(3):
            same(sessions(w, '-sess_in', kept), ('Reused', True), 'again')
        # by a client that was served before, on many connections
        with w.connect() as c:
            session = c.tls.session
        for _ in range(20):
            with w.connect(session=session) as c:
                same(c.tls.session_reused, True, 'resumed')
                same(c.ask(plain()).status, 200, 'status')


@case
def resumption_alpn():
    """With another ALPN than before, whatever list the client has."""
    lists = [(), ('http/1.1',), ('nonsense',), ('h2',), ('h2', 'http/1.1'),
             ('a' * 255,)]
    with Origin() as o, Secure('', o) as w, \
            tempfile.TemporaryDirectory() as top:
        for i, first in enumerate(lists):
            args = ['-alpn', ','.join(first)] if first else []
            kept = '%s/%d' % (top, i)
            sessions(w, '-sess_out', kept, *args)
            for then in lists[1:]:
                _, served = sessions(w, '-sess_in', kept, '-alpn',
                                     ','.join(then))
                assert not w.dead(), 'weir is dead'
                same(served, True, '%r, then %r' % (first, then))


@case
def resumption_name():
    """A session of one site is none for another."""
    two = [root().leaf('a.example'), root().leaf('b.example')]
    with Origin() as o, Secure('', o, certs=two, name='a.example') as w, \
            tempfile.TemporaryDirectory() as top:
        kept = top + '/session'
        same(sessions(w, '-sess_out', kept, name='a.example'),
             ('New', True), 'first')
        how, served = sessions(w, '-sess_in', kept, name='b.example')
        assert how != 'Reused' or not served, 'resumed for another name'
        same(sessions(w, '-sess_in', kept, name='a.example'),
             ('Reused', True), 'for its own')
        w.lives()


@case
def resumption_limits():
    """No more sessions than tls_sessions, none older than the lifetime."""
    with Origin() as o, Secure('tls_sessions = 0\n', o) as w:
        with w.connect() as c:
            session = c.tls.session
        with w.connect(session=session) as c:
            same(c.tls.session_reused, False, 'without a cache')
    with Origin() as o, Secure('tls_session_lifetime = 1s\n', o) as w:
        with w.connect() as c:
            session = c.tls.session
        time.sleep(2.2)
        with w.connect(session=session) as c:
            same(c.tls.session_reused, False, 'too old')


# What is no TLS

@case
def plain_http():
    """It is answered in plain HTTP."""
    with Origin() as o, Secure('', o) as w:
        def check(_, data, drip):
            with w.plain() as c:
                c.drip(data) if drip else c.send(data)
                r = c.final()
                refusal(r, 400, 'tls_plain')
                assert b'HTTPS' in r.body or b'TLS' in r.body, r.body
                c.ended()
            same(w.next()['reason'], 'tls_plain', 'log')
        each([('GET', plain(), False), ('dripped', plain(), True),
              ('POST', plain(method='POST', body=b'x' * 50000), False)], check)
        same(o.requests, [], 'requests upstream')
        w.lives()


GARBAGE = [
    ('noise', random.Random(2).randbytes(4000)),
    ('zeros', bytes(4000)),
    ('SSLv2', b'\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10' + b'x' * 40),
    ('an empty record', b'\x16\x03\x01\x00\x00'),
    ('many empty records', b'\x16\x03\x01\x00\x00' * 1000),
    ('a long record', b'\x16\x03\x01\xff\xff' + b'\x01' * 4000),
    ('TLS 9.9', b'\x16\x09\x09\x00\x05hello'),
    ('data first', b'\x17\x03\x03\x00\x05hello'),
    ('an alert', b'\x15\x03\x01\x00\x02\x02\x28'),
    ('ChangeCipherSpec', b'\x14\x03\x03\x00\x01\x01'),
    ('ServerHello', b'\x16\x03\x01\x00\x06\x02\x00\x00\x02\x03\x03'),
    ('a hello of 16 MB', b'\x16\x03\x01\x00\x06\x01\xff\xff\xff\x03\x03' +
     b'\x16\x03\x01\x40\x00' + bytes(16384)),
    ('ssh', b'SSH-2.0-OpenSSH_9.2\r\n'),
    ('one byte', b'\x16')]


@case
def garbage():
    with Origin() as o, Secure(QUICK, o) as w:
        def check(_, data):
            n = len([x for x in w.log() if 'reason' in x])
            with w.plain() as c:
                c.send(data)
                c.shut()
                c.recv_all()
            until(lambda: len([x for x in w.log() if 'reason' in x]) > n,
                  'its line')
            line = [x for x in w.log() if 'reason' in x][n]
            within(line['reason'], 'tls_failed|tls_plain|tls_timeout|'
                   'client_closed|client_cut', 'reason')
        each(GARBAGE, check)
        w.lives()
        w.idle(0.3)


# of records in the same read as a whole one, which is taken first
FAULTS = [
    ('a wrong MAC', b'\x17\x03\x03\x00\x30' + bytes(48)),
    ('an empty record', b'\x17\x03\x03\x00\x00'),
    ('a long record', b'\x17\x03\x03\xff\xff' + bytes(48)),
    ('an alert with a wrong MAC', b'\x15\x03\x03\x00\x1a' + bytes(26)),
    ('another version', b'\x17\x03\x00\x00\x30' + bytes(48)),
    ('no record', b'GET / HTTP/1.1\r\n\r\n')]


@case
def fault_behind_data():
    with Origin() as o, Secure('', o) as w:
        def check(_, data):
            with w.connect() as c:
                c.tls.write(plain())
                c.wire(c.go.read() + data)
                c.recv_all()
            w.lives()
        each(FAULTS, check)
        w.idle(0.3)


def client_hello(w):
    """The bytes with which a client begins."""
    with w.hello() as c:
        try:
            c.tls.do_handshake()
        except ssl.SSLWantReadError:
            return c.go.read()


@case
def cut_anywhere():
    """A handshake that the client leaves, at any of its bytes."""
    with Origin() as o, Secure('', o) as w:
        data = client_hello(w)
        w.lives()
        before = w.fds()
        for n in list(range(1, len(data), 17)) + [len(data)]:
            c = w.plain()
            c.send(data[:n])
            c.reset() if n % 2 else c.close()
        w.lives()
        w.wait_fds(before)


@case
def dripped():
    """The whole handshake one byte at a time, and its records in two."""
    with Origin() as o, Secure('', o) as w:
        for step in 1, 7, 100:
            with w.connect(step=step) as c:
                same(c.ask(plain()).status, 200, 'steps of %d' % step)
                c.step = 1
                same(c.ask(plain()).status, 200, 'the request too')
                c.step = None


@case
def timeout():
    """Handshakes that stop, or never begin, end after tls_timeout."""
    with Origin() as o, Secure(QUICK, o) as w:
        data = client_hello(w)
        for n in 0, 1, 5, 6, 100, len(data) - 1, len(data):
            with w.plain() as c:
                c.send(data[:n])
                c.recv_all()
        w.wait_log(None, 7, reason='tls_timeout')
        w.lives()
        # one that has its handshake has time for a request
        with w.connect() as c:
            time.sleep(1.0 * SLOW)
            same(c.ask(plain()).status, 200, 'slow request')


def quiet_ones(w, n, data):
    """So many connections that send that and no more; bytes for each."""
    before = w.memory_kb()
    many = []
    for _ in range(n):
        c = w.plain()
        c.send(data)
        many.append(c)
    until(lambda: w.fds() > n, 'the connections')
    time.sleep(0.3 * SLOW)
    each_one = (w.memory_kb() - before) * 1024 / n
    w.lives('beside silent ones')
    for c in many:
        c.close()
    return each_one


@case
def silent():
    """Connections that say nothing, or half a hello, cost little."""
    with Origin() as o, Secure('', o) as w:
        w.lives()
        data = client_hello(w)
        base = w.fds()
        for name, sent, most in (('nothing', b'', 1500),
                                 ('a byte', data[:1], 8000),
                                 ('half a hello', data[:len(data) // 2],
                                  8000), ('a hello', data, 9000)):
            got = quiet_ones(w, 500, sent)
            print('%s: %d bytes a connection' % (name, got), flush=True)
            assert got < most or sanitized(), name
            w.wait_fds(base)


# The port for plain HTTP beside it

@case
def redirect():
    port = free_port()
    conf = 'listen = http://127.0.0.1:%d\nredirect = https\n' % port
    with Origin() as o, Secure(conf, o) as w:
        def ask(data):
            with w.plain(port) as c:
                return c.ask(data)
        for target in '/', '/a/b?c=d&e=%20f', '/?':
            r = ask(plain(target))
            within(str(r.status), '301|302|307|308', 'status')
            got = re.sub(r':\d+', '', r.get('location').replace(
                'https://', '', 1))
            same(got, HOST + target, 'Location')
        # the host as it came, but for its port
        for host in 'a.example:80', '[::1]', '[::1]:8080', '10.0.0.1':
            r = ask(plain(host=host))
            bare = re.sub(r':\d+$', '', host) if ']' not in host else '[::1]'
            same(r.get('location'), 'https://%s:%d/' % (bare, w.port), host)
        r = ask(b'GET /x HTTP/1.0\r\nHost: a\r\n\r\n')
        same((r.status, r.get('location')),
             (308, 'https://a:%d/x' % w.port), 'HTTP/1.0')
        refusal(ask(b'GET / HTTP/1.0\r\n\r\n'), 400, 'bad_host')
        same(ask(b'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n').status, 200, '*')
        r = ask(plain('/x', method='POST', body=b'hello'))
        within(str(r.status), '307|308', 'POST')
        # nothing of the client's makes a field of its own
        r = ask(b'GET //evil.example/%0d%0aX:y HTTP/1.1\r\nHost: a\r\n\r\n')
        assert not r.has('x'), r
        r = ask(b'GET //evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n')
        assert r.get('location').startswith('https://a'), r
        same([q.target for q in o.requests], ['*'], 'requests upstream')
        w.lives()


# nor the file that is meant, written in another way
TRAVERSAL = ['../secret', '..', '.', '', '%2e%2e/secret', '..%2fsecret',
             'a/../../../secret', '/etc/passwd', '//etc/passwd', 'token/',
             'token/..', 'token%00', './token', 'sub/token', '.hidden',
             'fifo', 'a' * 300, 'to%6ben', 'token\\x',
             '..\\secret', 'sub', 'link', 'out', 'nowhere']


@case
def acme():
    """Challenges of certificate authorities are answered from files."""
    port = free_port()
    base = '/.well-known/acme-challenge/'
    with tempfile.TemporaryDirectory() as top:
        deep = top + '/www' + base
        os.makedirs(deep + 'sub')
        for path, text in ((deep + 'token', 'token.thumb'),
                           (deep + 'sub/token', 'SECRET'),
                           (deep + '.hidden', 'SECRET'),
                           (top + '/secret', 'SECRET'),
                           (top + '/www/secret', 'SECRET'),
                           (top + '/www/.well-known/secret', 'SECRET')):
            with open(path, 'w') as f:
                f.write(text)
        os.mkfifo(deep + 'fifo')
        for name, to in (('link', top + '/secret'), ('out', '/etc/passwd'),
                         ('nowhere', top + '/none')):
            os.symlink(to, deep + name)
        conf = ('listen = http://127.0.0.1:%d\nredirect = https\n'
                'acme_webroot = %s/www\n' % (port, top))
        with Origin() as o, Secure(conf, o) as w:
            def ask(target, method='GET'):
                with w.plain(port) as c:
                    return c.ask(plain(target, method=method))

            def check(name):
                r = ask(base + name)
                assert b'SECRET' not in r.body and b'root:' not in r.body, r
                assert r.status != 200, r
            r = ask(base + 'token')
            same((r.status, r.body), (200, b'token.thumb'), 'challenge')
            r = ask(base + 'token', 'HEAD')
            same((r.status, r.get('content-length')), (200, '11'), 'HEAD')
            same(ask(base + 'missing').status, 404, 'missing')
            each([(x,) for x in TRAVERSAL], check)
            within(str(ask('/other').status), '301|302|307|308', 'the rest')
            r = ask(base + 'token', 'POST')
            same((r.status, r.get('allow')), (405, 'GET, HEAD'), 'POST')
            same(ask(base + 'missing', 'DELETE').status, 405, 'DELETE')
            with w.plain(port) as c:
                r = c.ask(plain(base + 'token', 'Range: bytes=2-3\r\n'))
                same((r.status, r.body), (200, b'token.thumb'), 'a range')
                r = c.ask(plain(base + 'token?a=b'))
                same((r.status, r.body), (200, b'token.thumb'), 'a query')
            same(o.requests, [], 'requests upstream')
            w.lives()


@case
def acme_files():
    """What cannot be answered from is said to be, and is not cut."""
    port = free_port()
    base = '/.well-known/acme-challenge/'
    rows = [('empty', b'', None), ('longest', b'x' * 1000, None),
            ('longer', b'x' * 1001, 'too large'),
            ('huge', b'x' * 1000000, 'too large'),
            ('lines', b'token.thumb\r\n\n', None),
            ('bytes', bytes(range(256)), None),
            ('directory', None, 'no regular file'),
            ('missing', None, None)]
    with tempfile.TemporaryDirectory() as top:
        deep = top + base
        os.makedirs(deep + 'directory')
        for name, data, _ in rows:
            if data is not None:
                with open(deep + name, 'wb') as f:
                    f.write(data)
        conf = ('listen = http://127.0.0.1:%d\nacme_webroot = %s\n' %
                (port, top))
        with Origin() as o, Secure(conf, o) as w:
            def ask(name):
                n = len(w.log('message', level='warn'))
                with w.plain(port) as c:
                    r = c.ask(plain(base + name))
                if r.status != 200:
                    refusal(r, 404, 'no_challenge')
                w.next()
                return r, w.log('message', level='warn')[n:]

            def check(name, data, wrong):
                r, said = ask(name)
                if data is not None and wrong is None:
                    same((r.status, r.body), (200, data), 'answer')
                else:
                    same(r.status, 404, 'status')
                if wrong is None:
                    return same(said, [], 'warnings')
                assert deep + name in said[0]['msg'], said
                assert wrong in said[0]['msg'], said
            each(rows, check)
            # nor do directories lead away
            os.rename(top + '/.well-known', top + '/away')
            os.symlink('away', top + '/.well-known')
            r, said = ask('longest')
            same(r.status, 404, 'through a link')
            assert 'symbolic link' in said[0]['msg'], said
            os.unlink(top + '/.well-known')
            os.mkdir(top + '/.well-known')
            os.symlink('../away/acme-challenge', deep[:-1])
            same(ask('longest')[0].status, 404, 'through a deeper link')
            same(o.requests, [], 'requests upstream')


main()
