"""Fields that belong to one hop alone stay on it, in both directions."""
from weir import (Origin, Weir, answer, case, describe, each, main, plain,
                  same)

GONE = ['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive',
        'TE: trailers', 'TE: gzip', 'Upgrade: h2c', 'Upgrade: TLS/1.0',
        'HTTP2-Settings: AAMAAABkAAQAAP__', 'Proxy-Authenticate: Basic',
        'Proxy-Authorization: Basic eA==', 'Trailer: X-Sum',
        'Connection: keep-alive', 'Proxy: http://evil/']


def names(fields):
    return [k.lower() for k, _ in fields]


def upstream_fields(w, more):
    """The fields that the upstream got for a request with these."""
    import json
    r = w.get('/', more)
    same(r.status, 200, 'status')
    return [tuple(f) for f in json.loads(r.body)['fields']]


@case
def requests():
    def check(line):
        got = upstream_fields(w, line + '\r\nX-Kept: 1\r\n')
        name = line.split(':')[0].lower()
        assert name not in names(got), 'it travelled'
        assert ('X-Kept', '1') in got, 'a field of its own got lost'
    with Origin(describe) as o, Weir('', o) as w:
        each([(g,) for g in GONE], check)
        each([(g.upper(),) for g in GONE], check)


@case
def responses():
    def check(line):
        state['line'] = line.encode()
        r = w.get()
        same((r.status, r.body), (200, b'ok'), 'answer')
        name = line.split(':')[0].lower()
        if name not in ('connection', 'trailer'):
            assert not r.has(name), 'it travelled'
        same(r.get('x-kept'), '1', 'X-Kept')
    state = {}

    def serve(peer):
        while peer.read_request() is not None:
            peer.send(b'HTTP/1.1 200 OK\r\n%s\r\nX-Kept: 1\r\n'
                      b'Content-Length: 2\r\n\r\nok' % state['line'])
    with Origin(serve) as o, Weir('', o) as w:
        each([(g,) for g in GONE if g.split(':')[0] not in (
            'Proxy-Authorization', 'Proxy')], check)


# Connection lines, and which of the named fields X-A, X-B, X-C go
NAMED = [
    (['X-A'], 'a'), (['x-a'], 'a'), (['X-A, X-B'], 'ab'),
    (['X-A,X-B,X-C'], 'abc'), (['X-A', 'X-C'], 'ac'),
    (['close', 'X-B'], 'b'), (['keep-alive, X-A', 'x-b'], 'ab'),
    ([' ,\t, X-A , ,'], 'a'), ([''], ''), ([',,,'], ''), (['X-A', ''], 'a'),
    (['X-AA'], ''), (['X'], ''), (['X-A', 'X-A', 'x-a'], 'a'),
    (['a, b, c, d, e, f, X-C'], 'c'), (['X-A, X-B', 'X-B, X-C'], 'abc'),
]


@case
def named_in_requests():
    """What Connection names goes, from every line of it."""
    def check(lines, gone):
        more = ''.join('Connection: %s\r\n' % v for v in lines)
        for order in (0, 1):
            own = 'X-A: 1\r\nX-B: 2\r\nX-C: 3\r\n'
            got = names(upstream_fields(w, own + more if order
                                        else more + own))
            for c in 'abc':
                same('x-' + c in got, c not in gone, 'X-' + c)
            assert 'connection' not in got, 'Connection'
    with Origin(describe) as o, Weir('', o) as w:
        each(NAMED, check)


@case
def named_in_responses():
    def check(lines, gone):
        state['head'] = ''.join('Connection: %s\r\n' % v for v in
                                lines).encode()
        r = w.get()
        for c in 'abc':
            same(r.has('x-' + c), c not in gone, 'X-' + c)
    state = {}

    def serve(peer):
        while peer.read_request() is not None:
            peer.send(b'HTTP/1.1 200 OK\r\nX-A: 1\r\nX-B: 2\r\n' +
                      state['head'] + b'X-C: 3\r\nContent-Length: 2\r\n\r\n'
                      b'ok')
    with Origin(serve) as o, Weir('', o) as w:
        each(NAMED, check)


@case
def not_to_take_away():
    """Naming these in Connection does not remove them."""
    rows = [('Cookie', 'a=b'), ('Authorization', 'Bearer x'),
            ('Host', None), ('Content-Length', None),
            ('X-Forwarded-For', None), ('X-Forwarded-Proto', None),
            ('X-Forwarded-Host', None), ('X-Request-Id', None)]

    def check(name, value):
        more = 'Connection: close, %s\r\n' % name.lower()
        if value:
            more += '%s: %s\r\n' % (name, value)
        r = w.get('/', more, method='POST', body=b'body')
        same(r.status, 200, 'status')
        q = o.requests[-1]
        same(q.body, b'body', 'body')
        assert q.has(name), name + ' is gone'
        if value:
            same(q.get(name), value, name)
    with Origin(describe) as o, Weir('', o) as w:
        each(rows, check)


@case
def set_cookie():
    """Set-Cookie stays, as often as it comes, and in its order."""
    data = (b'HTTP/1.1 200 OK\r\nConnection: Set-Cookie\r\nSet-Cookie: a=1'
            b'\r\nSet-Cookie: b=2\r\nSet-Cookie: a=3\r\n'
            b'Content-Length: 2\r\n\r\nok')
    with Origin(answer(data)) as o, Weir('', o) as w:
        same(w.get().all('set-cookie'), ['a=1', 'b=2', 'a=3'], 'cookies')


@case
def upgrades():
    """Upgrade to anything but a WebSocket is dropped, and the request
    served without it."""
    rows = [
        ('h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n'
         'HTTP2-Settings: AAMA\r\n'),
        ('TLS', 'Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n'),
        ('lone Upgrade', 'Upgrade: foo\r\n'),
        ('lone Connection', 'Connection: upgrade\r\n'),
        ('two lines', 'Connection: x\r\nConnection: upgrade\r\n'
         'Upgrade: foo\r\n'),
    ]

    def check(name, more):
        got = names(upstream_fields(w, more))
        for n in ('upgrade', 'connection', 'http2-settings'):
            assert n not in got, n
    with Origin(describe) as o, Weir('', o) as w:
        each(rows, check)


@case
def order_and_values():
    """Other fields pass as they came: their order, case and values."""
    lines = [('X-b', '1'), ('x-A', ''), ('X-b', '2, 3'), ('Cookie', 'a=b'),
             ('ACCEPT', '*/*'), ('X-Bytes', '\x80\xff'), ('X-Tab', 'a\tb'),
             ('Cookie', 'c=d'), ("!#$%&'*+-.^_`|~", ':')]
    more = ''.join('%s: %s\r\n' % f for f in lines)
    head = ''.join('%s: %s\r\n' % f for f in lines).encode('latin-1')
    data = (b'HTTP/1.1 200 OK\r\n' + head + b'Content-Length: 2\r\n\r\nok')
    with Origin(answer(data)) as o, Weir('', o) as w:
        r = w.get('/', more)
        known = {n.lower() for n, _ in lines}
        same([f for f in o.requests[0].fields if f[0].lower() in known],
             lines, 'request')
        same([f for f in r.fields if f[0].lower() in known], lines,
             'response')


@case
def trailers():
    """Trailers that mean something to somebody on the way are dropped."""
    good = [('X-Sum', 'abc'), ('Server-Timing', 'a'), ('ETag', '"x"')]
    bad = ['Content-Length: 5', 'Transfer-Encoding: chunked', 'Host: evil',
           'Connection: close', 'Authorization: x', 'Cookie: a=b',
           'Set-Cookie: a=b', 'X-Forwarded-For: 6.6.6.6', 'Trailer: x',
           'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil',
           'X-Request-Id: evil', 'Forwarded: for=evil', 'Upgrade: x',
           'Keep-Alive: x', 'TE: x', 'Content-Type: text/evil',
           'Content-Encoding: gzip', 'Expect: 100-continue',
           'Proxy-Authorization: x', 'Proxy-Connection: x',
           'Content-Range: bytes 0-1/2', 'Max-Forwards: 1',
           'Cache-Control: no-store']
    tail = ''.join('%s: %s\r\n' % f for f in good)
    body = b'2\r\nok\r\n0\r\n' + (
        '\r\n'.join(bad[:9]) + '\r\n' + tail + '\r\n'.join(bad[9:]) +
        '\r\n\r\n').encode()
    data = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' + body
    with Origin(answer(data)) as o, Weir('', o) as w:
        r = w.ask(b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked'
                  b'\r\n\r\n' + body)
        same(r.body, b'ok', 'body')
        q = o.requests[0]
        for what, m in (('request', q), ('response', r)):
            kept = names(m.trailers)
            for line in bad:
                assert line.split(':')[0].lower() not in kept, '%s: %s' % (
                    what, line)
            assert ('X-Sum', 'abc') in m.trailers, '%s: no X-Sum' % what


@case
def wrong_smuggling_names():
    """Look-alikes of framing fields frame nothing."""
    more = ('X-Content-Length: 5\r\nContent_Length: 5\r\n'
            'Transfer-Encodin: chunked\r\nXTransfer-Encoding: chunked\r\n')
    with Origin(describe) as o, Weir('', o) as w, w.connect() as c:
        for _ in range(2):
            same(c.ask(plain('/', more)).status, 200, 'status')
        same([q.framing for q in o.requests], ['none', 'none'], 'framing')


if __name__ == '__main__':
    main()
