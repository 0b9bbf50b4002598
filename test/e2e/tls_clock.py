"""Certificates while the clock is not set, as on a router that starts.

weir's clock is libfaketime's, which reads it from a file; poll() has its own.
"""
import glob
import os
import tempfile
import time

from certs import DAY, root
from certs import client as client_cert
from tls_peer import HOST, Secure, SecureOrigin, client
from weir import (BINARY, WRAP, Origin, Skip, Weir, at_end, case, main, never, plain,
                  refusal, same, sanitized)

LIBS = '/usr/lib/*/faketime/libfaketime.so.1'
YEAR = 365 * DAY


class Clock:
    """That of a machine which has just begun to count."""

    def __init__(self):
        found = glob.glob(LIBS)
        if not found:
            raise Skip('no faketime')
        if WRAP or sanitized() or not dynamic():
            raise Skip('weir cannot be given another clock')
        handle, self.path = tempfile.mkstemp(prefix='weir-clock-')
        os.close(handle)
        at_end.append(lambda: os.unlink(self.path))
        self.unset()
        self.env = {'LD_PRELOAD': found[0],
                    'FAKETIME_TIMESTAMP_FILE': self.path,
                    'FAKETIME_NO_CACHE': '1',
                    'FAKETIME_DONT_FAKE_MONOTONIC': '1'}

    def put(self, seconds):
        with open(self.path + '.new', 'w') as f:
            f.write('%+d' % seconds)
        os.rename(self.path + '.new', self.path)

    def unset(self):
        self.put(300 - time.time())

    def set(self):
        self.put(0)


def dynamic():
    """True if libraries can be put before the libc's functions."""
    with open(BINARY, 'rb') as f:
        return b'libc.so.6' in f.read()


def to(o, more=''):
    return ('route = /\nupstream = %s\nupstream_ca = %s\nupstream_name = %s\n'
            % (o.url, root().cert, HOST) + more)


def says(w, words):
    """The lines of the log that hold these words."""
    return [x for x in w.log('message') if words in x['msg']]


def refused(w, words):
    refusal(w.get(), 502, 'upstream_tls')
    line = w.next()
    assert words in line['tls'], line


@case
def strict():
    """What is newer than weir fails until the clock is set."""
    c = Clock()
    with SecureOrigin(root().leaf(HOST)) as o, Weir(to(o), env=c.env) as w:
        same(len(says(w, 'the clock is not set, it says 1970-01-01')), 1,
             'warnings')
        assert 'refused' in says(w, 'not set')[0]['msg'], w.log()
        for _ in range(2):
            refused(w, 'not valid yet')
        c.set()
        for _ in range(2):
            same(w.get().status, 200, 'once it is set')
        w.wait_log('message', msg='the clock is set')
        # each is said once, whatever follows
        c.unset()
        same(w.get().status, 200, 'by a connection that stands')
        c.set()
        same(w.get().status, 200, 'set again')
        same((len(says(w, 'not set')), len(says(w, 'clock is set'))), (1, 1),
             'lines')


@case
def relaxed():
    """The peer's own certificate tells the time, and no more than that."""
    c = Clock()
    right, other = root().leaf(HOST), root().leaf('b.example')
    late = root().leaf(HOST, start=2 * YEAR - time.time(),
                       end=3 * YEAR - time.time())
    stranger = root('other').leaf(HOST)
    far = root().sub().leaf(HOST)
    for what, cert, words in (
            ('right', right, None), ('with an intermediate', far, None),
            ('expired', late, 'expired'), ('another name', other, 'name'),
            ('unknown issuer', stranger, 'authority')):
        print(what, flush=True)
        c.unset()
        with SecureOrigin(cert) as o, \
                Weir('clock = relaxed\n' + to(o), env=c.env) as w:
            assert 'believed' in says(w, 'not set')[0]['msg'], w.log()
            if words is None:
                same(w.get().status, 200, what)
            else:
                refused(w, words)


@case
def relaxed_and_set():
    """Once the clock is set it is what counts."""
    c = Clock()
    early = root().leaf(HOST, start=DAY, end=9 * DAY)
    conf = 'pool = 0\n'
    with SecureOrigin(early) as o, Weir(conf + to(o), env=c.env) as w:
        refused(w, 'not valid yet')
        w.reload('clock = relaxed\n' + conf + to(o))
        same(w.get().status, 200, 'believed after a reload')
        w.next()
        c.set()
        refused(w, 'not valid yet')
        same(len(says(w, 'the clock is set')), 1, 'lines')


@case
def clients():
    """Certificates of clients are judged alike."""
    c = Clock()
    shown = client_cert()
    conf = 'client_ca = %s\n' % root('Client Root').cert
    how = client(cert=shown)
    for key, served in ('strict', False), ('relaxed', True):
        with Origin() as o, Secure('clock = %s\n' % key + conf, o,
                                   env=c.env) as w:
            if served:
                with w.connect(context=how) as p:
                    same(p.ask(plain()).status, 200, key)
                continue
            try:
                with w.connect(context=how) as p:
                    p.send(plain())
                    assert p.recv_all() == b'', 'served'
            except OSError:
                pass
            line = w.next('tls')
            assert 'not valid yet' in line['tls'], line


@case
def own():
    """No date of its own keeps weir from starting."""
    c = Clock()
    late = root().leaf(HOST, start=2 * YEAR - time.time(),
                       end=3 * YEAR - time.time())
    for what, cert, words in (('newer than weir', root().leaf(HOST), None),
                              ('expired', late, 'has expired')):
        c.unset()
        with Origin() as o, Secure('', o, certs=[cert], env=c.env) as w:
            with w.connect(name='') as p:
                same(p.ask(plain()).status, 200, what)
            lines = says(w, cert.chain)
            if words is None:
                same(lines, [], 'warnings')
            else:
                assert words in lines[0]['msg'], lines
            w.reload()


@case
def no_tls():
    """Where no certificate is judged nothing is said."""
    c = Clock()
    with Origin() as o, Weir('', o, env=c.env) as w:
        same(w.get().status, 200, 'status')
        c.set()
        same(w.get().status, 200, 'status')
        never(lambda: says(w, 'clock'), 'a line')


main()
