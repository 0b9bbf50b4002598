"""sse_ping: comments in streams of events that are silent, and only there."""
# timeout: 240
import json
import os
import random
import subprocess
import shutil
import sys
import threading
import time

from tls_peer import Secure
from weir import (HERE, OK, Origin, SLOW, Skip, WAIT, Weir, case, each, main,
                  plain, same, until)
sys.path.insert(0, os.path.join(HERE, 'js'))
from chromium import chromium  # noqa: E402

PING = b':\n\n'
CONF = 'sse_ping = %dms\n' % (50 * SLOW)
PAUSE = 0.3 * SLOW  # some pings fit in
HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
CHUNKED = HEAD + b'Transfer-Encoding: chunked\r\n\r\n'
TO_EOF = HEAD + b'Connection: close\r\n\r\n'


def chunk(data):
    return b'%x\r\n%s\r\n' % (len(data), data)


def next_chunk(c):
    n = int(c.recv_until(b'\r\n'), 16)
    return c.recv_n(n + 2)[:-2]


def other_chunk(c):
    """The next chunk that is no comment."""
    while True:
        data = next_chunk(c)
        if data != PING:
            return data


class Steps:
    """An upstream that sends what it is told to."""

    def __init__(self, first):
        self.first = first
        self.peer = None
        self.origin = Origin(self.serve)

    def serve(self, peer):
        if peer.read_request() is not None:
            peer.send(self.first)
            self.peer = peer
            peer.recv_all()

    def send(self, data):
        until(lambda: self.peer, 'the request').send(data)


@case
def silence():
    """Comments come as chunks of their own, from the head on."""
    u = Steps(CHUNKED)
    with u.origin as o, Weir(CONF, o) as w, w.connect() as c:
        c.send(plain('/events'))
        assert b'chunked' in c.head()
        for _ in range(3):
            same(next_chunk(c), PING, 'before the first event')
        u.send(chunk(b'data: 1\n\n'))
        same(other_chunk(c), b'data: 1\n\n', 'event')
        for _ in range(3):
            same(next_chunk(c), PING, 'behind it')
        u.send(b'0\r\n\r\n')
        while next_chunk(c):
            pass
        line = w.next()
        same((line['reason'], line['bytes_out']), ('ok', '9'), 'log')


@case
def halves():
    """None stands inside an event, however long that takes."""
    def check(name, parts):
        u = Steps(CHUNKED)
        with u.origin as o, Weir(CONF, o) as w, w.connect() as c:
            c.send(plain('/events'))
            c.head()
            same(next_chunk(c), PING, 'before')
            for i, p in enumerate(parts):
                u.send(chunk(p))
                same(other_chunk(c), p, 'part')
                if i < len(parts) - 1:
                    c.silent(PAUSE)
            same(next_chunk(c), PING, 'behind')
    each([
        ('name', [b'da', b'ta: x\n\n']),
        ('line', [b'data: x', b'\n\n']),
        ('lines', [b'data: x\n', b'data: y\n', b'\n']),
        ('CRLF', [b'data: x\r', b'\n', b'\r\n']),
        ('CR', [b'data: x\r', b'\r']),
        ('comment', [b': x', b'\n', b'\n']),
        ('byte by byte', [b'i', b'd', b':', b'1', b'\n', b'\n']),
    ], check)


@case
def plain_bytes():
    """To a client of HTTP/1.0, and from an upstream that ends by closing."""
    for first in CHUNKED, TO_EOF:
        u = Steps(first)
        with u.origin as o, Weir(CONF, o) as w, w.connect() as c:
            c.send(b'GET / HTTP/1.0\r\nHost: a\r\n\r\n')
            assert b'chunked' not in c.head()
            same(c.recv_n(6), 2 * PING, 'comments')
            event = b'data: x\n\n'
            u.send(chunk(event) if first is CHUNKED else event)
            until(lambda: c.recv_n(3) != PING, 'the event')
            same(c.recv_n(6), event[3:], 'event')
            same(c.recv_n(6), 2 * PING, 'comments behind')
    u = Steps(TO_EOF)
    with u.origin as o, Weir(CONF, o) as w, w.connect() as c:
        c.send(plain('/events'))
        assert b'chunked' in c.head()
        same(next_chunk(c), PING, 'comment')


@case
def nowhere_else():
    """What is no stream of events, or cannot take a comment."""
    def check(name, first, request=plain('/events'), conf=CONF):
        u = Steps(first)
        with u.origin as o, Weir(conf, o) as w, w.connect() as c:
            c.send(request)
            c.head()
            c.silent(PAUSE)
    ok = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'
    each([
        ('off', CHUNKED, plain(), ''),
        ('type', ok + b'Content-Type: text/plain\r\n\r\n'),
        ('no type', ok + b'\r\n'),
        ('gzip', ok + b'Content-Type: text/event-stream\r\n'
         b'Content-Encoding: gzip\r\n\r\n'),
        ('length', HEAD + b'Content-Length: 100\r\n\r\n'),
        ('404', CHUNKED.replace(b'200 OK', b'404 No')),
        ('HEAD', CHUNKED, plain(method='HEAD')),
        ('204', HEAD.replace(b'200 OK', b'204 No') + b'\r\n'),
    ], check)


@case
def response_timeout():
    """A comment is no byte of the upstream's."""
    u = Steps(CHUNKED + chunk(b'data: x\n\n'))
    with u.origin as o, Weir(CONF + 'response_timeout = %dms' % (500 * SLOW),
                             o) as w, w.connect() as c:
        c.send(plain('/events'))
        c.head()
        same(next_chunk(c), b'data: x\n\n', 'event')
        rest = c.recv_all()
        assert rest.startswith(chunk(PING)), rest
        same(rest.replace(chunk(PING), b''), b'', 'nothing else')
        line = w.next()
        same((line['reason'], line['bytes_out']), ('response_timeout', '9'),
             'log')


def between(data):
    """The stream without the comments; each must stand between events."""
    pieces = data.split(PING)
    for p in pieces[:-1]:
        assert p == b'' or p.endswith(b'\n\n'), p[-40:]
    return b''.join(pieces)


@case
def slow_client():
    """One that does not read gets none, and all of the events."""
    events = b''.join(b'data: %d %s\n\n' % (i, b'x' * 1000)
                      for i in range(8000))
    u = Steps(CHUNKED + chunk(events))
    with u.origin as o, Weir(CONF, o) as w, w.connect(rcvbuf=4096) as c:
        c.send(plain('/events'))
        c.head()
        time.sleep(2 * PAUSE)
        got = b''
        while len(got) < len(events):
            got += next_chunk(c)
        same(between(got), events, 'events')
        assert got.count(PING) <= 3, 'comments: %d' % got.count(PING)
        same(next_chunk(c), PING, 'now it reads')


@case
def random_cuts():
    """Events of all line ends, cut at random places, with pauses."""
    dice = random.Random(7)
    for end in b'\n', b'\r', b'\r\n':
        lines = []
        for i in range(60):
            lines += [b'id: %d' % i] + [b'data: %d %d' % (i, k) for k in
                                        range(dice.randrange(3))] + [b'']
        stream = end.join(lines) + end
        u = Steps(CHUNKED)
        with u.origin as o, Weir('sse_ping = 1ms', o) as w, \
                w.connect() as c:
            c.send(plain('/events'))
            c.head()
            want = parse(stream)

            def feed():
                rest = stream
                while rest:
                    n = dice.randrange(1, 40)
                    u.send(chunk(rest[:n]))
                    rest = rest[n:]
                    time.sleep(0.004)
                u.send(b'0\r\n\r\n')
            t = threading.Thread(target=feed)
            t.start()
            got = b''
            while True:
                piece = next_chunk(c)
                if not piece:
                    break
                got += piece
            t.join()
            same(parse(got), want, 'events with %r' % end)
            assert PING in got, 'no comment'


def parse(stream):
    """The events as HTML 9.2.6 has it."""
    text = stream.replace(b'\r\n', b'\n').replace(b'\r', b'\n')
    events, data, last = [], [], b''
    for line in text.split(b'\n')[:-1]:
        if line == b'':
            if data:
                events.append((last, b'\n'.join(data)))
            data = []
        elif line.startswith(b':'):
            continue
        else:
            name, _, value = line.partition(b': ')
            if name == b'data':
                data.append(value)
            elif name == b'id':
                last = value
            else:
                raise AssertionError('line %r' % line)
    return events


@case
def over_tls():
    u = Steps(CHUNKED)
    with u.origin as o, Secure(CONF + 'route = /\nupstream = ' +
                               o.url) as w, w.connect() as c:
        c.send(plain('/events'))
        c.head()
        same(next_chunk(c), PING, 'comment')
        u.send(chunk(b'data: x\n\n'))
        same(other_chunk(c), b'data: x\n\n', 'event')
        same(next_chunk(c), PING, 'comment')


@case
def gone_client():
    """One that is gone ends its stream."""
    u = Steps(CHUNKED)
    with u.origin as o, Weir(CONF, o) as w:
        c = w.connect()
        c.send(plain('/events'))
        c.head()
        next_chunk(c)
        c.reset()
        o.quiet()
        same(w.next()['reason'], 'client_reset', 'log')


@case
def curl():
    """curl -N prints events and comments as they come."""
    if not shutil.which('curl'):
        raise Skip('no curl')
    u = Steps(CHUNKED)
    with u.origin as o, Weir(CONF, o) as w:
        p = subprocess.Popen(['curl', '-q', '-sSN', '--noproxy', '*',
                              'http://127.0.0.1:%d/' % w.port],
                             stdout=subprocess.PIPE)
        try:
            same(p.stdout.read(6), 2 * PING, 'comments')
            for half in b'data: 1\n', b'\n':
                u.send(chunk(half))
                time.sleep(PAUSE)
            u.send(chunk(b'data: 2\n\n') + b'0\r\n\r\n')
            rest = p.stdout.read()
            same(between(rest), b'data: 1\n\ndata: 2\n\n', 'events')
            assert b'data: 1\n\n' + PING in rest, rest
            same(p.wait(WAIT), 0, 'exit status')
        finally:
            p.kill()
            p.wait()


PAGE = b'''<!DOCTYPE html><script>
'use strict';
const s = new EventSource('/events'), got = [];
s.onerror = () => got.push('error');
s.addEventListener('named', (e) => got.push('named ' + e.data));
s.onmessage = (e) => {
	got.push(e.lastEventId + ' ' + e.data);
	if (e.data !== 'end')
		return;
	s.close();
	fetch('/result', {method: 'POST', body: JSON.stringify(got)});
};
</script>'''


@case
def browser():
    """Chromium's EventSource gets the events and nothing else."""
    parts = [b'id: 7\n', b'data: one\n', b'\n', b'event: na', b'med\ndata: t',
             b'wo\n\n', b'data: a\ndata: b\n\n', b'data: end\n\n']
    result, done = [], threading.Event()

    def web(peer):
        while True:
            q = peer.request_head()
            if q is None:
                return
            peer.read_body(q)
            if q.target == '/events':
                peer.send(CHUNKED)
                for p in parts:
                    time.sleep(PAUSE)
                    peer.send(chunk(p))
                peer.recv_all()
                return
            if q.target == '/result':
                result.extend(json.loads(q.body))
                peer.send(OK)
                done.set()
            else:
                peer.send(b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
                          b'Content-Length: %d\r\n\r\n%s' % (len(PAGE), PAGE))
    with Origin(web) as o, Weir(CONF, o) as w:
        with chromium('http://127.0.0.1:%d/page' % w.port):
            assert done.wait(6 * WAIT), 'nothing from the page'
    same(result, ['7 one', 'named two', '7 a\nb', '7 end'], 'events')


if __name__ == '__main__':
    main()
