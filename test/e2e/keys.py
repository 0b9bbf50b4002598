"""Keys and passwords: who comes in, and what of them goes on."""
import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from weir import (BINARY, BRIEF, Origin, Weir, at_end, case, describe, each,
                  main, plain, refusal, run_weir, same, until, ws_101,
                  ws_close, ws_frame, ws_request, ws_serve)

ALICE, BOB = 'alice-key-0123456789', 'bob-key-0123456789abc'
LABEL = 'openai-insecure-api-key'

top = tempfile.mkdtemp(prefix='weir-keys-')
at_end.append(lambda: shutil.rmtree(top, ignore_errors=True))


def write(text, name='keys'):
    """A file; its path."""
    path = os.path.join(top, name)
    with open(path, 'w') as f:
        f.write(text)
    return path


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def basic(user, password):
    return 'Authorization: Basic %s\r\n' % base64.b64encode(
        ('%s:%s' % (user, password)).encode()).decode()


def bearer(key):
    return 'Authorization: Bearer %s\r\n' % key


def protocols(*items):
    return 'Sec-WebSocket-Protocol: %s\r\n' % ', '.join(items)


def conf(alice='', bob=''):
    return 'keys = %s\nkey_query = token\n' % write(
        '# clients\nalice = sha256:%s %s\nbob = %s %s\n' % (
            sha256(ALICE), alice, BOB, bob))


def last(o):
    """The last request upstream as bytes."""
    return o.requests[-1].raw.decode('latin-1')


@case
def places():
    """A key counts wherever it stands, and goes on from nowhere."""
    def check(name, more, target='/x?a=1'):
        more = more % {'k': ALICE}
        target = target % {'k': ALICE}
        r = w.get(target, more)
        same(r.status, 200, 'status')
        q = w.next()
        same((q['key'], q['reason']), ('alice', 'ok'), 'line')
        sent = last(o)
        assert ALICE not in sent and LABEL not in sent, sent
        same(o.requests[-1].all('authorization'), ['Bearer real'],
             'Authorization upstream')
        for field in 'x-api-key', 'api-key', 'sec-websocket-protocol':
            same(o.requests[-1].all(field), [], field)
        same(o.requests[-1].target, '/x?a=1', 'target')
        refused = w.get(target.replace(ALICE, 'wrong'),
                        more.replace(ALICE, 'wrong') if ALICE in more
                        else more)
        if 'Basic' not in more:
            refusal(refused, 401, 'wrong_key')
            same(w.next()['reason'], 'wrong_key', 'line')
        else:
            w.next()
        assert ALICE.encode() not in w.stderr(), 'the key in the log'

    rows = [('Bearer', bearer('%(k)s')), ('bearer', 'authorization: '
                                          'bearer %(k)s\r\n'),
            ('Basic', basic('', ALICE)), ('Basic name', basic('me', ALICE)),
            ('X-Api-Key', 'X-Api-Key: %(k)s\r\n'),
            ('Api-Key', 'aPI-kEY: %(k)s\r\n'),
            ('twice', 'X-Api-Key: %(k)s\r\nX-Api-Key: %(k)s\r\n'),
            ('named by Connection', 'Connection: X-Api-Key\r\n'
             'X-Api-Key: %(k)s\r\n'),
            ('query', '', '/x?a=1&token=%(k)s'),
            ('query first', '', '/x?token=%(k)s&a=1'),
            ('query twice', '', '/x?token=%(k)s&a=1&token=%(k)s'),
            ('query escaped', '', '/x?%%74oken=%(k)s&a=1'),
            ('labelled', protocols(LABEL + '.%(k)s')),
            ('two items', protocols(LABEL, '%(k)s')),
            ('everywhere', bearer('%(k)s') + 'X-Api-Key: %(k)s\r\n'
             'Api-Key: %(k)s\r\n' + protocols(LABEL + '.%(k)s') +
             protocols(LABEL, '%(k)s'), '/x?token=%(k)s&a=1')]
    with Origin() as o, Weir(
            conf() + 'set_header = Authorization: Bearer real', o) as w:
        each(rows, check)


@case
def refused():
    """None, a wrong one, and more than one that do not agree."""
    rows = [('no_key', ''), ('no_key', 'Cookie: key=x\r\n'),
            ('no_key', 'X-Key: %s\r\n' % ALICE),
            ('wrong_key', bearer('x')), ('wrong_key', bearer('')),
            ('wrong_key', bearer(ALICE[:-1])),
            ('wrong_key', bearer(ALICE + 'x')),
            ('wrong_key', bearer(ALICE.upper())),
            ('wrong_key', bearer(sha256(ALICE))),
            ('wrong_key', bearer('sha256:' + sha256(ALICE))),
            ('wrong_key', 'Authorization: %s\r\n' % ALICE),
            ('wrong_key', 'Authorization: Digest %s\r\n' % ALICE),
            ('wrong_key', 'Authorization: Basic %s\r\n' % ALICE),
            ('wrong_key', basic(ALICE, '')),
            ('wrong_key', bearer(ALICE) + 'X-Api-Key: x\r\n'),
            ('wrong_key', 'X-Api-Key: x\r\n' + bearer(ALICE)),
            ('wrong_key', bearer(ALICE) + 'X-Api-Key: %s\r\n' % BOB),
            ('wrong_key', bearer(ALICE) + bearer(BOB)),
            ('wrong_key', bearer(ALICE) + 'Authorization: x\r\n'),
            ('wrong_key', bearer(ALICE) * 9)]

    def check(word, more):
        for ask in (plain('/', more), ws_request(more=more)):
            r = w.ask(ask)
            refusal(r, 401, word)
            same(r.all('www-authenticate'), [
                'Bearer realm="weir"' if word == 'no_key' else
                'Bearer realm="weir", error="invalid_token", '
                'error_description="The key is not known here."'],
                'WWW-Authenticate')
            line = w.next()
            same((line['reason'], 'key' in line), (word, False), 'line')

    with Origin() as o, Weir(conf(), o) as w:
        each(rows, check)
        refusal(w.get('/?token=x', bearer(ALICE)), 401, 'wrong_key')
        refusal(w.get('/?token=' + BOB, bearer(ALICE)), 401, 'wrong_key')
        refusal(w.get('/?token', bearer(ALICE)), 401, 'wrong_key')
        same(o.requests, [], 'requests upstream')
        # the connection goes on
        with w.connect() as c:
            refusal(c.ask(plain('/', method='POST', body=b'x' * 100)), 401)
            same(c.ask(plain('/', bearer(BOB))).status, 200, 'status')


@case
def routes():
    """Each route has its own, or none."""
    text = ('%sroute = /\nupstream = %s\nroute = /open\nkeys =\n'
            'upstream = %s\nroute = /bob\nkeys = %s\nupstream = %s\n'
            'route = /pass\nkey_pass = yes\nupstream = %s\n')
    bob = write('bob = %s\n' % BOB, 'bob')
    with Origin() as o, Weir(text % (conf(), o.url, o.url, bob, o.url,
                                     o.url)) as w:
        for target, key, status in (
                ('/', ALICE, 200), ('/', BOB, 200), ('/', 'x', 401),
                ('/open', 'x', 200), ('/bob', ALICE, 401), ('/bob', BOB, 200),
                ('/pass', ALICE, 200), ('/pass', 'x', 401)):
            same(w.get(target, bearer(key)).status, status, target)
        w.get('/open?token=x', bearer('x') + 'X-Api-Key: y\r\n' +
              protocols(LABEL + '.z'))
        q = o.requests[-1]
        same((q.target, q.get('authorization'), q.get('x-api-key'),
              q.get('sec-websocket-protocol')),
             ('/open?token=x', 'Bearer x', 'y', LABEL + '.z'), 'untouched')
        w.get('/pass?token=' + ALICE, protocols('a', LABEL, ALICE))
        q = o.requests[-1]
        same((q.target, q.get('sec-websocket-protocol')),
             ('/pass?token=' + ALICE, 'a, %s, %s' % (LABEL, ALICE)),
             'passed on')


@case
def trailers():
    """A key behind the body goes nowhere either."""
    with Origin(describe) as o, Weir(conf(), o) as w:
        r = w.ask(plain('/', bearer(ALICE) + 'Transfer-Encoding: chunked\r\n',
                        method='POST')[:-2] + b'\r\n1\r\nx\r\n0\r\n'
                  b'X-Api-Key: ' + ALICE.encode() + b'\r\nApi-Key: a\r\n'
                  b'Authorization: b\r\nX-Sum: c\r\n\r\n')
        same(r.status, 200, 'status')
        same(o.requests[-1].trailers, [('X-Sum', 'c')], 'trailers')


@case
def referer():
    """A page that was got with a key in its address tells it of itself."""
    def check(came, goes):
        more = ''.join('Referer: %s\r\n' % (x % {'k': ALICE}) for x in came)
        same(w.get('/', bearer(ALICE) + more).status, 200, 'status')
        same(o.requests[-1].all('referer'), goes, 'upstream')

    rows = [(['http://a/x?token=%(k)s'], ['http://a/x']),
            (['http://a/x?b=1&token=%(k)s&c'], ['http://a/x?b=1&c']),
            (['http://a/x?%%74oken=%(k)s&b=?'], ['http://a/x?b=?']),
            (['http://a/x?token=%(k)s', 'http://a/?token=%(k)s'],
             ['http://a/x', 'http://a/']),
            (['http://a/token=x?', '', 'x'], ['http://a/token=x?', '', 'x'])]
    with Origin() as o, Weir(conf(), o) as w:
        each(rows, check)
    with Origin() as o, Weir(conf() + 'key_pass = yes\n', o) as w:
        check(['http://a/?token=x'], ['http://a/?token=x'])


@case
def preflights():
    """What a browser asks before it sends a key has none."""
    ask = 'Access-Control-Request-Method: POST\r\n'
    origin = 'Origin: https://app.example.com\r\n'
    text = conf() + ('key_preflight = yes\nroute = /\nupstream = %s\n'
                     'route = /none\nkey_preflight = no\nupstream = %s\n'
                     'route = /users\nkeys =\n%supstream = %s\n')
    rows = [
        (200, '/', 'OPTIONS', origin + ask, b''),
        (200, '/', 'OPTIONS', origin + ask + 'Access-Control-Request-Headers: '
         'authorization\r\n', b''),
        (200, '/users', 'OPTIONS', origin + ask, b''),
        (401, '/none', 'OPTIONS', origin + ask, b''),
        (401, '/', 'OPTIONS', ask, b''), (401, '/', 'OPTIONS', origin, b''),
        (401, '/', 'GET', origin + ask, b''),
        (401, '/', 'POST', origin + ask, b''),
        (401, '/', 'options', origin + ask, b''),
        (401, '/', 'OPTIONS', origin + ask, b'a body'),
        # what is shown has to be right
        (401, '/', 'OPTIONS', origin + ask + bearer('x'), b''),
        (401, '/', 'OPTIONS', origin + ask + 'Authorization: x\r\n', b''),
        (401, '/?token=', 'OPTIONS', origin + ask, b''),
        (401, '/users', 'OPTIONS', origin + ask + bearer(ALICE), b'')]

    def check(status, target, method, more, body):
        same(w.get(target, more, method=method, body=body).status, status,
             'status')
        line = w.next()
        same((line['status'], 'key' in line), (str(status), False), 'line')

    with Origin() as o, Weir(text % (o.url, o.url, users(), o.url)) as w:
        each(rows, check)
        same(len(o.requests), 3, 'upstream')
        same(w.get('/', origin + ask + bearer(ALICE),
                   method='OPTIONS').status, 200, 'with a key')
        same(w.next()['key'], 'alice', 'name')


def choosing(choice):
    """An upstream that chooses that subprotocol."""
    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        peer.send(ws_101(q.get('sec-websocket-key'), choice and
                         'Sec-WebSocket-Protocol: %s\r\n' % choice))
        peer.recv_all()
    return serve


@case
def subprotocols():
    """What is offered upstream, and what is chosen when it chooses none."""
    labelled = LABEL + '.' + ALICE
    rows = [
        # offered, goes upstream, chosen by it, chosen for the client
        (['realtime', labelled], 'realtime', '', 'realtime'),
        ([labelled, 'realtime'], 'realtime', '', 'realtime'),
        (['realtime', labelled, 'v1'], 'realtime, v1', 'v1', 'v1'),
        ([LABEL, ALICE], None, '', LABEL),
        ([LABEL, ALICE, 'realtime'], 'realtime', '', 'realtime'),
        ([labelled], None, '', None),
        (['a'], 'a', '', 'a'),
        (['a', 'b'], 'a, b', 'b', 'b'),
        (['a', 'b'], 'a, b', 'c', 502),
        (['a', labelled], 'a', labelled, 502),
        ([LABEL, ALICE], None, LABEL, 502),
        ([], None, '', None)]

    def check(offered, sent, upstream, chosen):
        more = protocols(*offered) if offered else ''
        if not any(ALICE in x for x in offered):
            more += bearer(ALICE)
        with Origin(choosing(upstream)) as o, Weir(conf(), o) as w:
            with w.connect() as c:
                r = c.ask(ws_request(more=more))
                same(o.requests[-1].get('sec-websocket-protocol'), sent,
                     'upstream')
                assert ALICE not in last(o), last(o)
                if chosen == 502:
                    refusal(r, 502, 'proof_protocol')
                    return
                same(r.status, 101, 'status')
                same(r.all('sec-websocket-protocol'),
                     [chosen] if chosen else [], 'chosen')
            line = w.next('tunnel_open')
            same((line['key'], line['protocol']), ('alice', chosen or ''),
                 'line')
            assert ALICE.encode() not in w.stderr(), 'the key in the log'
    each(rows, check)


@case
def allowed():
    """Keys among subprotocols of which the route lets some through."""
    rows = [(['realtime', LABEL + '.' + ALICE], 'realtime', 'realtime'),
            (['other', 'realtime', LABEL, ALICE], 'realtime', 'realtime'),
            ([LABEL, ALICE], None, LABEL),
            ([LABEL + '.' + ALICE], None, None),
            (['other', LABEL + '.' + ALICE], 400, None)]

    def check(offered, sent, chosen):
        with Origin(choosing('')) as o, Weir(
                conf() + 'subprotocol = realtime', o) as w, w.connect() as c:
            r = c.ask(ws_request(more=protocols(*offered)))
            if sent == 400:
                refusal(r, 400, 'subprotocol')
                return
            same((r.status, r.get('sec-websocket-protocol')), (101, chosen),
                 'answer')
            same(o.requests[-1].get('sec-websocket-protocol'), sent,
                 'upstream')
    each(rows, check)


@case
def told():
    """A browser that cannot read a 401 is told in the WebSocket."""
    with Origin() as o, Weir(conf() + 'accept_errors = yes', o) as w, \
            w.connect() as c:
        r = c.ask(ws_request(more=protocols('realtime', LABEL + '.x' +
                                            ALICE)))
        same((r.status, r.get('sec-websocket-protocol')), (101, 'realtime'),
             'answer')
        f = c.frame()
        assert b'wrong_key' in f.data and ALICE.encode() not in f.data, f
        same(c.frame().code(), 4401, 'code')


@case
def no_keys_no_choice():
    """Without keys the relay stays as it is."""
    with Origin(choosing('')) as o, Weir('', o) as w, w.connect() as c:
        r = c.ask(ws_request(more=protocols('a', LABEL + '.x')))
        same((r.status, r.all('sec-websocket-protocol')), (101, []), 'answer')
        same(o.requests[-1].get('sec-websocket-protocol'),
             'a, %s.x' % LABEL, 'upstream')


@case
def lines():
    """The name stands in the log."""
    with Origin(ws_serve) as o, Weir(conf(), o) as w:
        with w.tunnel('/', more=bearer(BOB)) as t:
            t.send(ws_frame(1, b'hello'))
            t.frame()
            t.send(ws_close(1000))
            t.frame()
        line = w.next('tunnel_close')
        same((line['key'], line['code']), ('bob', '1000'), 'close')
        w.ask(ws_request('/', more=bearer(BOB)).replace(b': 13', b': 12'))
        same(w.next()['reason'], 'ws_version', 'line')


@case
def tunnels():
    """max_tunnels counts those that are open, and survives a reload."""
    text = conf('max_tunnels=2')
    with Origin(ws_serve) as o, Weir(text, o) as w:
        one = w.tunnel(more=bearer(ALICE))
        two = w.tunnel(more='X-Api-Key: %s\r\n' % ALICE)

        def full(key=ALICE):
            r = w.ask(ws_request(more=bearer(key)))
            refusal(r, 429, 'key_tunnels')
            assert 1 <= int(r.get('retry-after')) <= 5, r
        full()
        line = w.next()
        same((line['key'], line['reason']), ('alice', 'key_tunnels'), 'line')
        for _ in range(3):
            w.tunnel(more=bearer(BOB)).close()
        w.reload()
        full()
        one.close()
        w.next('tunnel_close')
        until(lambda: w.log('tunnel_close', key='alice'), 'the end')
        three = w.tunnel(more=bearer(ALICE))
        full()
        # a rotated key is the same client
        write('alice = new-%s max_tunnels=2\n' % ALICE)
        w.reload()
        full('new-' + ALICE)
        for t in two, three:
            t.send(ws_frame(1, b'still there'))
            same(t.frame().data, b'still there', 'echo')
            t.close()
        until(lambda: len(w.log('tunnel_close', key='alice')) == 3, 'ends')
        w.tunnel(more=bearer('new-' + ALICE)).close()
    # handshakes that come to nothing count no more
    with Weir(conf('max_tunnels=1') +
              'route = /\nupstream = http://127.0.0.1:1\n') as w:
        for _ in range(4):
            refusal(w.ask(ws_request(more=bearer(ALICE))), 502)


@case
def rates():
    """requests=N/m lets N through, and tells when there is one more."""
    with Origin() as o, Weir(conf('requests=3/m', 'requests=1000/s'),
                             o) as w:
        for _ in range(3):
            same(w.get('/', bearer(ALICE)).status, 200, 'status')
        waits = set()
        for _ in range(12):
            r = w.get('/', bearer(ALICE))
            refusal(r, 429, 'key_rate')
            waits.add(int(r.get('retry-after')))
        # 20 s for one more, some of which have passed, and 1 to 5
        assert min(waits) >= 10 and max(waits) <= 25, waits
        assert len(waits) > 1, 'no jitter'
        refusal(w.ask(ws_request(more=bearer(ALICE))), 429, 'key_rate')
        for _ in range(10):
            same(w.get('/', bearer(BOB)).status, 200, 'status')
        # what is refused for another reason takes nothing
        refusal(w.get('/', bearer('x')), 401)
        w.reload()
        refusal(w.get('/', bearer(ALICE)), 429, 'key_rate')


@case
def books():
    """What was done under a name, across a reload."""
    with Origin(ws_serve) as o, Origin(describe) as h:
        text = conf() + ('route = /\nupstream = %s\nroute = /h\n'
                         'upstream = %s\n' % (o.url, h.url))
        with Weir(text) as w:
            t = w.tunnel(more=bearer(ALICE))
            t.send(ws_frame(1, b'hello') + ws_frame(1, b'again'))
            t.frame(), t.frame()
            t.send(ws_close(1000))
            t.frame()
            t.close()
            w.wait_log('tunnel_close')
            w.reload()
            r = w.get('/h', bearer(ALICE), method='POST', body=b'12345')
            w.get('/h', bearer('x'))
            u = w.tunnel(more=bearer(ALICE))
            w.signal(signal.SIGUSR1)
            lines = {x['key']: x for x in w.wait_log('key', 2)}
            a, b = lines['alice'], lines['bob']
            same([a[k] for k in ('kind', 'requests', 'tunnels', 'open',
                                 'messages_in', 'messages_out')],
                 ['key', '1', '2', '1', '2', '2'], 'alice')
            # two messages and a Close, and the request's body
            same((a['bytes_in'], a['bytes_out']),
                 (str(2 * 11 + 8 + 5), str(2 * 7 + 4 + len(r.body))), 'bytes')
            same([b[k] for k in ('requests', 'tunnels', 'open', 'seconds',
                                 'bytes_in')], ['0', '0', '0', '0.000', '0'],
                 'bob')
            u.close()


@case
def revoked():
    """A reload ends the tunnels of a name that is gone, and those alone."""
    text = conf() + 'drain = 200ms\n'
    with Origin(ws_serve) as o, Weir(text, o) as w:
        a, b = w.tunnel(more=bearer(ALICE)), w.tunnel(more=bearer(BOB))
        write('bob = another-%s\n' % BOB)
        w.reload()
        f = a.frame()
        same((f.op, f.code()), (8, 1008), 'frame')
        a.close()
        line = w.next('tunnel_close')
        same((line['key'], line['reason'], line['by']),
             ('alice', 'key_gone', 'weir'), 'line')
        refusal(w.get('/', bearer(ALICE)), 401, 'wrong_key')
        refusal(w.get('/', bearer(BOB)), 401, 'wrong_key')
        b.send(ws_frame(1, b'x'))
        same(b.frame().data, b'x', 'echo')
        time.sleep(BRIEF)
        b.send(ws_frame(1, b'y'))
        same(b.frame().data, b'y', 'echo')
        b.close()


@case
def broken_reload():
    """A file with an error in it changes nothing."""
    with Origin() as o, Weir(conf(), o) as w:
        write('alice = %s\nbob\n' % ALICE)
        w.signal(signal.SIGHUP)
        line = until(lambda: [x for x in w.log('message')
                              if 'reload' in x['msg']], 'the message')[0]
        assert 'keys:2: not' in line['msg'], line
        assert ALICE not in line['msg'], line
        same(w.get('/', bearer(BOB)).status, 200, 'status')


@case
def made():
    """weir key makes one that works."""
    p = subprocess.run([BINARY, 'key', 'carol'], capture_output=True)
    same(p.returncode, 0, 'status')
    key = p.stderr.decode().strip()
    assert re.match(r'weir_[A-Za-z0-9_-]{43}\Z', key), key
    same(p.stdout.decode(), 'carol = sha256:%s\n' % sha256(key), 'line')
    again = subprocess.run([BINARY, 'key', 'carol'], capture_output=True)
    assert again.stderr != p.stderr, 'twice the same'
    path = write(p.stdout.decode())
    with Origin() as o, Weir('keys = ' + path, o) as w:
        same(w.get('/', bearer(key)).status, 200, 'status')
        same(w.next()['key'], 'carol', 'name')
    for name in '', 'a b', 'a/b', 'x' * 65, 'a=', '-h', '--help':
        status, out, err = run_weir('key', name)
        same((status, out), (2, b''), 'a bad name')
        assert b'name' in err, err


def users():
    digest = base64.b64encode(hashlib.sha256(b'hunter2').digest()).decode()
    return 'basic = %s\n' % write('# users\nalice:{SHA256}%s\n' % digest,
                                  'users')


@case
def passwords():
    """basic: a name and a password, and no key."""
    challenge = 'Basic realm="weir", charset="UTF-8"'
    with Origin() as o, Weir(users(), o) as w:
        r = w.get('/')
        refusal(r, 401, 'no_password')
        same(r.all('www-authenticate'), [challenge], 'WWW-Authenticate')
        for more in (basic('alice', 'hunter3'), basic('bob', 'hunter2'),
                     basic('Alice', 'hunter2'), basic('alice', ''),
                     bearer('hunter2'), 'Authorization: Basic x\r\n',
                     'Authorization: Basic\r\n',
                     basic('alice', 'hunter2') + basic('alice', 'x')):
            r = w.get('/', more)
            refusal(r, 401, 'wrong_password')
            same(r.all('www-authenticate'), [challenge], 'WWW-Authenticate')
        same(o.requests, [], 'upstream')
        r = w.get('/?token=x', basic('alice', 'hunter2') +
                  'X-Api-Key: mine\r\n')
        same(r.status, 200, 'status')
        q = o.requests[-1]
        same((q.target, q.get('x-api-key'), q.get('authorization')),
             ('/?token=x', 'mine', None), 'upstream')
        until(lambda: w.log('request', key='alice', status=200), 'the name')
        assert b'hunter' not in w.stderr(), 'a password in the log'


@case
def both():
    """keys and basic: one of them will do."""
    with Origin() as o, Weir(conf() + users(), o) as w:
        r = w.get('/')
        refusal(r, 401, 'no_key')
        same(len(r.all('www-authenticate')), 2, 'WWW-Authenticate')
        same(w.get('/', basic('alice', 'hunter2')).status, 200, 'password')
        same(w.get('/', basic('me', BOB)).status, 200, 'key as password')
        same(w.get('/', bearer(BOB)).status, 200, 'key')
        refusal(w.get('/', basic('alice', 'x')), 401, 'wrong_password')
        refusal(w.get('/', bearer('hunter2')), 401, 'wrong_key')
        # one name, but of two kinds
        refusal(w.get('/', basic('alice', 'hunter2') +
                      'X-Api-Key: %s\r\n' % ALICE), 401, 'wrong_key')


@case
def curl():
    """curl -u answers the challenge."""
    if not shutil.which('curl'):
        from weir import Skip
        raise Skip('no curl')
    with Origin() as o, Weir(users(), o) as w:
        p = subprocess.run(['curl', '-sS', '--noproxy', '*', '--anyauth',
                            '-u', 'alice:hunter2',
                            'http://127.0.0.1:%d/' % w.port],
                           capture_output=True)
        same((p.returncode, p.stdout), (0, b'ok'), 'curl')


main()
