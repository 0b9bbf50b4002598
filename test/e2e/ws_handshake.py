"""What is almost a handshake is refused, and what almost answers one too."""
# timeout: 240
import time

from weir import (BINARY_OP, BRIEF, CLOSE, KEY, OK, PONG, TEXT, Origin,
                  Peer, Weir, answer, case, each, free_port, listening, main,
                  plain, refusal, same, until, within, ws_101, ws_accept,
                  ws_close, ws_frame, ws_request, ws_serve)

UPGRADE = 'Upgrade: websocket\r\n'
CONNECTION = 'Connection: Upgrade\r\n'
VERSION = 'Sec-WebSocket-Version: 13\r\n'
KEY_LINE = 'Sec-WebSocket-Key: %s\r\n' % KEY


def shake(upgrade=UPGRADE, connection=CONNECTION, version=VERSION,
          key=KEY_LINE, line='GET / HTTP/1.1', more='', body=b''):
    return ('%s\r\nHost: a\r\n%s%s%s%s%s\r\n' % (
        line, upgrade, connection, version, key, more)).encode() + body


def key(value):
    return 'Sec-WebSocket-Key: %s\r\n' % value


def version(value):
    return 'Sec-WebSocket-Version: %s\r\n' % value


REFUSED = [
    # Upgrade
    ('no Upgrade', shake(upgrade=''), 400, 'ws_upgrade'),
    ('Upgrade is h2c', shake(upgrade='Upgrade: h2c\r\n'), 400, 'ws_upgrade'),
    ('websocket and another', shake(upgrade='Upgrade: websocket, h2c\r\n'),
     400, 'ws_upgrade'),
    ('another and websocket', shake(upgrade='Upgrade: h2c, websocket\r\n'),
     400, 'ws_upgrade'),
    ('websocket with a version', shake(upgrade='Upgrade: websocket/13\r\n'),
     400, 'ws_upgrade'),
    ('Upgrade twice', shake(upgrade=UPGRADE * 2), 400, 'ws_upgrade'),
    ('Upgrade to two', shake(upgrade=UPGRADE + 'Upgrade: h2c\r\n'), 400,
     'ws_upgrade'),
    ('an empty Upgrade', shake(upgrade='Upgrade:\r\n'), 400, 'ws_upgrade'),
    ('a key alone', plain('/', KEY_LINE, 'a'), 400, 'ws_upgrade'),
    ('Upgrade: websockets', shake(upgrade='Upgrade: websockets\r\n'), 400,
     'ws_upgrade'),
    # Connection
    ('no Connection', shake(connection=''), 400, 'ws_connection'),
    ('Connection: keep-alive', shake(connection='Connection: keep-alive\r\n'),
     400, 'ws_connection'),
    ('Connection: upgrades', shake(connection='Connection: upgrades\r\n'),
     400, 'ws_connection'),
    ('Connection: websocket', shake(connection='Connection: websocket\r\n'),
     400, 'ws_connection'),
    # the method
    ('POST', shake(line='POST / HTTP/1.1'), 400, 'ws_method'),
    ('HEAD', shake(line='HEAD / HTTP/1.1'), 400, 'ws_method'),
    ('OPTIONS', shake(line='OPTIONS / HTTP/1.1'), 400, 'ws_method'),
    ('get', shake(line='get / HTTP/1.1'), 400, 'ws_method'),
    ('HTTP/1.0', shake(line='GET / HTTP/1.0'), 400, 'ws_method'),
    # a body
    ('a length', shake(more='Content-Length: 3\r\n', body=b'abc'), 400,
     'ws_body'),
    ('chunked', shake(more='Transfer-Encoding: chunked\r\n',
                      body=b'0\r\n\r\n'), 400, 'ws_body'),
    # the version
    ('no version', shake(version=''), 426, 'ws_version'),
    ('an empty version', shake(version=version('')), 426, 'ws_version'),
    ('version 12', shake(version=version('12')), 426, 'ws_version'),
    ('version 8', shake(version=version('8')), 426, 'ws_version'),
    ('version 0', shake(version=version('0')), 426, 'ws_version'),
    ('version 013', shake(version=version('013')), 426, 'ws_version'),
    ('version 13.0', shake(version=version('13.0')), 426, 'ws_version'),
    ('version 130', shake(version=version('130')), 426, 'ws_version'),
    ('version 13, 8', shake(version=version('13, 8')), 426, 'ws_version'),
    ('version 8, 13', shake(version=version('8, 13')), 426, 'ws_version'),
    ('version twice', shake(version=VERSION * 2), 426, 'ws_version'),
    ('two versions', shake(version=VERSION + version('8')), 426,
     'ws_version'),
    # the key
    ('no key', shake(key=''), 400, 'ws_key'),
    ('an empty key', shake(key=key('')), 400, 'ws_key'),
    ('15 bytes', shake(key=key('AAAAAAAAAAAAAAAAAAAA')), 400, 'ws_key'),
    ('17 bytes', shake(key=key('AAAAAAAAAAAAAAAAAAAAAAA=')), 400, 'ws_key'),
    ('18 bytes', shake(key=key('A' * 24)), 400, 'ws_key'),
    ('no padding', shake(key=key(KEY[:-2])), 400, 'ws_key'),
    ('half the padding', shake(key=key(KEY[:-1])), 400, 'ws_key'),
    ('too much padding', shake(key=key(KEY + '=')), 400, 'ws_key'),
    ('not canonical', shake(key=key('A' * 21 + 'B==')), 400, 'ws_key'),
    ('no base64', shake(key=key('A' * 10 + '-' + 'A' * 11 + '==')), 400,
     'ws_key'),
    ('a space in it', shake(key=key('A' * 10 + ' ' + 'A' * 11 + '==')), 400,
     'ws_key'),
    ('the key twice', shake(key=KEY_LINE * 2), 400, 'ws_key'),
    ('two keys', shake(key=KEY_LINE + key('A' * 22 + '==')), 400, 'ws_key'),
]


@case
def refused():
    """Status, reason and log agree, and the upstream hears nothing."""
    with Origin() as o, Weir('', o) as w:
        def check(name, data, status, word):
            method = data.split()[0].decode()
            if method == 'HEAD':
                same(w.ask(data).status, status, 'status')
            else:
                r = w.ask(data)
                refusal(r, status, word)
                if status == 426:
                    same(r.get('sec-websocket-version'), '13', 'version')
                    same(r.get('upgrade'), 'websocket', 'Upgrade')
                    assert r.lists('connection', 'upgrade'), r.fields
            line = w.next()
            same((line['status'], line['reason']), (str(status), word),
                 'log')
            same(w.log('tunnel_open'), [], 'tunnels')
        each(REFUSED, check)
        same(o.requests, [], 'requests upstream')


@case
def echo_refuses():
    """The echo server has the same rules, and one more."""
    port = free_port()
    with Weir(args=['echo', '127.0.0.1:%d' % port], ready=False) as e:
        e.address = ('127.0.0.1', port)
        until(lambda: listening(port), 'the echo server')

        def check(name, data, status, word):
            r = e.ask(data)
            same(r.status, status, 'status')
            if not data.startswith(b'HEAD'):
                same(r.body.split(b':')[0].decode(), word, 'reason')
        each(REFUSED + [
            ('subprotocol is no token',
             shake(more='Sec-WebSocket-Protocol: a b\r\n'), 400,
             'ws_field')], check)


ACCEPTED = [
    ('as it should be', shake()),
    ('WebSocket', shake(upgrade='Upgrade: WebSocket\r\n')),
    ('WEBSOCKET', shake(upgrade='UPGRADE:WEBSOCKET\r\n')),
    ('spaces', shake(upgrade='Upgrade: \t websocket \t\r\n')),
    ('keep-alive, Upgrade',
     shake(connection='Connection: keep-alive, Upgrade\r\n')),
    ('two lines', shake(connection='Connection: keep-alive\r\n'
                                   'Connection: upgrade\r\n')),
    ('upgrade and commas', shake(connection='Connection: , ,uPGRADE,\r\n')),
    ('a body of no bytes', shake(more='Content-Length: 0\r\n')),
    ('key of zeros', shake(key=key('A' * 22 + '=='))),
    ('key of ones', shake(key=key('/' * 21 + 'w=='))),
    ('key last bits', shake(key=key('A' * 21 + 'Q=='))),
    ('names in small letters', shake().lower().replace(
        b'get /', b'GET /').replace(b'http/1.1', b'HTTP/1.1').replace(
        KEY.lower().encode(), KEY.encode())),
    ('absolute form', shake(line='GET ws://a/ HTTP/1.1').replace(
        b'ws://', b'http://')),
]


@case
def accepted():
    """What the server gets of a handshake is a handshake again."""
    with Origin(ws_serve) as o, Weir('', o) as w:
        def check(name, data):
            for drip in (False, True):
                with w.connect() as c:
                    (c.drip if drip else c.send)(data)
                    same(c.final().status, 101, 'status')
                    c.send(ws_frame(TEXT, b'hi') + ws_close())
                    same(c.frame().data, b'hi', 'echo')
                    same(c.frame().op, CLOSE, 'close')
            q = o.requests[-1]
            same((q.get('upgrade'), q.get('connection'),
                  q.get('sec-websocket-version'), q.method),
                 ('websocket', 'Upgrade', '13', 'GET'), 'upstream')
            assert q.has('sec-websocket-key'), q
        each(ACCEPTED, check)


@case
def fields():
    """Offers pass as they are, hop-by-hop fields do not."""
    more = ('Sec-WebSocket-Protocol: a, b\r\n'
            'Sec-WebSocket-Protocol: c\r\n'
            'Sec-WebSocket-Extensions: permessage-deflate; '
            'client_max_window_bits\r\nSec-WebSocket-Extensions: x\r\n'
            'Origin: http://a\r\nCookie: c=d\r\nKeep-Alive: x\r\n'
            'HTTP2-Settings: x\r\n')

    def serve(peer):
        q = peer.read_request()
        peer.send(ws_101(q.get('sec-websocket-key'),
                         'Sec-WebSocket-Protocol: c\r\n'
                         'Sec-WebSocket-Extensions: permessage-deflate\r\n'
                         'X-Mine: y\r\nKeep-Alive: z\r\n'
                         'Set-Cookie: e=f\r\n'))
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w:
        with w.connect() as c:
            r = c.ask(shake(more=more))
            same(r.status, 101, 'status')
            same((r.get('sec-websocket-protocol'),
                  r.get('sec-websocket-extensions'), r.get('x-mine'),
                  r.get('set-cookie'), r.get('keep-alive'),
                  r.get('upgrade'), r.get('connection'),
                  r.get('sec-websocket-accept')),
                 ('c', 'permessage-deflate', 'y', 'e=f', None, 'websocket',
                  'Upgrade', ws_accept()), 'answer')
            assert not r.has('content-length'), r
            assert not r.has('transfer-encoding'), r
        q = o.requests[0]
        same(','.join(q.all('sec-websocket-protocol')).replace(' ', ''),
             'a,b,c', 'offer')
        same(q.all('sec-websocket-extensions'),
             ['permessage-deflate; client_max_window_bits', 'x'], 'offer')
        same((q.get('origin'), q.get('cookie'), q.get('keep-alive'),
              q.get('http2-settings')), ('http://a', 'c=d', None, None),
             'fields')
        same(w.next('tunnel_open')['protocol'], 'c', 'log')


@case
def other_upgrades():
    """An Upgrade to anything else is dropped, and the request served."""
    with Origin() as o, Weir('', o) as w:
        for value in 'h2c', 'TLS/1.0', 'foo', 'h2c, foo':
            r = w.get('/', 'Upgrade: %s\r\nConnection: Upgrade, '
                      'HTTP2-Settings\r\nHTTP2-Settings: AAA\r\n' % value)
            same(r.status, 200, 'status')
        for q in o.requests:
            assert not q.has('upgrade'), q
            assert not q.has('http2-settings'), q
            assert not q.lists('connection', 'upgrade'), q


# The upstream's 101

def reply(upgrade=UPGRADE, connection=CONNECTION, accept=None, more=''):
    """An answer to the handshake with KEY."""
    if accept is None:
        accept = 'Sec-WebSocket-Accept: %s\r\n' % ws_accept()
    return ('HTTP/1.1 101 Switching Protocols\r\n%s%s%s%s\r\n' % (
        upgrade, connection, accept, more)).encode()


def accept(value):
    return 'Sec-WebSocket-Accept: %s\r\n' % value


def chosen(value):
    return 'Sec-WebSocket-Protocol: %s\r\n' % value


def extension(value):
    return 'Sec-WebSocket-Extensions: %s\r\n' % value


GOOD = ws_accept()
# the client offers subprotocols a and b, extensions e and f
DISPROVED = [
    ('no Upgrade', reply(upgrade=''), 'proof_upgrade'),
    ('HTTP/1.0', reply().replace(b'HTTP/1.1', b'HTTP/1.0'), 'proof_upgrade'),
    ('Upgrade: h2c', reply(upgrade='Upgrade: h2c\r\n'), 'proof_upgrade'),
    ('Upgrade to two', reply(upgrade='Upgrade: websocket, h2c\r\n'),
     'proof_upgrade'),
    ('Upgrade twice', reply(upgrade=UPGRADE * 2), 'proof_upgrade'),
    ('no Connection', reply(connection=''), 'proof_connection'),
    ('Connection: close', reply(connection='Connection: close\r\n'),
     'proof_connection'),
    ('no accept', reply(accept=''), 'proof_accept'),
    ('an empty accept', reply(accept=accept('')), 'proof_accept'),
    ('the accept of another key', reply(accept=accept(ws_accept(
        'A' * 22 + '=='))), 'proof_accept'),
    ('the key itself', reply(accept=accept(KEY)), 'proof_accept'),
    ('accept in small letters', reply(accept=accept(GOOD.lower())),
     'proof_accept'),
    ('accept without padding', reply(accept=accept(GOOD[:-1])),
     'proof_accept'),
    ('accept and more', reply(accept=accept(GOOD + 'x')), 'proof_accept'),
    ('accept in quotes', reply(accept=accept('"%s"' % GOOD)),
     'proof_accept'),
    ('accept twice', reply(accept=accept(GOOD) * 2), 'proof_accept'),
    ('accept twice in one', reply(accept=accept(GOOD + ', ' + GOOD)),
     'proof_accept'),
    ('a wrong accept and a good one',
     reply(accept=accept('x') + accept(GOOD)), 'proof_accept'),
    ('a good accept and a wrong one',
     reply(accept=accept(GOOD) + accept('x')), 'proof_accept'),
    ('subprotocol not offered', reply(more=chosen('c')), 'proof_protocol'),
    ('subprotocol in capitals', reply(more=chosen('A')), 'proof_protocol'),
    ('two subprotocols', reply(more=chosen('a') + chosen('b')),
     'proof_protocol'),
    ('the same subprotocol twice', reply(more=chosen('a') * 2),
     'proof_protocol'),
    ('two subprotocols in one', reply(more=chosen('a, b')),
     'proof_protocol'),
    ('an empty subprotocol', reply(more=chosen('')), 'proof_protocol'),
    ('a part of a subprotocol', reply(more=chosen('lon')),
     'proof_protocol'),
    ('extension not offered', reply(more=extension('g')),
     'proof_extension'),
    ('one of two not offered', reply(more=extension('e, g')),
     'proof_extension'),
    ('not offered in a second line',
     reply(more=extension('e') + extension('g')), 'proof_extension'),
    ('a part of an extension', reply(more=extension('ex')),
     'proof_extension'),
    ('a parameter alone', reply(more=extension('; p=1')),
     'proof_extension'),
    ('a length', reply(more='Content-Length: 5\r\n') + b'abcde',
     'proof_body|bad_response'),
    ('a length of 0', reply(more='Content-Length: 0\r\n'),
     'proof_body|bad_response'),
    ('a coding', reply(more='Transfer-Encoding: chunked\r\n') +
     b'0\r\n\r\n', 'proof_body|bad_response'),
    ('a bad field', reply(more='A : b\r\n'), 'bad_response'),
    ('a bare LF', reply().replace(b'\r\n', b'\n'), 'bad_response'),
    ('no HTTP', b'\x81\x05hello' * 100, 'bad_response'),
    ('a large head', reply(more='A: ' + 'x' * 20000 + '\r\n'),
     'response_too_large'),
]


@case
def disproved():
    """A 101 that is none is a 502, and not a byte of it passes."""
    current = {}
    done = []

    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(current['reply'] + ws_frame(TEXT, b'SECRET', None))
        current['after'] = peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w:
        def check(name, data, words):
            current['reply'] = data
            current.pop('after', None)
            with w.connect() as c:
                c.send(shake(more=chosen('a, b, long') +
                             extension('e, f;x=1, exact')))
                c.send(ws_frame(TEXT, b'PRIVATE'))
                r = c.final()
                word = refusal(r, 502)
                within(word, words, 'reason')
                # what came behind it is no request, which is told too
                done.append(name)
                line = w.wait_log('request', len(done), method='GET')[-1]
                same((line['status'], line['reason']), ('502', word), 'log')
                c.shut()
                rest = c.recv_all()
                assert b'SECRET' not in rest, rest
            until(lambda: 'after' in current, 'the end upstream')
            same(current['after'], b'', 'raw bytes upstream')
            same(w.log('tunnel_open'), [], 'tunnels')
        each(DISPROVED, check)
        o.quiet()


PROVED = [
    ('as it should be', reply(), None),
    ('a', reply(more=chosen('a')), 'a'),
    ('b', reply(more=chosen('b')), 'b'),
    ('WebSocket', reply(upgrade='Upgrade: WebSocket\r\n'), None),
    ('two in Connection',
     reply(connection='Connection: keep-alive, upgrade\r\n'), None),
    ('no reason phrase', reply().replace(b'Switching Protocols', b''), None),
    ('extensions', reply(more=extension('e;p="q" , f; r')), None),
    ('extensions in two lines', reply(more=extension('e') +
                                      extension('f')), None),
]


@case
def proved():
    """In one piece, byte by byte, and with frames behind it."""
    current = {}

    def serve(peer):
        if peer.read_request() is None:
            return
        data = current['reply'] + ws_frame(TEXT, b'first', None)
        if current['drip']:
            peer.drip(data)
        else:
            peer.send(data)
        f = peer.frame()
        if f is not None:
            peer.send(ws_frame(TEXT, f.data, None))
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w:
        def check(name, data, protocol):
            for drip in False, True:
                current.update(reply=data, drip=drip)
                with w.connect() as c:
                    r = c.ask(shake(more=chosen('a, b') +
                                    extension('e, f;x=1')))
                    same(r.status, 101, 'status')
                    same(r.get('sec-websocket-protocol'), protocol,
                         'protocol')
                    same(c.frame().data, b'first', 'frame')
                    c.send(ws_frame(TEXT, b'second'))
                    same(c.frame().data, b'second', 'frame')
        each(PROVED, check)


@case
def cut_101():
    """A 101 cut at every byte, with a pause there."""
    data = reply()

    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        peer.send_cuts(data + ws_frame(TEXT, b'x', None),
                       [int(q.target[1:])], 0.02)
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w:
        clients = []
        for i in range(1, len(data)):
            c = w.connect()
            c.send(ws_request('/%d' % i))
            clients.append(c)
        for c in clients:
            same(c.final().status, 101, 'status')
            same(c.frame().data, b'x', 'frame')
            c.close()


@case
def half_101():
    """Half a 101 and silence ends at the handshake's deadline."""
    def serve(peer):
        peer.read_request()
        peer.send(reply()[:50])
        peer.recv_all()
    with Origin(serve) as o, Weir('handshake_timeout = 400ms', o) as w:
        began = time.monotonic()
        refusal(w.ask(shake()), 504, 'handshake_timeout')
        assert 0.3 < time.monotonic() - began < 5
        same(w.next()['reason'], 'handshake_timeout', 'log')
        o.quiet()


@case
def dripped_101():
    """The deadline counts from the start, not from the last byte."""
    def serve(peer):
        peer.read_request()
        for b in reply():
            if not peer.send(bytes([b])):
                return
            time.sleep(0.1)
    with Origin(serve) as o, Weir('handshake_timeout = 600ms', o) as w:
        began = time.monotonic()
        refusal(w.ask(shake()), 504, 'handshake_timeout')
        assert time.monotonic() - began < 5
        o.quiet()


@case
def silence():
    with Origin(lambda peer: peer.recv_all()) as o, \
            Weir('handshake_timeout = 300ms', o) as w:
        refusal(w.ask(shake()), 504, 'handshake_timeout')
        same(w.next()['reason'], 'handshake_timeout', 'log')
        o.quiet()


@case
def no_answer():
    """An end instead of an answer, or in the middle of one."""
    for data, how, words in [
            (b'', 'close', 'upstream_no_answer'),
            (b'', 'reset', 'upstream_reset|upstream_no_answer'),
            (reply()[:50], 'close', 'upstream_cut'),
            (reply()[:50], 'reset', 'upstream_cut|upstream_reset'),
            (reply()[:-1], 'close', 'upstream_cut')]:
        def serve(peer):
            if peer.read_request() is None:
                return
            peer.send(data)
            if how == 'reset':
                time.sleep(0.02)
                peer.reset()
        with Origin(serve) as o, Weir('', o) as w:
            word = refusal(w.ask(shake()), 502)
            within(word, words, '%r and %s' % (data, how))
            same(w.next()['reason'], word, 'log')


# Plain answers to a handshake

@case
def relayed():
    """Any other status passes whole, and the connection stays HTTP."""
    rows = [
        (200, b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
         b'hello'),
        (204, b'HTTP/1.1 204 No Content\r\n\r\n', b''),
        (302, b'HTTP/1.1 302 Found\r\nLocation: /x\r\n'
         b'Content-Length: 0\r\n\r\n', b''),
        (400, b'HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nbad', b'bad'),
        (401, b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n'
         b'Content-Length: 10\r\n\r\nno key, no', b'no key, no'),
        (403, b'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n'
         b'4\r\nno, \r\n5\r\nnever\r\n0\r\n\r\n', b'no, never'),
        (404, b'HTTP/1.1 404 Not Found\r\nContent-Length: 100000\r\n\r\n' +
         b'n' * 100000, b'n' * 100000),
        (426, b'HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n'
         b'Connection: upgrade\r\nSec-WebSocket-Version: 8\r\n'
         b'Content-Length: 0\r\n\r\n', b''),
        (500, b'HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh', b'oh'),
        (503, b'HTTP/1.1 503 Busy\r\nRetry-After: 5\r\n'
         b'Content-Length: 0\r\n\r\n', b''),
    ]
    current = {}

    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            peer.send(current['answer'] if q.has('sec-websocket-key')
                      else OK)
    with Origin(serve) as o, Weir('', o) as w:
        def check(name, status, data, body):
            current['answer'] = data
            with w.connect() as c:
                r = c.ask(ws_request())
                same((r.status, r.body), (status, body), 'answer')
                assert not r.has('upgrade') or status == 426, r.fields
                # again a handshake, then a plain request, on the same
                same(c.ask(ws_request()).status, status, 'second')
                same(c.ask(plain('/')).body, b'ok', 'plain request')
            same(w.log('tunnel_open'), [], 'tunnels')
        each([(str(r[0]),) + r for r in rows], check)
        same(len(o.peers), 1, 'upstream connections')
        lines = w.wait_log('request', 3 * len(rows))
        same([x['status'] for x in lines[::3]], [str(r[0]) for r in rows],
             'log')
        same({x['reason'] for x in lines}, {'ok'}, 'reasons')


@case
def until_eof():
    """A refusal without a length ends with its connection."""
    data = b'HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nno'
    with Origin(answer(data, close=True)) as o, Weir('', o) as w:
        with w.connect() as c:
            r = c.ask(ws_request())
            same((r.status, r.body), (403, b'no'), 'answer')
            same(c.ask(ws_request()).status, 403, 'second')


@case
def interim():
    """103 before the 101 passes, 100 too; the 101 then opens the tunnel."""
    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        peer.send(b'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
                  ws_101() + ws_frame(TEXT, b'x', None))
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        r = c.ask(ws_request())
        same(r.status, 101, 'status')
        same([i.status for i in r.interims], [103], 'interims')
        same(c.frame().data, b'x', 'frame')


@case
def unasked():
    """A 101 that nobody asked for."""
    with Origin(answer(reply() + ws_frame(TEXT, b'SECRET', None))) as o, \
            Weir('', o) as w:
        for more in '', UPGRADE.replace('websocket', 'h2c') + CONNECTION:
            refusal(w.get('/', more), 502, 'unasked_upgrade')
            same(w.next()['reason'], 'unasked_upgrade', 'log')
        r = w.get('/', method='POST', body=b'x')
        refusal(r, 502, 'unasked_upgrade')


# What comes early

@case
def early_frames():
    """Frames of the client before the 101 are held until it is proved."""
    state = {}

    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        peer.silent(BRIEF)
        state['held'] = True
        peer.send(ws_101(q.get('sec-websocket-key')))
        state['got'] = [peer.frame(), peer.frame(), peer.frame()]
        peer.send(ws_frame(PONG, b'', None))
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w:
        first, third = ws_frame(TEXT, b'first'), ws_frame(TEXT, b'third')
        second = ws_frame(BINARY_OP, b'second' * 5000)
        for pieces in ([ws_request() + first + second + third],
                       [ws_request(), first + second, third],
                       [ws_request()[:60], ws_request()[60:] + first[:3],
                        first[3:] + second, third]):
            state.clear()
            with w.connect() as c:
                for p in pieces:
                    c.send(p)
                    time.sleep(0.03)
                same(c.final().status, 101, 'status')
                same(c.frame().op, PONG, 'frame')
                same([f.data for f in state['got']],
                     [b'first', b'second' * 5000, b'third'], 'frames')
            line = w.next('tunnel_close')
            same((line['messages_in'], line['bytes_in']),
                 ('3', str(len(first + second + third))), 'log')


@case
def early_flood():
    """Held bytes are bounded, and all arrive."""
    n = 8 << 20
    state = {}

    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        time.sleep(BRIEF)
        state['sent'] = state['count']
        peer.send(ws_101(q.get('sec-websocket-key')))
        f = peer.frame()
        peer.send(ws_frame(TEXT, b'%d' % len(f.data), None))
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        data = ws_request() + ws_frame(BINARY_OP, b'x' * n)
        state['count'] = 0
        view = memoryview(data)
        before = w.memory_kb()
        while state['count'] < len(data):
            state['count'] += c.sock.send(
                view[state['count']:state['count'] + 65536])
        same(c.final().status, 101, 'status')
        same(c.frame().data, b'%d' % n, 'bytes that arrived')
        assert state['sent'] < n, 'all was taken before the 101'
        assert w.memory_kb() - before < 1500, 'memory grew'


@case
def pipelined():
    """A request behind a handshake that is refused is served."""
    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            if q.has('sec-websocket-key'):
                time.sleep(0.05)
                peer.send(b'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno')
            else:
                peer.send(OK)
    with Origin(serve) as o, Weir('', o) as w:
        for pieces in ([ws_request() + plain('/b') + ws_request()],
                       [ws_request(), plain('/b'), ws_request()]):
            with w.connect() as c:
                for p in pieces:
                    c.send(p)
                    time.sleep(0.01)
                same([c.final().status for _ in range(3)], [403, 200, 403],
                     'answers')
        with w.connect() as c:
            # weir's own refusals too
            c.send(shake(key='') + plain('/b') + shake(version=''))
            same([c.final().status for _ in range(3)], [400, 200, 426],
                 'answers')


@case
def pipelined_before():
    """A handshake behind other requests."""
    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            if not q.has('sec-websocket-key'):
                peer.send(OK)
                continue
            peer.send(ws_101(q.get('sec-websocket-key')))
            f = peer.frame()
            peer.send(ws_frame(TEXT, f.data, None))
            peer.recv_all()
            return
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain('/a') + plain('/b') + ws_request() +
               ws_frame(TEXT, b'hi'))
        same([c.final().status for _ in range(3)], [200, 200, 101],
             'answers')
        same(c.frame().data, b'hi', 'frame')


@case
def client_leaves():
    """A client that goes before the 101 takes its upstream with it."""
    with Origin(lambda peer: peer.recv_all()) as o, \
            Weir('abandon_timeout = 300ms', o) as w:
        for how in Peer.close, Peer.reset:
            c = w.connect()
            c.send(ws_request())
            until(lambda: o.live, 'the connection')
            time.sleep(0.05)
            how(c)
            o.quiet()
            within(w.next()['reason'], 'client_gone|client_reset', 'log')


# Moving on

@case
def moves_on():
    """Upstreams that die before their 101 are passed over."""
    def dies(peer):
        peer.read_request()

    def resets(peer):
        peer.read_request()
        peer.reset()

    def halves(peer):
        peer.read_request()
        peer.send(reply()[:40])
        time.sleep(0.02)

    closed = 'http://127.0.0.1:%d' % free_port()

    def check(name, first):
        if isinstance(first, str):
            other = Origin()
            url = first
        else:
            other = Origin(first)
            url = other.url
        with other, Origin(ws_serve) as good, Weir('', url, good) as w:
            for _ in range(4):
                with w.tunnel() as c:
                    c.send(ws_frame(TEXT, b'hi'))
                    same(c.frame().data, b'hi', 'echo')
            same({x['upstream'] for x in w.wait_log('tunnel_open', 4)},
                 {good.url}, 'upstreams')
    each([('refuses', closed), ('ends', dies), ('resets', resets),
          ('half a 101', halves)], check)


@case
def moves_on_with_frames():
    """Frames that came early go to the upstream that answers."""
    def dies(peer):
        peer.read_request()
        time.sleep(0.05)
    with Origin(dies) as bad, Origin(ws_serve) as good, \
            Weir('', bad, good) as w:
        for _ in range(2):
            with w.connect() as c:
                c.send(ws_request() + ws_frame(TEXT, b'early'))
                same(c.final().status, 101, 'status')
                same(c.frame().data, b'early', 'echo')


@case
def stays():
    """A refusal is an answer, and so is a 101 that is none: nobody else is
    asked."""
    for data, status in ((b'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n',
                          403), (reply(accept=''), 502)):
        with Origin(answer(data)) as a, Origin(answer(data)) as b, \
                Weir('', a, b) as w:
            same(w.ask(shake()).status, status, 'status')
            same(len(a.requests) + len(b.requests), 1, 'handshakes')


@case
def all_dead():
    with Origin(lambda peer: peer.read_request()) as a, \
            Origin(lambda peer: peer.read_request()) as b, \
            Weir('', a, b) as w:
        refusal(w.ask(shake()), 502, 'upstream_no_answer')
        same((len(a.requests), len(b.requests)), (1, 1), 'handshakes')


@case
def pooled():
    """A pooled connection that died is no reason to refuse a handshake."""
    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        if q.has('sec-websocket-key'):
            peer.send(ws_101(q.get('sec-websocket-key')))
            peer.recv_all()
            return
        peer.send(OK)
        # idle now: it closes, perhaps when the next request is on its way
        time.sleep(0.003)
    with Origin(serve) as o, Weir('', o) as w:
        for _ in range(5):
            same(w.get('/').status, 200, 'status')
            w.tunnel().close()


@case
def limit():
    """max_connections of a route counts tunnels for as long as they are."""
    with Origin(ws_serve) as o, Weir('''
route = /
upstream = %s
max_connections = 2
''' % o.url) as w:
        a, b = w.tunnel(), w.tunnel()
        r = w.ask(shake())
        refusal(r, 503, 'too_many')
        assert r.has('retry-after'), r.fields
        a.send(ws_close())
        same(a.frame().op, CLOSE, 'close')
        a.ended('eof')
        a.close()
        w.wait_log('tunnel_close', 1)
        w.tunnel().close()
        b.close()


@case
def no_route():
    with Origin() as o, Weir('''
route = example.com/ws
upstream = %s
''' % o.url) as w:
        refusal(w.ask(ws_request('/other')), 404, 'no_route')
        refusal(w.ask(ws_request('/ws', host='b.example')), 404, 'no_route')


main()
