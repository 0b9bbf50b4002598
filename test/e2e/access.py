#!/usr/bin/python3
"""Who may come in, and how often: allow, deny, rates."""
import socket

from weir import Origin, Peer, TOP, WAIT, Weir, case, each, free_port
from weir import has_ipv6, never, plain, refusal, same, ws_request, until, within
import weir


def come(w, source, to=None):
    """A connection from one of the addresses of loopback."""
    s = socket.socket()
    s.settimeout(WAIT)
    s.bind((source, 0))
    s.connect(to or w.address)
    return Peer(s)


@case
def routes_in_their_order():
    conf = '''
allow = 127.0.0.0/30
deny = 127.0.0.0/8
upstream = %s
route = /
route = /first
deny = 127.0.0.1
allow = 127.0.0.0/8
route = /all
allow = all
route = /none
deny = all
route = /but
deny = 127.0.0.2, 127.0.0.3
route = /only
allow = 127.0.0.2
'''
    rows = [('/', '1 2 3', '4 5'), ('/first', '2 3 9', '1'),
            ('/all', '1 2 200', ''), ('/none', '', '1 2 200'),
            ('/but', '1 4', '2 3'), ('/only', '2', '1 3')]
    with Origin() as u, Weir(conf % u.url) as w:
        def check(target, good, bad):
            for last in good.split():
                with come(w, '127.0.0.' + last) as c:
                    same(c.ask(plain(target)).status, 200, last)
            for last in bad.split():
                with come(w, '127.0.0.' + last) as c:
                    refusal(c.ask(plain(target)), 403, 'denied')
                    # the connection goes on
                    same(c.ask(plain('/all')).status, 200, 'next')
        each(rows, check)
        line = w.wait_log('request', reason='denied')[0]
        same(line['status'], '403', 'status in the log')


@case
def handshakes_are_denied():
    with Origin() as u, Weir('deny = 127.0.0.1', u) as w:
        refusal(w.ask(ws_request()), 403, 'denied')
        same(len(u.requests), 0, 'requests')


@case
def ipv6_and_unix():
    path = '@DIR@/s'
    with Origin() as u:
        conf = 'listen = http://127.0.0.1:@PORT@\nlisten = unix:%s\n' % path
        if has_ipv6():
            conf += 'listen = http://[::1]:@PORT@\n'
        with Weir(conf + 'allow = ::1, unix', u) as w:
            refusal(w.get(), 403, 'denied')
            with w.connect(w.dir + '/s') as c:
                same(c.ask(plain()).status, 200, 'unix')
            if has_ipv6():
                with w.connect(('::1', w.port)) as c:
                    same(c.ask(plain()).status, 200, 'ipv6')


@case
def listeners_close_at_once():
    port = free_port()
    conf = '''
listen = http://127.0.0.1:@PORT@ allow=127.0.0.2,127.0.0.4 deny=127.0.0.3
listen = http://127.0.0.1:%d deny=127.0.0.2
''' % port
    with Origin() as u, Weir(conf, u) as w:
        for last in (1, 3, 5):
            with come(w, '127.0.0.%d' % last) as c:
                c.send(plain())
                c.ended()
        for last in (2, 4):
            with come(w, '127.0.0.%d' % last) as c:
                same(c.ask(plain()).status, 200, 'allowed')
        other = ('127.0.0.1', port)
        with come(w, '127.0.0.2', other) as c:
            c.ended()
        with come(w, '127.0.0.1', other) as c:
            same(c.ask(plain()).status, 200, 'not denied')
        same(len(u.requests), 3, 'requests')

        def told():
            return sum(int(x['count']) for x in w.log('refused'))
        until(lambda: told() == 4, 'four to be told of')
        lines = w.log('refused')
        # of those that a line counts it names one
        within(lines[0]['client'], '127.0.0.1|127.0.0.3|127.0.0.5', 'client')
        same(lines[0]['reason'], 'denied', 'reason')


@case
def many_are_told_of_in_few_lines():
    conf = 'listen = http://127.0.0.1:@PORT@ deny=all\n'
    with Origin() as u, Weir(conf, u) as w:
        for _ in range(200):
            with w.connect() as c:
                c.ended()
        until(lambda: sum(int(x['count']) for x in w.log('refused')) == 200,
              '200 to be told of')
        assert len(w.log('refused')) < 100, 'a line for each'


@case
def before_tls():
    with Origin() as u:
        conf = 'listen = https://127.0.0.1:@PORT@ deny=all\ncert = %s\n'
        with Weir(conf % (TOP + '/test/conf/site.pem'), u) as w:
            with w.connect() as c:
                c.ended()
            same(w.wait_log('refused')[0]['reason'], 'denied', 'reason')
            never(lambda: w.log('tls'), 'a handshake')


@case
def a_reload_changes_it():
    listen = 'listen = http://127.0.0.1:@PORT@'
    with Origin() as u, Weir(listen + '\n', u) as w:
        with w.connect() as open_one:
            same(open_one.ask(plain()).status, 200, 'before')
            w.reload(listen + ' deny=127.0.0.1\n')
            with w.connect() as c:
                c.ended()
            same(open_one.ask(plain()).status, 200, 'an open one')
            w.reload(listen + '\ndeny = 127.0.0.1\n')
            refusal(open_one.ask(plain()), 403, 'denied')
            w.reload(listen + '\n')
            same(w.get().status, 200, 'after')


def refused(w, n, target='/', source='127.0.0.1', more=''):
    """How many of n requests, sent at once, are answered 429."""
    count = 0
    with come(w, source) as c:
        c.send(plain(target, more) * n)
        for _ in range(n):
            r = c.final()
            if r.status != 200:
                refusal(r, 429, 'too_many_requests')
                assert 1 <= int(r.get('retry-after')) <= 5, 'Retry-After'
                count += 1
    return count


@case
def rates():
    conf = '''
requests_per_address = 20
trusted_proxy = 127.0.0.9
listen = http://127.0.0.1:@PORT@
listen = unix:@DIR@/s
upstream = %s
route = /
route = /other
route = /few
requests_per_address = 1
route = /any
requests_per_address = 0
'''
    with Origin() as u, Weir(conf % u.url) as w:
        # some flow in while these are sent
        assert 30 <= refused(w, 100) <= 80, 'not about 80'
        assert 30 <= refused(w, 100, '/other') <= 80, 'another route'
        assert 30 <= refused(w, 100, source='127.0.0.2') <= 80, 'address'
        assert refused(w, 10, '/few') >= 5, 'a route of its own'
        same(refused(w, 200, '/any'), 0, 'no limit')
        same(w.log('request', reason='too_many_requests')[0]['status'],
             '429', 'status in the log')
        until(lambda: refused(w, 1) == 0, 'one to flow in')
        with w.connect(w.dir + '/s') as c:
            for _ in range(50):
                same(c.ask(plain()).status, 200, 'unix')
        # clients of a proxy are told apart
        for last in range(10):
            more = 'X-Forwarded-For: 192.0.2.%d\r\n' % last
            same(refused(w, 10, source='127.0.0.9', more=more), 0, 'client')


@case
def a_drain_tells_the_rest():
    conf = 'listen = http://127.0.0.1:@PORT@ deny=all\n'
    with Origin() as u, Weir(conf, u) as w:
        for _ in range(5):
            with w.connect() as c:
                c.ended()
        w.signal(15)
        w.wait_end()
        same(sum(int(x['count']) for x in w.log('refused')), 5, 'count')


weir.main()
