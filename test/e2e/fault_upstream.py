"""Upstreams that are dead, die, or answer by halves; clients that leave."""
import os
import signal
import socket
import tempfile
import threading

from weir import (OK, Origin, Weir, answer, case, each, free_port, main, plain,
                  refusal, same, until, within, ws_request, ws_serve)

POST = plain(method='POST', body=b'hello')


def dead():
    """The URL of an address where nobody listens."""
    return 'http://127.0.0.1:%d' % free_port()


def silent(peer):
    peer.recv_all()


@case
def refused():
    def check(data, method):
        with w.connect() as c:
            r = c.ask(data)
            same(r.status, 502, 'status')
            if method != 'HEAD':
                refusal(r, 502, 'connect_refused')
            assert not r.lists('connection', 'close') or method == 'x', \
                'the client is not to blame'
            same(c.ask(plain()).status, 502, 'the next')
        for _ in range(2):
            line = w.next()
            same((line['status'], line['reason']),
                 ('502', 'connect_refused'), 'log')
    with Weir('', dead()) as w:
        each([(plain(), 'GET'), (plain(method='HEAD'), 'HEAD'),
              (POST, 'POST')], check)
        refusal(w.ask(ws_request()), 502, 'connect_refused')


@case
def large_body_refused():
    """A body that nobody wants does not hide the answer."""
    with Weir('', dead()) as w:
        for _ in range(5):
            with w.connect() as c:
                c.send(plain(method='POST', body=b'x' * 1000000))
                refusal(c.final(), 502, 'connect_refused')


@case
def unix_missing():
    with Weir('', 'unix:/nonexistent/socket') as w:
        refusal(w.get(), 502, 'connect_failed|connect_refused')


@case
def unreachable():
    """What the system says is in the log: it tells what to mend."""
    def check(name, conf, ask, event):
        with Weir(conf % __file__) as w:
            ask(w)
            line = w.wait_log(event, reason='connect_failed')[0]
            same(line['error'], 'Not a directory', 'error')
    each([
        ('http', 'route = /\nupstream = unix:%s/x',
         lambda w: refusal(w.get(), 502, 'connect_failed'), 'request'),
        ('tcp', 'listen = tcp://127.0.0.1:@PORT@\n'
         'route = tcp://127.0.0.1:@PORT@\nupstream = tcp://unix:%s/x',
         lambda w: w.connect().ended(), 'tcp_close'),
    ], check)


@case
def next_one():
    """While one of them lives every request is answered."""
    with Origin() as o, Weir('', dead(), o, dead(), dead()) as w:
        for i in range(12):
            same(w.get().status, 200, 'GET %d' % i)
            same(w.ask(POST).status, 200, 'POST %d' % i)
        same({q.body for q in o.requests}, {b'', b'hello'}, 'bodies')
        same(len(o.requests), 24, 'requests')
        same(w.log('request', status=200)[-1]['upstream'], o.url, 'log')


@case
def next_for_handshakes():
    with Origin(ws_serve) as o, Weir('', dead(), o) as w:
        for _ in range(4):
            w.tunnel().close()


@case
def retries():
    """No more upstreams are tried than retries says."""
    def check(n, status):
        with Origin() as o:
            ups = [dead(), dead(), dead(), o]
            with Weir('retries = %d' % n, *ups) as w:
                got = {w.get().status for _ in range(8)}
                same(got, status, 'statuses')
    each([(0, {200, 502}), (2, {200, 502}), (3, {200})], check)


@case
def all_dead():
    with Weir('', dead(), dead(), dead()) as w:
        for _ in range(6):
            refusal(w.get(), 502, 'connect_refused')


@case
def comes_back():
    """An upstream that is started again is used again, at once."""
    o = Origin()
    with Weir('', o) as w, w.connect() as c:
        same(c.ask(plain()).status, 200, 'before')
        o.stop()
        o.quiet()
        refusal(c.ask(POST), 502)
        with Origin(port=o.port) as again:
            same(c.ask(plain()).status, 200, 'after')
            same(len(again.requests), 1, 'requests')


@case
def dies_before_the_body():
    """The upstream leaves while the body is still coming."""
    def serve(peer):
        if peer.request_head() is not None and state['reset']:
            peer.reset()
    state = {}
    for state['reset'] in (False, True):
        with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
            c.send(b'POST / HTTP/1.1\r\nHost: a\r\n'
                   b'Content-Length: 10000000\r\n\r\n' + b'x' * 1000000)
            r = c.final()
            refusal(r, 502, 'upstream_no_answer|upstream_reset|upstream_cut')
            c.close()
            same(w.next()['status'], '502', 'log')


@case
def accepts_and_leaves():
    """An upstream that closes every connection at once."""
    def serve(peer):
        if state['reset']:
            peer.reset()
    state = {}
    for state['reset'] in (False, True):
        with Origin(serve) as o, Weir('', o) as w:
            for data in (plain(), POST, ws_request()):
                refusal(w.ask(data), 502, 'upstream_no_answer|'
                        'upstream_reset|connect_failed')


@case
def dies_in_the_middle():
    """Between the two halves of a body; the client knows at once."""
    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')
        go.wait(10)
        if state['reset']:
            peer.reset()
    state = {}
    for state['reset'] in (False, True):
        go = threading.Event()
        with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
            c.send(plain())
            c.head()
            same(c.recv_n(5), b'hello', 'first half')
            go.set()
            c.ended()
            line = w.next()
            within(line['reason'], 'upstream_reset' if state['reset']
                   else 'upstream_cut', 'log')
            same(line['status'], '200', 'log')


LEAVE = [
    ('waiting', plain(), b''),
    ('half a head', plain(), b'HTTP/1.1 200 OK\r\n'),
    ('in the body', plain(),
     b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello'),
    ('in a stream', plain(), b'HTTP/1.1 200 OK\r\n'
     b'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
    ('uploaded', POST, b''),
]


@case
def client_leaves():
    """A client that left takes its upstream connection with it."""
    state = {}

    def serve(peer):
        if peer.read_request() is not None:
            peer.send(state['data'])
            state['sent'].set()
            peer.recv_all()
            state['ends'] += 1

    def check(name, ask, data):
        for how in ('reset', 'close'):
            state.update(data=data, sent=threading.Event(), ends=0)
            c = w.connect()
            c.send(ask)
            state['sent'].wait(10)
            if data.count(b'\r\n\r\n'):
                c.fill()
            (c.reset if how == 'reset' else c.close)()
            until(lambda: state['ends'] == 1, 'the upstream to be left')
            line = w.next()
            within(line['reason'], 'client_gone|client_reset|client_closed',
                   how)
    with Origin(serve) as o, Weir('abandon_timeout = 300ms', o) as w:
        each(LEAVE, check, w.skip)


@case
def client_leaves_uploading():
    """In the middle of a body the upstream must not take it for whole."""
    for how in ('reset', 'close', 'shut'):
        for head in (b'Content-Length: 10\r\n\r\nhello',
                     b'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'):
            whole = []

            def serve(peer):
                if peer.read_request() is not None:
                    whole.append(1)
            with Origin(serve) as o, Weir('', o) as w:
                c = w.connect()
                c.send(b'POST / HTTP/1.1\r\nHost: a\r\n' + head)
                until(lambda: o.got() > 0, 'the head upstream')
                getattr(c, how)()
                o.quiet()
                same(whole, [], 'whole requests')
                within(w.next()['reason'],
                       'client_cut|client_reset|client_gone', how)


@case
def client_leaves_while_streaming():
    """An upstream that streams for ever is stopped."""
    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        while peer.send(b'400\r\n' + b'x' * 1024 + b'\r\n'):
            pass
    for how in ('reset', 'close'):
        with Origin(serve) as o, Weir('', o) as w:
            c = w.connect()
            c.send(plain())
            c.recv_n(10000)
            getattr(c, how)()
            o.quiet()
            within(w.next()['reason'], 'client_gone|client_reset', 'log')


@case
def client_half_closes():
    """A client that ends its sending side behind its request gets its
    answer, however large."""
    data = b'x' * 3000000
    head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(data)
    with Origin(answer(head + data)) as o, Weir('', o) as w:
        for ask in (plain(), POST, b'GET / HTTP/1.0\r\n\r\n'):
            with w.connect() as c:
                c.send(ask)
                c.shut()
                assert c.final().body == data, 'body'
                c.ended('eof')
            same(w.next()['reason'], 'ok', 'log')


@case
def half_closed_costs_nothing():
    """Waiting for an answer behind a half-close uses no CPU."""
    with Origin(silent) as o, Weir('abandon_timeout = 60s', o) as w:
        cs = [w.connect() for _ in range(5)]
        for c in cs:
            c.send(plain())
            c.shut()
        until(lambda: len(o.peers) == 5, 'the connections upstream')
        w.idle()


@case
def upstream_half_closes():
    """An upstream that ends its sending side behind its answer."""
    with Origin(answer(OK, shut=True)) as o, Weir('', o) as w:
        with w.connect() as c:
            for i in range(5):
                same(c.ask(plain()).body, b'ok', 'answer %d' % i)
        w.idle(0.5)


@case
def slow_to_accept():
    """An upstream whose accept comes late is only slow."""
    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    s.listen(5)
    with Weir('', 'http://127.0.0.1:%d' % s.getsockname()[1]) as w:
        with w.connect() as c:
            c.send(plain())
            c.silent()
            u, _ = s.accept()
            u.recv(10000)
            u.sendall(OK)
            same(c.final().body, b'ok', 'answer')
            u.close()
    s.close()


@case
def name_without_answer():
    """The look-up hangs: a server that nobody has asked is not to blame."""
    with Origin() as o:
        url = 'http://%%s:%d' % o.port
        with Weir('connect_timeout = 200ms', url % 'localhost') as w:
            same(w.get().status, 200, 'status')
            os.kill(w.children()[0], signal.SIGSTOP)
            w.upstreams = (url % 'other.localhost',)
            w.reload('connect_timeout = 200ms')
            refusal(w.get(), 503, 'unresolved')
            w.wait_log('request', reason='unresolved')


@case
def unix_upstream_dies():
    d = tempfile.mkdtemp(prefix='weir-test-')
    path = os.path.join(d, 's')
    o = Origin(path=path)
    with Weir('', o) as w, w.connect() as c:
        same(c.ask(plain()).status, 200, 'before')
        o.stop()
        o.quiet()
        refusal(c.ask(POST), 502)
        with Origin(path=path):
            same(c.ask(POST).status, 200, 'after')
    os.rmdir(d)


if __name__ == '__main__':
    main()
