"""Limits are exact: what is just allowed is served, one more is refused."""
import select
import threading

from weir import (OK, WAIT, Origin, Weir, case, each, main, plain, refusal,
                  same, until)


def both_ways(w, data, method='GET'):
    """The answers to data sent whole and byte by byte, or nearly so."""
    for drip in (False, True):
        with w.connect() as c:
            if drip:
                step = 1 + len(data) // 1500
                c.send_cuts(data, range(step, len(data), step), 0.0001)
            else:
                c.send(data)
            yield c.final(method)


def check_all(w, rows):
    def check(name, data, status, word):
        for r in both_ways(w, data):
            line = w.next()
            if status != 200:
                refusal(r, status, word)
                same((line['status'], line['reason']), (str(status), word),
                     'log')
            same(r.status, status, 'status')
    each(rows, check, w.skip)


def with_line(n):
    start, end = b'GET /', b' HTTP/1.1'
    return (start + b'a' * (n - len(start) - len(end)) + end +
            b'\r\nHost: a\r\n\r\n')


@case
def line():
    """line_max is the request line without its CRLF."""
    with Origin() as o, Weir('line_max = 100', o) as w:
        check_all(w, [
            ('99', with_line(99), 200, None),
            ('100', with_line(100), 200, None),
            ('101', with_line(101), 414, 'line_too_long'),
            ('1000', with_line(1000), 414, 'line_too_long'),
            ('endless', b'GET /' + b'a' * 5000, 414, 'line_too_long'),
            ('no space', b'A' * 5000, 414, 'line_too_long'),
            ('CRLF before 100', b'\r\n' + with_line(100), 200, None),
            ('CRLF before 101', b'\r\n' + with_line(101), 414,
             'line_too_long'),
        ])


def with_head(n):
    head = b'GET / HTTP/1.1\r\nHost: a\r\nA: '
    return head + b'b' * (n - len(head) - 4) + b'\r\n\r\n'


@case
def head():
    """header_max is the whole head, final CRLF included."""
    big = 'head_too_large'
    with Origin() as o, Weir('header_max = 1000\nline_max = 500', o) as w:
        check_all(w, [
            ('999', with_head(999), 200, None),
            ('1000', with_head(1000), 200, None),
            ('1001', with_head(1001), 431, big),
            ('1002', with_head(1002), 431, big),
            ('1003', with_head(1003), 431, big),
            ('1004', with_head(1004), 431, big),
            ('1100', with_head(1100), 431, big),
            ('endless value', with_head(5000)[:-4], 431, big),
            ('endless name', b'GET / HTTP/1.1\r\n' + b'A' * 5000, 431, big),
        ])


@case
def fields():
    """fields_max is the number of field lines."""
    def with_fields(n):
        return (b'GET / HTTP/1.1\r\nHost: a\r\n' + b'A: b\r\n' * (n - 1) +
                b'\r\n')
    many = 'too_many_fields'
    with Origin() as o, Weir('fields_max = 20', o) as w:
        check_all(w, [
            ('19', with_fields(19), 200, None),
            ('20', with_fields(20), 200, None),
            ('21', with_fields(21), 431, many),
            ('22', with_fields(22), 431, many),
            ('500', with_fields(500), 431, many),
        ])


@case
def defaults():
    """What is served at the least without any setting."""
    host = b'GET / HTTP/1.1\r\nHost: a\r\n'
    with Origin() as o, Weir('header_timeout = 5s', o) as w:
        check_all(w, [
            ('target of 8,000', plain('/' + 'a' * 7999), 200, None),
            ('one field of 7 KB', host + b'A: ' + b'b' * 7165 + b'\r\n\r\n',
             200, None),
            ('60 fields', host + b'A: b\r\n' * 59 + b'\r\n', 200, None),
            ('100 fields', host + b'A: b\r\n' * 99 + b'\r\n', 200, None),
            ('101 fields', host + b'A: b\r\n' * 100 + b'\r\n', 431,
             'too_many_fields'),
            ('16 KB of head', with_head(16384), 200, None),
            ('one more', with_head(16385), 431, 'head_too_large'),
            ('line of 8192', with_line(8192), 200, None),
            ('line of 8193', with_line(8193), 414, 'line_too_long'),
        ])
        same(o.requests[0].target, '/' + 'a' * 7999, 'target')


@case
def trailers():
    """Trailers have the limits of a head."""
    start = (b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n'
             b'\r\n1\r\na\r\n0\r\n')
    with Origin() as o, Weir('header_max = 1000\nline_max = 500\n'
                             'fields_max = 20', o) as w:
        check_all(w, [
            ('20', start + b'A: b\r\n' * 20 + b'\r\n', 200, None),
            ('21', start + b'A: b\r\n' * 21 + b'\r\n', 431,
             'too_many_fields'),
            ('1000', start + b'A: ' + b'b' * 993 + b'\r\n\r\n', 200, None),
            ('1001', start + b'A: ' + b'b' * 994 + b'\r\n\r\n', 431,
             'head_too_large'),
            ('endless', start + b'A: ' + b'b' * 9999, 431,
             'head_too_large'),
        ])


@case
def body():
    """body_max, announced and found out."""
    def chunks(*sizes):
        return (b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked'
                b'\r\n\r\n' + b''.join(b'%x\r\n%s\r\n' % (n, b'x' * n)
                                       for n in sizes) + b'0\r\n\r\n')

    def length(n, sent=None):
        return (b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n'
                % n + b'x' * (n if sent is None else sent))
    big = 'body_too_large'
    with Origin() as o, Weir('body_max = 100', o) as w:
        check_all(w, [
            ('0', length(0), 200, None),
            ('99', length(99), 200, None),
            ('100', length(100), 200, None),
            ('101', length(101), 413, big),
            ('announced alone', length(101, 0), 413, big),
            ('announced huge', length(2**63 - 1, 0), 413, big),
            ('one chunk of 100', chunks(100), 200, None),
            ('one chunk of 101', chunks(101), 413, big),
            ('50 + 50', chunks(50, 50), 200, None),
            ('50 + 51', chunks(50, 51), 413, big),
            ('100 chunks', chunks(*[1] * 100), 200, None),
            ('101 chunks', chunks(*[1] * 101), 413, big),
        ])
        bad = [q for q in o.requests if len(q.body) > 100]
        same(bad, [], 'too much upstream')


@case
def body_per_route():
    with Origin() as o:
        conf = ('body_max = 10\nroute = /\nupstream = %s\nroute = /big\n'
                'upstream = %s\nbody_max = 1k\n' % (o.url, o.url))
        with Weir(conf) as w:
            for target, n, status in (('/', 10, 200), ('/', 11, 413),
                                      ('/big', 11, 200), ('/big', 1024, 200),
                                      ('/big', 1025, 413)):
                r = w.get(target, method='POST', body=b'x' * n)
                same(r.status, status, '%s %d' % (target, n))


class Gate:
    """An upstream that answers when it is told to."""

    def __init__(self):
        self.go = threading.Semaphore(0)
        self.origin = Origin(self.serve)

    def serve(self, peer):
        while peer.read_request() is not None:
            self.go.acquire(timeout=60)
            peer.send(OK)


@case
def route_connections():
    """max_connections of a route counts requests in flight."""
    g = Gate()
    with g.origin as o, Origin() as free:
        conf = ('route = /\nupstream = %s\nroute = /few\nupstream = %s\n'
                'max_connections = 2\n' % (free.url, o.url))
        with Weir(conf) as w:
            a, b = w.connect(), w.connect()
            a.send(plain('/few'))
            b.send(plain('/few'))
            o.wait_requests(2)
            with w.connect() as c:
                r = c.ask(plain('/few'))
                refusal(r, 503, 'too_many')
                assert int(r.get('retry-after')) > 0, 'Retry-After'
                same(c.ask(plain('/other')).status, 200, 'another route')
            g.go.release()
            select.select([a.sock, b.sock], [], [], WAIT)
            w.wait_log('request', 1, route='/few', status=200)
            with w.connect() as c:
                c.send(plain('/few'))
                o.wait_requests(3)
                g.go.release()
                g.go.release()
                same(c.final().status, 200, 'after one has left')
            lines = w.wait_log('request', 1, reason='too_many')
            same(lines[0]['status'], '503', 'log')


@case
def tunnels_count():
    """A tunnel is one of the route's connections while it lives."""
    from weir import ws_close, ws_request, ws_serve
    with Origin(ws_serve) as o, Weir('max_connections = 9\nroute = /\n'
                                     'max_connections = 1\nupstream = ' +
                                     o.url) as w:
        t = w.tunnel()
        refusal(w.ask(ws_request()), 503, 'too_many')
        t.send(ws_close())
        until(lambda: t.frame() is None, 'the end')
        t.close()
        w.wait_log('tunnel_close')
        w.tunnel().close()


@case
def address_connections():
    """max_connections_per_address, given back when one ends."""
    with Origin() as o, Weir('max_connections_per_address = 3', o) as w:
        cs = [w.connect() for _ in range(3)]
        for c in cs:
            same(c.ask(plain()).status, 200, 'within')
        for _ in range(3):
            r = w.ask(plain())
            refusal(r, 429, 'too_many_address')
            assert int(r.get('retry-after')) > 0, 'Retry-After'
        same(cs[0].ask(plain()).status, 200, 'still')
        cs[0].close()
        until(lambda: w.get().status == 200, 'a place')


@case
def global_connections():
    """Above max_connections new ones wait until one has ended, and an idle
    one makes room for them."""
    g = Gate()
    with g.origin as o, Weir('max_connections = 3', o) as w:
        cs = [w.connect() for _ in range(3)]
        for c in cs:
            c.send(plain())
        o.wait_requests(3)
        late = w.connect()
        late.send(plain())
        late.silent()
        g.go.release()
        g.go.release()
        g.go.release()
        for c in cs:
            same(c.final().status, 200, 'status')
        g.go.release()
        same(late.final().status, 200, 'the late one')
        # one of the idle ones has made room for it
        g.go.release()
        gone = 0
        for c in cs:
            c.sock.settimeout(0.2)
            try:
                gone += not c.fill()
            except AssertionError:
                pass
        same(gone, 1, 'connections that made room')


@case
def many_waiting():
    """A hundred clients on five places: all are served."""
    with Origin() as o, Weir('max_connections = 5', o) as w:
        bad = []

        def one():
            try:
                same(w.get('/', 'Connection: close\r\n').status, 200, 's')
            except AssertionError as e:
                bad.append(e)
        ts = [threading.Thread(target=one) for _ in range(100)]
        for t in ts:
            t.start()
        for t in ts:
            t.join()
        same(bad, [], 'failures')
        w.idle(0.5)


@case
def few_buffers():
    """With the fewest buffers everything is slower and nothing is lost."""
    data = b'x' * 3000000
    head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(data)

    def serve(peer):
        while peer.read_request() is not None:
            peer.send(head + data)
    with Origin(serve) as o, Weir('buffers = 8', o) as w:
        cs = [w.connect(rcvbuf=4096) for _ in range(40)]
        for c in cs:
            c.send(plain())
        got = []

        def read(c):
            got.append(len(c.final().body))
        ts = [threading.Thread(target=read, args=(c,)) for c in cs]
        for t in ts:
            t.start()
        for t in ts:
            t.join()
        same(got, [len(data)] * 40, 'bodies')
        w.idle(0.5)


if __name__ == '__main__':
    main()
