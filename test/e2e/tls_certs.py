"""Certificates towards clients: which one is shown, which files are taken,
how they change at a reload, and those that clients have to show."""
# timeout: 240
import os
import re
import shutil
import signal
import ssl
import subprocess
import threading

import certs
from certs import DAY, Cert, root
from tls_peer import HOST, Secure, cert_keys, client, listen, trusting
from weir import (Cut, Origin, case, each, free_port, main, plain, run_weir,
                  same, within, ws_frame, ws_request, ws_serve)

EC = 'ECDHE-ECDSA-AES128-GCM-SHA256'
RSA = 'ECDHE-RSA-AES128-GCM-SHA256'


# Which certificate

def shown(w, name, context=None):
    with w.connect(name=name, context=context or trusting()) as c:
        same(c.ask(plain()).status, 200, 'status')
        return c.shown()


@case
def names():
    a = root().leaf('a.example', 'also.example', n=1)
    b = root().leaf('b.example', n=2)
    wild = root().leaf('*.wild.example', n=3)
    exact = root().leaf('exact.wild.example', n=4)
    rows = [('a.example', a), ('also.example', a), ('b.example', b),
            ('B.Example', b), ('x.wild.example', wild),
            ('X.WILD.example', wild), ('exact.wild.example', exact),
            ('x.y.wild.example', a), ('wild.example', a),
            ('.wild.example', a), ('c.example', a), ('', a),
            ('b.example.', None), ('b', a)]
    with Origin() as o, Secure('', o, certs=[a, b, wild, exact]) as w:
        def check(name, want):
            try:
                got = shown(w, name)
            except (ValueError, ssl.SSLError):
                assert name.startswith('.') or not want
                return
            if want:
                same(got == want.der, True, 'the certificate of ' +
                     want.name)
        each(rows, check)


@case
def kinds():
    """RSA and ECDSA for one name: the client's suites decide."""
    ec, rsa = root().leaf(HOST), root().leaf(HOST, kind='rsa')
    other = root().leaf('b.example', kind='rsa', n=1)
    with Origin() as o, Secure('', o, certs=[rsa, ec, other]) as w:
        def check(_, name, ciphers, want):
            got = shown(w, name, client(ciphers=ciphers))
            same(got == want.der, True, 'certificate')
        each([('EC', HOST, EC, ec),
              ('RSA', HOST, RSA, rsa),
              ('EC before RSA', HOST, EC + ':' + RSA, ec),
              ('both, RSA alone there', 'b.example', EC + ':' + RSA,
               other)], check)
        try:
            shown(w, 'b.example', client(ciphers=EC))
        except (ssl.SSLError, OSError):
            pass
        w.lives()


@case
def chains():
    """Intermediates are sent, in one file with the key or not."""
    far = root().sub().sub('Second').leaf(HOST)
    near = root().sub('RSA one', kind='rsa').leaf(HOST, kind='rsa')
    for c in far, near, far.both, near.both:
        with Origin() as o, Secure('', o, certs=[c]) as w:
            w.lives('a client that knows the root alone')
    # the key first
    turned = certs.write('turned', far.key, far.chain)
    between = certs.write('between', far.cert, far.key, *far.above)
    crlf = certs.write('crlf', certs.read(far.both).replace(b'\n', b'\r\n'))
    bare = certs.write('bare', far.key, b'text\n', certs.read(
        far.chain).rstrip(b'\n'))
    rooted = certs.write('rooted', far.both, root().cert)
    for c in turned, between, crlf, bare, rooted:
        with Origin() as o, Secure('', o, certs=[c]) as w:
            w.lives(c)


@case
def keys():
    """Every form that keys come in."""
    ec, rsa = root().leaf(HOST), root().leaf(HOST, kind='rsa')
    p384 = root().leaf(HOST, kind='p384')
    crlf = certs.write('crlf', certs.read(rsa.key).replace(b'\n', b'\r\n'))
    bare = certs.write('bare', certs.read(ec.key).rstrip(b'\n'))
    text = certs.write('text', b'a comment\n\n', ec.key, b'\nand more\n')
    noise = certs.write('noise', b'\0\1\n-----\n', ec.key, b'\xff' * 9999)

    def check(_, c, key):
        with Origin() as o:
            with Secure('', o, certs=[Cert(c.name, c.chain, key)]) as w:
                w.lives()
    each([('EC PKCS#8', ec, ec.key), ('EC SEC1', ec, certs.sec1(ec.key)),
          ('EC SEC1 behind parameters', ec, certs.sec1(ec.key, True)),
          ('P-384', p384, p384.key), ('RSA PKCS#8', rsa, rsa.key),
          ('RSA PKCS#1', rsa, certs.pkcs1(rsa.key)), ('CRLF', rsa, crlf),
          ('no newline at the end', ec, bare), ('text around', ec, text),
          ('noise around', ec, noise), ('among 3 MB', ec, certs.write(
              'long', b'not it\n' * 450000, ec.key))], check)


def bad_files():
    """Rows: what, the two keys, the file that is named, what is said."""
    ec, rsa = root().leaf(HOST), root().leaf(HOST, kind='rsa')
    ed = root().leaf(HOST, kind='ed25519')
    old = root().leaf(HOST, start=-9 * DAY, end=-DAY)
    far = root().sub().sub('Second').leaf(HOST)
    turned = certs.write('turned', *reversed(far.above), far.cert)
    empty, none = certs.write('empty'), certs.new_path('missing')
    half = certs.write('half', certs.read(ec.cert)[:300])
    bits = certs.block(b'CERTIFICATE', bytes(9))
    junk, nothing = certs.write('junk', bits), certs.write(
        'nothing', certs.block(b'CERTIFICATE', b''), ec.key)
    tail = certs.write('tail', certs.block(b'CERTIFICATE', ec.der + b'x'))
    large = certs.write('large', certs.block(b'CERTIFICATE', bytes(3 << 20)))
    second = certs.write('second', ec.cert, bits)
    twice = certs.write('twice', ec.cert, ec.cert)
    swapped = certs.write('swapped', far.cert, *reversed(far.above))
    dsa = certs.write('dsa', certs.block(b'DSA PRIVATE KEY', b'0'))
    glued = certs.write('glued', certs.read(ec.cert).strip(), ec.key)
    pipe = certs.new_path('pipe')
    os.mkfifo(pipe)
    k1, big = root().leaf(HOST, kind='k1'), root().leaf(HOST, kind='rsa5120')
    locked, locked1 = certs.encrypted(ec.key), certs.encrypted(rsa.key, True)
    strange = certs.key('ec', 'strange')
    return [
        ('missing', none, ec.key, none, r'[Nn]o such file'),
        ('missing key', ec.cert, none, none, r'[Nn]o such file'),
        ('a directory', certs.top(), ec.key, certs.top(), r'.'),
        ('empty', empty, ec.key, empty, r'certificate'),
        ('empty key', ec.cert, empty, empty, r'key'),
        ('a key as certificate', ec.key, ec.key, ec.key, r'certificate'),
        ('a certificate as key', ec.cert, ec.cert, ec.cert, r'key'),
        ('no key in it', ec.cert, None, ec.cert, r'key'),
        ('half', half, ec.key, half, r'.'),
        ('no certificate', junk, ec.key, junk, r'certificate 1 '),
        ('no certificate, one file', nothing, None, nothing,
         r'certificate 1 '),
        ('more than a certificate', tail, ec.key, tail, r'certificate 1 '),
        ('3 MB', large, ec.key, large, r'certificate 1 '),
        ('no certificate behind one', second, ec.key, second,
         r'certificate 2 '),
        ('twice', twice, ec.key, twice, r'certificate 2 .* once more'),
        ('DER', certs.write('der', ec.der), ec.key, None, r'PEM'),
        ('no newline between', glued, None, glued, r'no line is'),
        ('a pipe', pipe, ec.key, pipe, r'regular'),
        ('a pipe as key', ec.cert, pipe, pipe, r'regular'),
        ('not the key', ec.cert, strange, strange, r'belong.* in .*'
         + re.escape(os.path.basename(ec.cert))),
        ('key of another kind', ec.cert, rsa.key, rsa.key, r'belong'),
        ('leaf last', turned, far.key, turned, r'order.* number 3'),
        ('wrong order', swapped, far.key, swapped,
         r'certificate 2 has not issued certificate 1'),
        ('encrypted', ec.cert, locked, locked, r'encrypted|password'),
        ('encrypted the old way', rsa.cert, locked1, locked1,
         r'encrypted|password'),
        ('Ed25519', ed.cert, ed.key, None, r'Ed25519|supported'),
        ('Ed25519 key', ec.cert, ed.key, ed.key, r'Ed25519'),
        ('Ed25519 certificate', ed.cert, ec.key, ed.cert, r'supported'),
        ('DSA', ec.cert, dsa, dsa, r'kind of key.*supported'),
        ('RSA of 5120 bits', big.cert, big.key, big.cert, r'up to 4096'),
        ('another curve', k1.cert, k1.key, None, r'supported'),
        ('expired', old.cert, old.key, old.cert, r'expired'),
    ]


def keys_of(cert, key):
    return 'cert = %s\n' % cert + ('key = %s\n' % key if key else '')


@case
def bad_at_start():
    path = certs.new_path('weir.conf')

    def refused(text):
        with open(path, 'w') as f:
            f.write('listen = https://127.0.0.1:%d\n%sroute = /\n'
                    'upstream = http://127.0.0.1:1\n' % (free_port(), text))
        try:
            status, _, err = run_weir('-c', path)
        except subprocess.TimeoutExpired:
            raise AssertionError('it started') from None
        err = err.decode()
        same(status, 2, 'exit status (%s)' % err)
        return err

    def check(_, cert, key, name, words):
        err = refused(keys_of(cert, key))
        assert name is None or name in err, '%s is not named: %s' % (name,
                                                                     err)
        assert re.search(words, err.replace(certs.top(), '')), err
    each(bad_files(), check)
    assert 'cert' in refused(''), 'https without a certificate'


@case
def unwise():
    """Warned of, by -n as well; it starts."""
    weak = root().leaf(HOST, kind='rsa1024')
    soon = root().leaf(HOST, end=5 * DAY)
    late = root().leaf(HOST, start=DAY)

    def check(_, cert, words):
        said = cert_keys(cert)
        with Origin() as o, Secure('', o, certs=[cert]) as w:
            line = w.log('message', level='warn')[0]['msg']
            assert cert.chain in line and re.search(words, line), line
            status, out, err = run_weir('-n', '-c', w.conf_path)
            same(status, 0, 'status of -n')
            assert said.split('\n')[0] in out.decode(), out
            assert line in err.decode(), err
    each([('RSA of 1024 bits', weak, '1024 .* weak'),
          ('ends soon', soon, 'expires within 5 days'),
          ('not yet valid', late, 'not valid yet')], check)


@case
def bad_at_reload():
    """Nothing changes then: the old certificate goes on."""
    good, new = root().leaf(HOST), root().leaf('b.example', n=1)
    with Origin() as o, Secure('', o, certs=[good]) as w, w.connect() as c:
        def check(_, cert, key, name, words):
            n = len(w.log('message', level='error'))
            # a good one before it, which does not come to be shown either
            w.write_conf(listen() + cert_keys(new) + keys_of(cert, key))
            w.signal(1)
            line = w.wait_log('message', n + 1, level='error')[n]
            assert name is None or name in str(line), line
            same(w.log('reload'), [], 'reload lines')
            same(shown(w, 'b.example') == good.der, True, 'certificate')
            same(c.ask(plain()).status, 200, 'the open connection')
        each(bad_files(), check)


@case
def reload():
    """New connections get the new certificate, open ones go on."""
    a = root().leaf(HOST, n=1)
    b = root().sub().leaf(HOST, kind='rsa')
    both = certs.write('both', a.chain, a.key)
    with Origin(ws_serve) as s, Origin() as o:
        rest = 'route = /ws\nupstream = %s\nroute = /\nupstream = %s\n' % (
            s.url, o.url)
        with Secure(rest, certs=[both]) as w, w.connect() as c:
            t = w.tunnel('/ws')
            same(shown(w, HOST) == a.der, True, 'first')
            same(c.ask(plain()).status, 200, 'before')
            # in place
            shutil.copyfile(b.both, both)
            same(shown(w, HOST) == a.der, True, 'before the reload')
            w.reload()
            same(shown(w, HOST) == b.der, True, 'then')
            same(c.ask(plain()).status, 200, 'the open one')
            t.send(ws_frame(1, b'still'))
            same(t.frame().data, b'still', 'the tunnel')
            w.reload(listen() + cert_keys(a) + rest)
            same(shown(w, HOST) == a.der, True, 'by another file')
            same(c.ask(plain()).status, 200, 'the open one')
            t.send(ws_frame(1, b'there'))
            same(t.frame().data, b'there', 'the tunnel')
            t.close()


@case
def reload_to_tls():
    """One address speaks TLS from a reload on, and no longer: what is open
    goes on as it began, and the socket is kept."""
    port = free_port()
    more = 'listen = %%s://127.0.0.1:%d\n' % port
    with Origin(ws_serve) as s, Origin() as o:
        def conf(scheme, rest=''):
            return (more % scheme + rest + 'route = /ws\nupstream = %s\n'
                    'route = /\nupstream = %s\n' % (s.url, o.url))

        def inode():
            with open('/proc/net/tcp') as f:
                return [x.split()[9] for x in f if x.split()[1].endswith(
                    ':%04X' % port) and x.split()[3] == '0A']
        cert = root().leaf(HOST)
        base = listen() + cert_keys(cert)
        with Secure(conf('http'), certs=[cert]) as w:
            def connect():
                return w.connect(('127.0.0.1', port)) if tls else w.plain(
                    port)

            def reached():
                with connect() as c:
                    same(c.ask(plain()).status, 200, 'after a failure')
            tls, kept, first = False, [], inode()
            same(len(first), 1, 'sockets')
            for scheme in 'http', 'https', 'http', 'wss':
                # what fails later leaves all as it is
                n = len(w.log('message', level='error'))
                w.write_conf(base + conf('https' if scheme == 'http' else
                                         'http', 'log = /nonexistent/x\n'))
                w.signal(1)
                w.wait_log('message', n + 2, level='error')
                reached()
                w.reload(base + conf(scheme))
                tls = scheme in ('https', 'wss')
                c, t = connect(), connect()
                same(c.ask(plain()).status, 200, scheme)
                same(t.ask(ws_request('/ws', HOST)).status, 101, scheme)
                kept.append((c, t))
                with w.plain(port) as wrong:
                    same(wrong.ask(plain()).status, 400 if tls else 200,
                         'plain HTTP')
                for c, t in kept:
                    same(c.ask(plain()).status, 200, 'an open connection')
                    t.send(ws_frame(1, b'still'))
                    same(t.frame().data, b'still', 'an open tunnel')
                same(inode(), first, 'the socket')
            said = [x['address'] for x in w.log('listening')]
            same([x for x in said if str(port) in x],
                 ['%s://127.0.0.1:%d' % (x, port) for x in
                  ('http', 'https', 'http', 'https')], 'log')
            for c, t in kept:
                c.close()
                t.close()


@case
def reload_waiting():
    """What waits to be accepted is spoken to as it expects."""
    port = free_port()
    with Origin() as o:
        def text(scheme):
            return ('listen = %s://127.0.0.1:%d\nroute = /\n'
                    'upstream = %s\n' % (scheme, port, o.url))
        cert = root().leaf(HOST)
        with Secure(text('http'), certs=[cert]) as w:
            w.write_conf(listen() + cert_keys(cert) + text('https'))
            # stopped while they come, more than it accepts in one go
            w.signal(signal.SIGSTOP)
            many = [w.plain(port) for _ in range(200)]
            w.signal(signal.SIGHUP)
            w.signal(signal.SIGCONT)
            w.wait_log('reload')
            for c in many:
                same(c.ask(plain()).status, 200, 'one that waited')
                c.close()
            with w.connect(('127.0.0.1', port)) as c:
                same(c.ask(plain()).status, 200, 'TLS')


@case
def reload_under_load():
    """No handshake fails while certificates change."""
    pair = [root().leaf(HOST, n=i) for i in (1, 2)]
    failed, stop = [], threading.Event()
    with Origin() as o:
        rest = 'route = /\nupstream = %s\n' % o.url
        with Secure(rest, certs=pair[:1]) as w:
            def work():
                while not stop.is_set():
                    try:
                        w.lives()
                    except Exception as e:
                        failed.append(repr(e))
            threads = [threading.Thread(target=work) for _ in range(3)]
            for t in threads:
                t.start()
            for i in range(10):
                w.reload(listen() + cert_keys(pair[i % 2]) + rest)
            stop.set()
            for t in threads:
                t.join()
            same(failed, [], 'failures')


# Certificates of clients

def mtls(o, host='a.example', more=''):
    return 'route = %s\nclient_ca = %s\nupstream = %s\n%s' % (
        host, root('Client Root').cert, o.url, more)


@case
def client_certificates():
    right = certs.client()
    rows = [('absent', None, False),
            ('unknown authority', certs.client(authority=root('other')),
             False),
            ('self-signed', certs.alone('client'), False),
            ('expired', certs.client(start=-9 * DAY, end=-DAY), False),
            ('right', right, True),
            ('RSA', certs.client(kind='rsa'), True),
            ('behind an intermediate', certs.client(
                authority=root('Client Root').sub('Clients')), True)]
    with Origin() as o:
        conf = mtls(o) + 'route = /\nupstream = %s\n' % o.url
        both = [root().leaf('a.example', 'b.example')]
        with Secure(conf, certs=both, name='a.example') as w:
            def check(_, cert, fine):
                n = len(w.log(reason='tls_failed'))
                try:
                    with w.connect(context=client(cert=cert)) as c:
                        r = c.ask(plain(host='a.example'))
                except (OSError, AssertionError):
                    assert not fine, 'refused'
                    w.wait_log(None, n + 1, reason='tls_failed')
                    return
                assert fine, 'let in'
                same(r.status, 200, 'status')
            each(rows, check)
            # others are not asked, and do not get in by another name
            with w.connect(name='b.example') as c:
                same(c.ask(plain(host='b.example')).status, 200, 'b')
                r = c.ask(plain(host='a.example'))
                within(str(r.status), '403|421', 'a behind the name of b')
                session = c.tls.session
            try:
                with w.connect(session=session) as c:
                    got = c.ask(plain(host='a.example')).status
            except (OSError, Cut):
                got = None
            assert got != 200, 'resumed past the certificate'
            same(len([q for q in o.requests if q.get('host') ==
                      'a.example']), 3, 'requests of a')


@case
def client_certificates_below():
    """A host that needs none is not asked, though a wider one is."""
    names = ['free.a.example', 'part.a.example', 'if.a.example',
             'x.free.a.example', 'x.a.example', 'b.example']
    # the requests that part.a.example and if.a.example do not serve are those
    # of the wider one: their clients are asked
    rest = ''.join('route = %s\nupstream = @O@\n' % r for r in (
        'free.a.example', 'free.a.example/deep', 'part.a.example/only',
        '*.free.a.example', 'b.example', 'if.a.example'))
    rest += 'match_query = q\n'
    rows = [('free.a.example', '/', False), ('free.a.example', '/x', False),
            ('part.a.example', '/only', True), ('part.a.example', '/', True),
            ('if.a.example', '/?q', True), ('if.a.example', '/', True),
            ('x.free.a.example', '/', False), ('x.a.example', '/', True)]
    both = [root().leaf(*names)]
    with Origin() as o:
        rest = rest.replace('@O@', o.url)

        def check(name, target, asked):
            with w.connect(name=name, context=client(
                    cert=certs.client())) as c:
                same(c.ask(plain(target, host=name)).status, 200, 'with one')
            try:
                with w.connect(name=name) as c:
                    got = c.ask(plain(target, host=name)).status
                    wider = c.ask(plain(host='x.a.example')).status
                    session = c.tls.session
            except (OSError, AssertionError):
                assert asked, 'refused'
                return
            assert not asked, 'let in'
            same((got, wider), (200, 421), 'without one, and the wider host')
            try:
                with w.connect(name='x.a.example', session=session) as c:
                    got = c.ask(plain(host='x.a.example')).status
            except (OSError, Cut):
                got = None
            assert got != 200, 'resumed past the certificate'
        for host, more in (('*.a.example', []),
                           ('*', [('b.example', '/', False)])):
            with Secure(mtls(o, host) + rest, certs=both,
                        name='x.a.example') as w:
                each(rows + more, check)


@case
def client_certificates_shared():
    """Hosts whose clients show certificates of the same CAs: the paths that
    one leaves are those of a wider one, and an address has no name."""
    with Origin() as o:
        conf = ('client_ca = %s\nupstream = %s\nroute = a.example/x\n'
                'route = *\nroute = 192.0.2.1\nroute = *.example/y\n'
                % (root('Client Root').cert, o.url))
        with Secure(conf, certs=[root().leaf('a.example')],
                    name='a.example') as w:
            def check(name, host, target):
                context = client(cert=certs.client())
                context.check_hostname = False
                with w.connect(name=name, context=context) as c:
                    same(c.ask(plain(target, host=host)).status, 200, 'status')
            each([(n, h, t) for n, h in (('a.example', 'a.example'),
                                         ('a.example', 'b.example'),
                                         ('192.0.2.1', '192.0.2.1'))
                  for t in ('/', '/x', '/y')], check)
            try:
                with w.connect(name='192.0.2.1', context=trusting()) as c:
                    got = c.ask(plain(host='192.0.2.1')).status
            except (OSError, AssertionError):
                got = None
            same(got, None, 'without one')


main()
