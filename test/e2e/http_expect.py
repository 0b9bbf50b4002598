"""Expect: 100-continue, in all the orders in which its parts can come."""
import threading

from weir import (OK, Origin, Weir, case, main, plain, refusal, same)

HEAD = (b'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n'
        b'Content-Length: 5\r\n\r\n')
CHUNKED = (b'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n'
           b'Transfer-Encoding: chunked\r\n\r\n')
CONTINUE = b'HTTP/1.1 100 Continue\r\n\r\n'


def serve(peer):
    """An upstream that asks for the body."""
    while peer.read_request() is not None:
        peer.send(OK)


def mute(peer):
    """An upstream that never says 100 and waits for the body."""
    while True:
        q = peer.request_head()
        if q is None:
            return
        peer.read_body(q)
        peer.send(OK)


def refuse(peer):
    """An upstream that does not want the body."""
    if peer.request_head() is not None:
        peer.send(b'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno')
        peer.recv_all()


@case
def waits():
    """The client waits for 100, gets it once, and sends its body."""
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        for head, body in ((HEAD, b'hello'),
                           (CHUNKED, b'5\r\nhello\r\n0\r\n\r\n')):
            c.send(head)
            same(c.response().status, 100, 'interim')
            c.silent(0.1)
            c.send(body)
            same(c.response().status, 200, 'final')
        same([q.body for q in o.requests], [b'hello'] * 2, 'bodies')


@case
def expectation_travels():
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.ask(HEAD + b'hello')
        same((o.requests[0].get('expect') or '').lower(), '100-continue',
             'Expect')


@case
def sent_at_once():
    """A body that does not wait is fine, with or without the 100."""
    for handler in (serve, mute):
        with Origin(handler) as o, Weir('', o) as w, w.connect() as c:
            for data in (HEAD + b'hello',
                         CHUNKED + b'5\r\nhello\r\n0\r\n\r\n'):
                for send in (c.send, c.drip):
                    send(data)
                    r = c.final()
                    same(r.status, 200, 'final')
                    assert len(r.interims) <= 1, 'interims'
            same([q.body for q in o.requests], [b'hello'] * 4, 'bodies')


@case
def sent_late_without_100():
    """A client that gives up waiting sends its body, as it may."""
    with Origin(mute) as o, Weir('', o) as w, w.connect() as c:
        c.send(HEAD)
        c.silent()
        c.send(b'hello')
        same(c.final().status, 200, 'final')
        same(o.requests[0].body, b'hello', 'body')


@case
def refused():
    """A final status without the body; the client may then go on in two
    ways, and weir in one: the connection ends or the body is read."""
    with Origin(refuse) as o, Weir('', o) as w:
        for head in (HEAD, CHUNKED):
            with w.connect() as c:
                c.send(head)
                r = c.response()
                same((r.status, r.body), (403, b'no'), 'answer')
                if r.lists('connection', 'close'):
                    c.ended('eof')
            o.quiet()
        same(len(o.requests), 2, 'requests')


@case
def refused_then_another():
    """The body that was not asked for is not taken for a request."""
    with Origin(refuse) as o, Weir('', o) as w, w.connect() as c:
        c.send(HEAD)
        same(c.response().status, 403, 'answer')
        c.send(b'hello')
        c.send(plain('/second'))
        got = c.recv_all()
        assert b' 200 ' not in got and b'bad_' not in got, got
        assert '/second' not in [q.target for q in o.requests], 'smuggled'


@case
def local_refusal():
    """weir's own final status comes without a 100."""
    with Origin(serve) as o, Weir('route = b/\nupstream = ' + o.url) as w:
        with w.connect() as c:
            c.send(HEAD)
            refusal(c.response(), 404, 'no_route')


@case
def too_large():
    with Origin(serve) as o, Weir('body_max = 4', o) as w, w.connect() as c:
        c.send(HEAD)
        refusal(c.response(), 413, 'body_too_large')
        same(o.requests, [], 'upstream')


@case
def late_interim():
    """100 after the body was sent, and two of them."""
    def late(peer):
        while True:
            q = peer.request_head()
            if q is None:
                return
            peer.read_body(q)
            peer.send(CONTINUE + CONTINUE + OK)
    with Origin(late) as o, Weir('', o) as w, w.connect() as c:
        for _ in range(2):
            r = c.ask(HEAD + b'hello')
            same((r.status, r.body), (200, b'ok'), 'answer')


@case
def http10():
    """HTTP/1.0 clients get no interim response, and wait for none."""
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(b'POST / HTTP/1.0\r\nExpect: 100-continue\r\n'
               b'Content-Length: 5\r\n\r\nhello')
        same(c.response().status, 200, 'answer')
        assert not o.requests[0].has('expect'), 'Expect travelled'


@case
def pipelined():
    """An expectation behind another request, and one before it."""
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain('/1') + HEAD + b'hello' + plain('/3'))
        got = [c.final().status for _ in range(3)]
        same(got, [200] * 3, 'statuses')
        same([q.target for q in o.requests], ['/1', '/', '/3'], 'targets')


@case
def upstream_dies():
    """The upstream leaves after its 100."""
    def die(peer):
        if peer.request_head() is not None:
            peer.send(CONTINUE)
    with Origin(die) as o, Weir('', o) as w, w.connect() as c:
        c.send(HEAD)
        r = c.final()
        refusal(r, 502)
        same(w.next()['status'], '502', 'log')


@case
def body_timeout():
    """The client gets its 100 and then sends nothing."""
    with Origin(serve) as o, Weir('body_timeout = 300ms', o) as w:
        with w.connect() as c:
            c.send(HEAD)
            same(c.response().status, 100, 'interim')
            refusal(c.final(), 408, 'body_timeout')
        o.quiet()
        same(w.next()['reason'], 'body_timeout', 'log')


@case
def slow_100():
    """body_timeout does not run while the client rightly waits."""
    go = threading.Event()

    def slow(peer):
        q = peer.request_head()
        if q is None:
            return
        go.wait(10)
        peer.send(CONTINUE)
        peer.read_body(q)
        peer.send(OK)
    with Origin(slow) as o, Weir('body_timeout = 200ms', o) as w:
        with w.connect() as c:
            c.send(HEAD)
            c.silent(0.8)
            go.set()
            same(c.response().status, 100, 'interim')
            c.send(b'hello')
            same(c.response().status, 200, 'answer')


if __name__ == '__main__':
    main()
