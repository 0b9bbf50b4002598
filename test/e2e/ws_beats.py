"""Heartbeats: weir's own pings and pongs, and peers that fall silent."""
# timeout: 300
import os
import signal
import subprocess
import sys
import threading
import time

from weir import (BINARY_OP, BRIEF, CLOSE, PING, PONG, SLOW, TEXT, WAIT, Skip,
                  Weir, case, main, run_weir, same, until, ws_accept, ws_frame,
                  ws_request)
from ws_ends import (Ends, finish, frame, logged, next_frame, passes, places,
                     told)

try:
    import websockets
except ImportError:
    websockets = None

CONT = 0
# rare enough that a slow machine answers in time
BEATS = 'ping = 100ms\nping_timeout = %dms\n' % (10000 * SLOW)


def ping(peer):
    """weir's next ping; its payload."""
    f = next_frame(peer)
    same((f.op, f.fin, f.rsv, len(f.data)), (PING, 1, 0, 12), 'a ping')
    return f.data


def pong(peer, data):
    """The bytes of its answer."""
    return frame(peer, PONG, data)


def skip_pings(peer, answer=True):
    """The next frame that is no ping of weir's; these are answered."""
    while True:
        f = next_frame(peer)
        if f.op != PING or len(f.data) != 12:
            return f
        if answer:
            peer.send(pong(peer, f.data))


@case
def both_legs():
    """Pings come on both, again and again; pongs to them go no further."""
    for what, o, w in places(BEATS):
        with o, w:
            c, s = o.pair(w)
            for peer in c, s:
                seen = []
                for _ in range(4):
                    seen.append(ping(peer))
                    peer.send(pong(peer, seen[-1]))
                # one tag, and a number that counts
                same(len({x[:8] for x in seen}), 1, what + ': tags')
                numbers = [int.from_bytes(x[8:], 'big') for x in seen]
                same(numbers, list(range(numbers[0], numbers[0] + 4)),
                     what + ': numbers')
            c.send(frame(c, TEXT, b'up'))
            f = skip_pings(s)
            same((f.op, f.data), (TEXT, b'up'), what)
            s.send(frame(s, TEXT, b'down'))
            f = skip_pings(c)
            same((f.op, f.data), (TEXT, b'down'), what)
            c.send(frame(c, CLOSE, b'\3\xe8'))
            same(skip_pings(s).op, CLOSE, what)
            s.send(frame(s, CLOSE, b'\3\xe8'))
            same(skip_pings(c).op, CLOSE, what)
            finish(c, s)
            line = logged(w, 'client', 1000, 'client_closed')
            for rtt in 'rtt_client', 'rtt_upstream':
                assert 0 <= int(line[rtt]) < 1000 * WAIT, line
            same((line['messages_in'], line['messages_out']), ('1', '1'),
                 'messages')


@case
def tags_differ():
    """Nobody can tell another's tag from the own one's place."""
    with Ends() as o, Weir(BEATS, o) as w:
        pairs = [o.pair(w) for _ in range(5)]
        tags = {ping(p)[:8] for pair in pairs for p in pair}
        same(len(tags), 10, 'tags')
        for c, s in pairs:
            finish(c, s)


@case
def round_trip():
    """It is in the log; without a ping there is none."""
    with Ends() as o, Weir('ping = 100ms\nping_upstream = 0\n'
                           'ping_timeout = 60s\n', o) as w:
        c, s = o.pair(w)
        data = ping(c)
        time.sleep(0.25)
        c.send(pong(c, data))
        # it has been read when the next one comes
        ping(c)
        finish(c, s)
        line = w.next('tunnel_close')
        assert int(line['rtt_client']) >= 249, line
        assert 'rtt_upstream' not in line, line


@case
def cut_pongs():
    """weir's pongs in any cut, glued with messages, between fragments."""
    for check in 'relaxed', 'strict':
        for what, o, w in places(BEATS.replace('100', '50') +
                                 'ws_check = %s\n' % check):
            steps = (1, 3, 17, 1000) if what == 'plain' else (5,)
            with o, w:
                for by in 'client', 'upstream':
                    c, s = o.pair(w)
                    a, b = (c, s) if by == 'client' else (s, c)
                    for step in steps:
                        for at in 0, 1, 2, 3:
                            one_cut(a, b, step, at)
                    finish(c, s)
                    w.next('tunnel_close')


def one_cut(a, b, step, at):
    """An answer among other frames in pieces of step bytes; b gets these
    alone. It stands at one of four places."""
    data = until(lambda: a.frame(), 'a ping').data
    own = frame(a, PONG, data)
    # application's, of the same length and nearly the same
    near = [frame(a, PONG, x) for x in
            (b'p' * 12, data[:7] + bytes([data[7] ^ 1]) + data[8:],
             data[:11], data + b'x', data[:8], b'')]
    frames = [frame(a, TEXT, b'one'), frame(a, BINARY_OP, b'x', 0),
              frame(a, CONT, b'y' * 130, 0), frame(a, PING, b'q' * 12)
              ] + near + [frame(a, CONT, b''), frame(a, TEXT, b'last')]
    want = b''.join(frames)
    frames.insert((0, 1, 2, len(frames))[at], own)
    # pings come to b meanwhile: nobody answers them
    sent = b''.join(frames)
    a.send_cuts(sent, range(step, len(sent), step),
                0.0003 if step < 10 else 0)
    got = b''
    while len(got) < len(want):
        f = next_frame(b)
        if f.op == PING and len(f.data) == 12 and f.data != b'q' * 12:
            continue
        got += frame(a, f.op, f.data, f.fin, f.rsv)
    same(got, want, 'steps of %d' % step)


@case
def applications_own():
    """Pings and pongs of the application pass both ways untouched, those of
    12 bytes too."""
    with Ends() as o, Weir(BEATS, o) as w:
        c, s = o.pair(w)
        # pings wait for their answers on both legs
        time.sleep(0.2)
        for a, b in (c, s), (s, c):
            for n in 0, 1, 11, 12, 13, 125:
                for op in PING, PONG:
                    a.send(frame(a, op, b'z' * n))
                    while True:
                        f = next_frame(b)
                        if not (f.op == PING and f.data != b'z' * n):
                            break
                    same((f.op, f.data), (op, b'z' * n), 'control')
        finish(c, s)


@case
def old_pong():
    """One that comes late, or twice, or to an earlier ping."""
    with Ends() as o, Weir(BEATS, o) as w:
        c, s = o.pair(w)
        first = ping(c)
        c.send(frame(c, TEXT, b'alive'))
        second = ping(c)
        c.send(pong(c, first) + frame(c, TEXT, b'a') + pong(c, second) +
               frame(c, TEXT, b'b'))
        got = [skip_pings(s) for _ in range(3)]
        same([(f.op, f.data) for f in got],
             [(TEXT, b'alive'), (TEXT, b'a'), (TEXT, b'b')], 'frames')
        finish(c, s)


# Silence

@case
def silent():
    """One side answers nothing: the other is told, and both ends go."""
    rows = [('client', 1001, 'ping = 200ms\nping_upstream = 0\n'),
            ('upstream', 1011, 'ping = 0\nping_upstream = 200ms\n')]
    for by, code, conf in rows:
        reason = by + '_silent'
        for what, o, w in places(conf + 'ping_timeout = 300ms\n'
                                 'linger = 300ms\n'):
            with o, w:
                c, s = o.pair(w)
                a, b = (c, s) if by == 'client' else (s, c)
                ping(a)
                told(b, code, reason)
                told(a, code, reason)
                line = logged(w, 'weir', code, reason)
                # never before both times are over
                assert float(line['seconds']) >= 0.47, (what, line)
                finish(c, s)
                o.quiet()


@case
def alive_without_pongs():
    """Who sends something lives, with or without pongs."""
    with Ends() as o, Weir('ping = 100ms\nping_timeout = %dms\n'
                           % (1500 * SLOW), o) as w:
        c, s = o.pair(w)
        end = time.monotonic() + 3 * SLOW
        n = 0
        while time.monotonic() < end:
            for a, b in (c, s), (s, c):
                a.send(frame(a, TEXT, b'%d' % n))
                f = skip_pings(b, answer=False)
                same(f.data, b'%d' % n, 'message')
            time.sleep(0.15)
            n += 1
        same(w.log('tunnel_close'), [], 'ends')
        finish(c, s)


def pour(peer, data):
    for i in range(0, len(data), 65536):
        if not peer.send(data[i:i + 65536]):
            return


@case
def slow_reader():
    """A client in the middle of a large message lives as long as it reads,
    however slowly, and dies when it stops."""
    if b'idle set: none' in run_weir('-V')[1]:
        raise Skip('a bare POSIX does not tell what is on its way')
    conf = 'ping = 100ms\nping_timeout = %dms\nlinger = 300ms\n' \
        'ping_upstream = 0\n' % (1000 * SLOW)
    for what, o, w in places(conf):
        with o, w:
            data = ws_frame(BINARY_OP, os.urandom(32 << 20), None)
            c = w.connect(rcvbuf=4096)
            same(c.ask(ws_request()).get('sec-websocket-accept'),
                 ws_accept(), 'Accept')
            s = o.taken()
            got, end = 0, time.monotonic() + 3 * SLOW
            writer = threading.Thread(target=pour, args=(s, data),
                                      daemon=True)
            s.sock.settimeout(5 * WAIT)
            writer.start()
            while time.monotonic() < end:
                if not c.buf:
                    assert c.fill(), what + ': ended while it was read'
                got += len(c.buf)
                c.buf = b''
                time.sleep(0.02)
            same(w.log('tunnel_close'), [], what + ': ends')
            assert got < len(data), what + ': read to the end'
            # and now it stops
            line = w.wait_log('tunnel_close')[0]
            same((line['by'], line['reason']), ('weir', 'client_silent'),
                 what)
            until(lambda: not writer.is_alive(), 'the sender to be told')
            finish(c, s)


@case
def reads_nothing():
    """A client that never takes a byte of a stream is found."""
    with Ends() as o, Weir('ping = 100ms\nping_timeout = 500ms\n'
                           'ping_upstream = 0\nlinger = 300ms\n', o) as w:
        c, s = o.pair(w)
        small = frame(s, TEXT, b'x' * 1000)
        s.sock.settimeout(2 * WAIT)
        while s.send(small * 100):
            pass
        line = w.wait_log('tunnel_close')[0]
        same((line['by'], line['reason']), ('weir', 'client_silent'), 'log')
        finish(c, s)


@case
def one_side_blocked():
    """The upstream is not listened to while the client takes nothing: it is
    not the one that is silent."""
    with Ends() as o, Weir('ping = 0\nping_upstream = 100ms\n'
                           'ping_upstream_timeout = 200ms\n', o) as w:
        data = ws_frame(BINARY_OP, os.urandom(32 << 20), None)
        c, s = o.pair(w)
        s.sock.settimeout(5 * WAIT)
        writer = threading.Thread(target=s.send, args=(data,), daemon=True)
        writer.start()
        time.sleep(1.5 * SLOW)
        same(w.log('tunnel_close'), [], 'ends')
        assert c.recv_n(len(data)) == data, 'other bytes'
        writer.join()
        finish(c, s)


# the upstream of stopped(), a process that can be stopped
ECHO = '''
import asyncio, websockets
async def echo(ws, *_):
    async for m in ws:
        await ws.send(m)
async def run():
    async with websockets.serve(echo, '127.0.0.1', 0, ping_interval=None) as s:
        print(s.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(run())
'''
CLIENT = '''
import asyncio, sys, websockets
async def run():
    async with websockets.connect(sys.argv[1], ping_interval=None) as c:
        await c.send('hello')
        print(await c.recv(), flush=True)
        await c.wait_closed()
        print(c.close_code, c.close_reason, flush=True)
asyncio.run(run())
'''


def script(text, *args):
    return subprocess.Popen([sys.executable, '-c', text] + list(args),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            text=True)


@case
def stopped():
    """Real programs that are stopped, on either side."""
    if websockets is None:
        raise Skip('no websockets for Python')
    conf = 'ping = 200ms\nping_timeout = %dms\nlinger = 300ms\n' \
        % (1500 * SLOW)
    for which in 'client', 'upstream':
        server = script(ECHO)
        url = 'ws://127.0.0.1:%d' % int(server.stdout.readline())
        try:
            with Weir(conf, url) as w:
                c = script(CLIENT, 'ws://127.0.0.1:%d/' % w.port)
                try:
                    same(c.stdout.readline(), 'hello\n', 'echo')
                    # answering pings for a while
                    time.sleep(2.5 * SLOW)
                    same(w.log('tunnel_close'), [], 'ends')
                    victim = c if which == 'client' else server
                    victim.send_signal(signal.SIGSTOP)
                    line = w.wait_log('tunnel_close')[0]
                    code = 1001 if which == 'client' else 1011
                    same((line['by'], line['code'], line['reason']),
                         ('weir', str(code), which + '_silent'), 'log')
                    assert 'rtt_client' in line and 'rtt_upstream' in line
                    victim.send_signal(signal.SIGCONT)
                    same(c.stdout.readline(),
                         '%d %s_silent\n' % (code, which), 'at the client')
                finally:
                    c.kill()
                    c.wait()
        finally:
            server.kill()
            server.wait()


# When there are none

@case
def none():
    """No pings with ping = 0, with ws_check = off, after a Close or an end;
    and with ping_upstream another time than with ping."""
    for conf in ('ping = 0\n', 'ping = 50ms\nws_check = off\n',
                 'ping = 0\nping_timeout = 50ms\n'):
        with Ends() as o, Weir(conf, o) as w:
            c, s = o.pair(w)
            c.silent(3 * BRIEF)
            s.silent()
            passes(c, s, TEXT, b'hello')
            finish(c, s)
    with Ends() as o, Weir('ping = 0\nping_upstream = 50ms\n', o) as w:
        c, s = o.pair(w)
        for _ in range(3):
            s.send(pong(s, ping(s)))
        c.silent()
        finish(c, s)
    with Ends() as o, Weir('ping = 50ms\nping_upstream = 0\n', o) as w:
        c, s = o.pair(w)
        for _ in range(3):
            c.send(pong(c, ping(c)))
        s.silent()
        finish(c, s)


@case
def none_after_close():
    conf = 'ping = 400ms\nping_timeout = 60s\n'
    for by in 'client', 'upstream':
        for how in 'Close', 'end':
            with Ends() as o, Weir(conf, o) as w:
                c, s = o.pair(w)
                a, b = (c, s) if by == 'client' else (s, c)
                if how == 'Close':
                    a.send(frame(a, CLOSE, b'\3\xe8'))
                    same(next_frame(b).op, CLOSE, 'Close')
                else:
                    a.shut()
                    if by == 'upstream':
                        told(b, 1011, 'upstream_closed')
                    else:
                        b.ended('eof')
                a.silent(3 * BRIEF)
                if how == 'Close':
                    b.silent()
                finish(c, s)


@case
def between_frames():
    """A ping waits for the end of a frame that is half through."""
    with Ends() as o, Weir('ping = 100ms\nping_timeout = 60s\n'
                           'ping_upstream = 0\n', o) as w:
        c, s = o.pair(w)
        data = frame(s, TEXT, b'x' * 100)
        s.send(data[:50])
        same(c.recv_n(50), data[:50], 'half a frame')
        c.silent(2 * BRIEF)
        s.send(data[50:])
        same(c.recv_n(len(data) - 50), data[50:], 'the other half')
        c.send(pong(c, ping(c)))
        # between the fragments of a message one may stand
        s.send(frame(s, TEXT, b'a', 0))
        same(skip_pings(c).data, b'a', 'a fragment')
        c.send(pong(c, ping(c)))
        s.send(frame(s, CONT, b'b'))
        same(skip_pings(c).data, b'b', 'the last')
        finish(c, s)


@case
def no_sign_of_use():
    """weir's own pings and pongs do not keep an idle tunnel."""
    with Ends() as o, Weir('ping = 50ms\nping_timeout = 60s\n'
                           'tunnel_idle = %dms\n' % (1000 * SLOW), o) as w:
        c, s = o.pair(w)
        for p in c, s:
            p.sock.settimeout(WAIT)
        def answers(p):
            f = skip_pings(p)
            p.last = (f.op, f.code(), f.data[2:])
        threads = [threading.Thread(target=answers, args=(p,), daemon=True)
                   for p in (c, s)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(WAIT)
        for p in c, s:
            same(p.last, (CLOSE, 1001, b'idle'), "weir's Close")
        line = logged(w, 'weir', 1001, 'idle')
        assert 'rtt_client' in line and 'rtt_upstream' in line, line
        finish(c, s)


main()
