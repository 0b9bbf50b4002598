"""Three upstreams under load: one is killed, one stopped; both come back."""
# timeout: 240
# alone
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading

from weir import (BINARY, TEXT, WRAP, Cut, Weir, case, free_port, listening,
                  main, plain, same, until, ws_frame)

CLIENTS = 8
# what a request may end with that was on its way to one that died
SENT = {'upstream_reset', 'upstream_no_answer', 'upstream_cut',
        'response_timeout'}


class Echo:
    """weir echo, a server in a process of its own."""

    def __init__(self):
        self.port = free_port()
        self.url = 'http://127.0.0.1:%d' % self.port
        self.start()

    def start(self):
        self.proc = subprocess.Popen(
            WRAP + [BINARY, 'echo', '127.0.0.1:%d' % self.port],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until(lambda: listening(self.port), 'the echo server')

    def signal(self, number):
        os.kill(self.proc.pid, number)

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Load:
    """Clients that ask one thing after another, each on its connection."""

    def __init__(self, w):
        self.w = w
        self.end = False
        self.statuses = []
        self.errors = []
        self.threads = [threading.Thread(target=self.run, daemon=True)
                        for _ in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def run(self):
        try:
            while not self.end:
                with self.w.connect() as c:
                    self.ask(c)
        except (OSError, AssertionError) as e:
            self.errors.append(repr(e))

    def ask(self, c):
        for _ in range(100):
            if self.end:
                return
            r = c.ask(plain('/load'))
            self.statuses.append(r.status)
            if r.lists('connection', 'close'):
                return

    def more(self, n=300):
        """Waits for n more answers."""
        end = len(self.statuses) + n
        until(lambda: self.errors or len(self.statuses) >= end, 'answers')
        same(self.errors, [], 'errors')

    def stop(self):
        self.end = True
        for t in self.threads:
            t.join()
        same(self.errors, [], 'errors')


def echoes(t, text):
    t.send(ws_frame(TEXT, text))
    f = t.frame()
    return f is not None and f.data == text


def tunnels(w, ups):
    """One to each upstream, in their order."""
    found = {}
    for _ in ups:
        t = w.tunnel()
        found[w.next('tunnel_open')['upstream']] = t
    return [found[u.url] for u in ups]


CONF = '''health = /
health_interval = 100ms
health_timeout = 300ms
health_fall = 2
response_timeout = 2s
fail_timeout = 200ms
balance = %s
'''


def requests(w, path):
    """The lines of the load's requests, and their ends by upstream."""
    return w.log('request', path=path, target='/load')


def served_by(w, path, since):
    return {x['upstream'] for x in requests(w, path)[since:]
            if x['status'] == '200'}


def fails(balance):
    """Kills one, stops one, and brings both back."""
    d = tempfile.mkdtemp(prefix='weir-test-')
    path = os.path.join(d, 'access')
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, d, True)
        ups = [stack.enter_context(Echo()) for _ in range(3)]
        a, b, c = ups
        w = stack.enter_context(Weir(CONF % balance, *ups))
        ts = tunnels(w, ups)
        w.reload(CONF % balance + 'access_log = %s\n' % path)
        load = Load(w)
        load.more()
        same(len(served_by(w, path, 0)), 3, 'upstreams in use')
        a.kill()
        b.signal(signal.SIGSTOP)
        w.wait_log('upstream_down', upstream=a.url, by='health')
        w.wait_log('upstream_down', upstream=b.url, by='health')
        # those that still wait for the stopped one
        until(lambda: len(load.statuses) >= 300 and load.more() is None)
        assert echoes(ts[2], b'during'), 'the tunnel to the one that lives'
        since = len(requests(w, path))
        load.more()
        same({x['status'] for x in requests(w, path)[since + 2 * CLIENTS:]},
             {'200'}, 'statuses while two are down')
        a.start()
        b.signal(signal.SIGCONT)
        w.wait_log('upstream_up', upstream=a.url, by='health')
        w.wait_log('upstream_up', upstream=b.url, by='health')
        since = len(requests(w, path))
        until(lambda: len(served_by(w, path, since)) == 3 or load.more(),
              'all upstreams to be in use')
        assert echoes(ts[2], b'after'), 'the tunnel to the one that lives'
        assert echoes(ts[1], b'after'), 'the tunnel to the stopped one'
        with contextlib.suppress(Cut):
            assert not echoes(ts[0], b'after'), 'the tunnel to the dead one'
        load.stop()
        lost = [x for x in requests(w, path) if x['status'] != '200']
        print('%s: %d requests, %d lost: %r' % (
            balance, len(load.statuses), len(lost),
            sorted({x['reason'] for x in lost})))
        assert {x['reason'] for x in lost} <= SENT, lost
        # each client can have had one with each of the two
        assert len(lost) <= 2 * CLIENTS, '%d were lost' % len(lost)


@case
def in_turn():
    fails('round_robin')


@case
def by_work():
    fails('least')


if __name__ == '__main__':
    main()
