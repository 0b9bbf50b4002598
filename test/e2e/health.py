"""Health checks: what passes, what fails, what follows, reloads."""
import os
import socket
import tempfile

import certs
from tls_peer import SecureOrigin
from weir import (CLOSE, OK, PING, PONG, TEXT, Deaf, Origin, Peer, Weir, answer,
                  case, each, free_port, main, never, plain, refusal, same,
                  until, ws_101, ws_close, ws_frame, ws_serve)

FAST = ('health = %s\nhealth_interval = 50ms\nhealth_timeout = 300ms\n'
        'health_fall = 2\nhealth_rise = 2\n%s')


def conf(health='/healthz', more=''):
    return FAST % (health, more)


def no(status):
    return (b'HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno' % status)


class Switch(Origin):
    """Answers checks by what .say is, and all else with 200."""

    def __init__(self, say=OK, **more):
        self.say = say
        self.checks = []
        super().__init__(self.serve, **more)

    def serve(self, peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            if q.target != '/healthz':
                peer.send(OK)
                continue
            self.checks.append(q)
            if callable(self.say):
                self.say(peer)
                return
            peer.send(self.say)
            return

    def asked(self, n=1):
        """Waits for n more checks."""
        end = len(self.checks) + n
        until(lambda: len(self.checks) >= end, 'a check')


def served(o):
    """Requests that were no checks."""
    return len([q for q in o.requests if q.target != '/healthz'])


@case
def down_and_up():
    """fall failures take it down, rise passes bring it back, told once."""
    with Switch() as a, Switch() as b, Weir(conf(), a, b) as w:
        q = until(lambda: a.checks and a.checks[0], 'a check')
        same((q.method, q.get('host'), q.lists('connection', 'close')),
             ('GET', a.authority, True), 'check')
        for _ in range(4):
            same(w.get().status, 200, 'status')
        assert served(a) == served(b) == 2, 'both are up'
        a.say = no(500)
        w.wait_log('upstream_down', upstream=a.url, by='health',
                   reason='health_status', status=500)
        n = served(a)
        for _ in range(6):
            same(w.get().status, 200, 'status')
        same(served(a), n, 'requests to the one that is down')
        a.asked(5)
        same(len(w.log('upstream_down')), 1, 'lines')
        a.say = OK
        w.wait_log('upstream_up', upstream=a.url, by='health')
        for _ in range(4):
            w.get()
        same(served(a), n + 2, 'requests to the one that is back')
        same(len(w.log('upstream_up')), 1, 'lines')


@case
def all_down():
    """503 with Retry-After; tunnels stay."""
    def serve(peer):
        ws_serve(peer)
    with Origin(serve) as o:
        more = 'health_status = 599'
        with Weir(conf('/healthz', more), o) as w:
            t = w.tunnel()
            w.wait_log('upstream_down')
            r = w.get()
            refusal(r, 503, 'no_upstream')
            assert 1 <= int(r.get('retry-after')) <= 5, 'Retry-After'
            same(w.next()['reason'], 'no_upstream', 'log')
            t.send(ws_frame(TEXT, b'alive'))
            same(t.frame().data, b'alive', 'echo')


@case
def rise_and_fall():
    """Single failures and single passes change nothing."""
    say = [OK, OK, no(503), OK, no(503), OK]
    state = {'n': 0}

    def each_other(peer):
        peer.send(say[state['n'] % 6])
        state['n'] += 1
    with Switch(each_other) as o, Weir(conf(), o) as w:
        until(lambda: state['n'] > 12, 'checks')
        same(w.log('upstream_down'), [], 'changes')


def cut(peer):
    peer.send(b'HTTP/1.1 200 OK\r\nContent-')


def leave(peer):
    pass


def hang(peer):
    peer.recv_all()


def garbage(peer):
    peer.send(b'SSH-2.0-x\r\n\r\n')


def endless(peer):
    if peer.send(b'HTTP/1.1 200 OK\r\n\r\n'):
        while peer.send(b'x' * 1000):
            pass


@case
def answers():
    """What fails a check, with its word, and what does not."""
    def check(name, say, reason):
        with Switch(say) as o, Weir(conf(), o) as w:
            if reason:
                w.wait_log('upstream_down', reason=reason)
                return
            o.asked(3)
            same(w.log('upstream_down'), [], 'changes')
    each([
        ('redirect', no(302), None),
        ('interim', b'HTTP/1.1 103 Early Hints\r\n\r\n' + OK, None),
        ('without end', endless, None),
        ('cut', cut, 'upstream_cut'),
        ('no answer', leave, 'upstream_no_answer'),
        ('hangs', hang, 'health_timeout'),
        ('garbage', garbage, 'bad_response'),
        ('404', no(404), 'health_status'),
        ('101', ws_101(), 'health_status'),
    ], check)


@case
def statuses():
    with Switch(no(401)) as o:
        with Weir(conf(more='health_status = 200,401'), o) as w:
            o.asked(4)
            same(w.log('upstream_down'), [], 'changes')


@case
def unreachable():
    """Nobody there, and somebody who never accepts."""
    with Weir(conf(), 'http://127.0.0.1:%d' % free_port()) as w:
        w.wait_log('upstream_down', reason='connect_refused')
        refusal(w.get(), 503, 'no_upstream')
    with Deaf() as d, Weir(conf(), d.url) as w:
        w.wait_log('upstream_down', reason='connect_timeout')


@case
def full_queue():
    """A unix socket that is only busy is waited for, as by requests."""
    with tempfile.TemporaryDirectory(prefix='weir-test-') as d:
        path = os.path.join(d, 'busy')
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            s.listen(0)
            waiting = fill(path)
            slow = conf().replace('300ms', '1h')
            with Weir(slow, 'unix:' + path) as w:
                never(lambda: w.log('upstream_down'), 'a failure')
                accept_all(s, len(waiting))
                c, _ = s.accept()
                with Peer(c) as peer:
                    same(peer.read_request().target, '/healthz', 'check')
                same(w.log('upstream_down'), [], 'changes')
            waiting += fill(path)
            with Weir(conf(), 'unix:' + path) as w:
                w.wait_log('upstream_down', reason='connect_timeout')
            for c in waiting:
                c.close()


def fill(path):
    """Connections until the queue has room for no more."""
    got = []
    while True:
        c = socket.socket(socket.AF_UNIX)
        c.setblocking(False)
        try:
            c.connect(path)
        except BlockingIOError:
            c.close()
            return got
        got.append(c)


def accept_all(s, n):
    for _ in range(n):
        s.accept()[0].close()


@case
def second_address():
    """A name is up if one of its addresses answers."""
    with Switch() as o:
        url = 'http://localhost:%d' % o.port
        with Weir(conf(), url) as w:
            o.asked(4)
            same(w.log('upstream_down'), [], 'changes')


@case
def hosts():
    """Host is host_header's, or the upstream's own name."""
    def check(name, line, want):
        with Switch() as o, Weir(conf(more=line), o) as w:
            o.asked()
            same(o.checks[0].get('host'), want or o.authority, 'Host')
            w.log()
    each([('client', '', None), ('upstream', 'host_header = upstream', None),
          ('fixed', 'host_header = h.example', 'h.example')], check)


# WebSocket

def greeted(peer):
    """Frames of its own before the pong, one of them large."""
    q = peer.read_request()
    if q is None:
        return
    peer.send(ws_101(q.get('sec-websocket-key')) +
              ws_frame(TEXT, b'hello', None) +
              ws_frame(PONG, b'unasked', None) +
              ws_frame(TEXT, b'x' * 200000, None))
    f = peer.frame()
    same((f.op, len(f.data), bool(f.mask)), (PING, 4, True), 'ping')
    peer.send(ws_frame(PING, b'you?', None) + ws_frame(PONG, f.data, None))
    f = peer.frame()
    if f is None:
        return
    same((f.op, f.code()), (CLOSE, 1000), 'Close')
    state['closed'] = True
    peer.send(ws_close(1000, mask=None))


state = {}


@case
def websocket_passes():
    for serve in (greeted, ws_serve):
        state.clear()
        with Origin(serve) as o, Weir(conf('websocket /ws'), o) as w:
            until(lambda: len(o.requests) > 4, 'checks')
            same(o.requests[0].target, '/ws', 'target')
            same(w.log('upstream_down'), [], 'changes')
            assert serve is ws_serve or state['closed'], 'no Close'


def plain_200(peer):
    peer.read_request()
    peer.send(OK)


def read_and_leave(peer):
    peer.read_request()


def never_pongs(peer):
    q = peer.read_request()
    peer.send(ws_101(q.get('sec-websocket-key')))
    peer.recv_all()


def wrong_pong(peer):
    q = peer.read_request()
    peer.send(ws_101(q.get('sec-websocket-key')))
    peer.frame()
    peer.send(ws_frame(PONG, b'nope', None))
    peer.recv_all()


def wrong_accept(peer):
    peer.read_request()
    peer.send(ws_101())
    peer.recv_all()


def wrong_length(peer):
    q = peer.read_request()
    peer.send(ws_101(q.get('sec-websocket-key')) + b'\x81\x7e\x00\x05hello')
    peer.recv_all()


@case
def websocket_fails():
    def check(name, serve, reason):
        with Origin(serve) as o, Weir(conf('websocket'), o) as w:
            w.wait_log('upstream_down', reason=reason)
    each([
        ('accepts and hangs', hang, 'health_timeout'),
        ('answers 200', plain_200, 'health_status'),
        ('never pongs', never_pongs, 'health_no_pong'),
        ('wrong pong', wrong_pong, 'health_no_pong'),
        ('wrong accept', wrong_accept, 'proof_accept'),
        ('wrong frame', wrong_length, 'upstream_cut'),
        ('leaves', read_and_leave, 'upstream_no_answer'),
    ], check)


@case
def websocket_leaves():
    """Between the proof and the pong."""
    def serve(peer):
        q = peer.read_request()
        peer.send(ws_101(q.get('sec-websocket-key')))
        peer.frame()
    with Origin(serve) as o, Weir(conf('websocket'), o) as w:
        w.wait_log('upstream_down', reason='upstream_no_answer')


# Sharing and reloads

def routes(*blocks):
    return ''.join('route = %s\nupstream = %s\n%s' % b for b in blocks)


@case
def one_verdict():
    """Routes without a check share the verdict of one that has it."""
    with Switch(no(503)) as o:
        text = routes(('a.example', o.url, conf()), ('b.example', o.url, ''))
        with Weir(text) as w:
            w.wait_log('upstream_down')
            for host in ('a.example', 'b.example'):
                refusal(w.ask(plain(host=host)), 503, 'no_upstream')
            n = len(o.checks)
            o.asked(6)
            # one series of checks, not two
            assert len(o.checks) < n + 12, 'too many checks'


@case
def reload():
    """Verdicts stay; checks end with the last route that asks for them."""
    with Switch(no(503)) as a, Switch() as b, Weir(conf(), a, b) as w:
        w.wait_log('upstream_down', upstream=a.url)
        w.reload(conf())
        for _ in range(4):
            same(w.get().status, 200, 'status')
        same(served(a), 0, 'requests to the one that is down')
        same(len(w.log('upstream_down')), 1, 'lines')
        t = w.connect()
        same(t.ask(plain()).status, 200, 'status')
        # without checks nothing is down
        w.reload('')
        w.wait_log('upstream_up', upstream=a.url)
        n = len(a.checks), len(b.checks)
        # one of each may have been under way
        never(lambda: len(a.checks) > n[0] + 1 or len(b.checks) > n[1] + 1,
              'checks')
        for _ in range(4):
            same(w.get().status, 200, 'status')
        same(served(a), 2, 'requests to it')
        w.reload(conf())
        w.wait_log('upstream_down', 2, upstream=a.url)


@case
def gone_with_its_route():
    """An upstream that is only held by an old tunnel is not checked."""
    def serve(peer):
        ws_serve(peer)
    with Origin(serve) as a, Switch() as b:
        with Weir(conf('/healthz', 'health_status = 100-599'), a) as w:
            t = w.tunnel()
            until(lambda: len(a.peers) > 2, 'checks')
            w.upstreams = (b,)
            w.reload(conf())
            b.asked(2)
            n = len(a.peers)
            b.asked(3)
            same(len(a.peers), n, 'connections')
            t.send(ws_frame(TEXT, b'alive'))
            same(t.frame().data, b'alive', 'echo')


@case
def differing():
    with Switch() as o:
        text = routes(('a.example', o.url, conf()),
                      ('b.example', o.url, conf('/other')))
        with Weir(text, ready=False, status=2) as w:
            same(w.wait_end(), 2, 'exit status')
            assert b'not that of the route at' in w.stderr(), w.stderr()


@case
def costs_nothing():
    """Checks leave no descriptors behind, and no busy loop."""
    with Switch() as a, Deaf() as d, Weir(conf(), a, d.url) as w:
        a.asked(3)
        n = w.fds()
        a.asked(20)
        w.wait_fds(n + 2)
        a.say = hang
        w.wait_log('upstream_down', upstream=a.url)
        w.idle()


@case
def over_tls():
    """With the verification that requests get, for both kinds."""
    tls = 'upstream_ca = %s\nupstream_name = a.example\n' % certs.root().cert
    good, bad = certs.root().leaf('a.example'), certs.root().leaf('b.example')
    for kind, serve in (('/healthz', answer(OK)), ('websocket', ws_serve)):
        with SecureOrigin(good, serve) as o, \
                Weir(conf(kind, tls), o) as w:
            until(lambda: len(o.requests) > 3, 'checks')
            same(w.log('upstream_down'), [], 'changes')
        with SecureOrigin(bad, serve) as o, Weir(conf(kind, tls), o) as w:
            w.wait_log('upstream_down', reason='upstream_tls')
            same(o.requests, [], 'requests')
    with Origin(hang) as o:
        url = 'https://127.0.0.1:%d' % o.port
        with Weir(conf(more=tls), url) as w:
            w.wait_log('upstream_down', reason='upstream_tls_timeout')


@case
def two_ways():
    """One address asked for two names has two verdicts, and two checks."""
    c = certs.root()
    with SecureOrigin(c.leaf('a.example'), answer(OK)) as o:
        text = 'upstream_ca = %s\n' % c.cert + routes(
            ('/a', o.url, conf('/first', 'upstream_name = a.example\n')),
            ('/b', o.url, conf('/second', 'upstream_name = b.example\n')))
        with Weir(text) as w:
            w.wait_log('upstream_down', reason='upstream_tls')
            until(lambda: len(o.requests) > 2, 'checks')
            same({r.target for r in o.requests}, {'/first'}, 'checks')
            same(w.get('/a').status, 200, 'status')
            refusal(w.get('/b'), 503, 'no_upstream')
            same(len(w.log('upstream_down')), 1, 'lines')


if __name__ == '__main__':
    main()
