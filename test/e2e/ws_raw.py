"""Tunnels byte by byte: what goes in comes out, and so do the ends."""
# timeout: 240
import hashlib
import random
import struct
import threading
import time

from weir import (BINARY_OP, CLOSE, PING, PONG, SLOW, TEXT, Weir, case, each,
                  main, same, within, ws_close, ws_frame)
from ws_ends import Ends, finish


def from_server(op, data=b'', fin=1, rsv=0):
    return ws_frame(op, data, None, fin, rsv)


def carries(a, b, data, send=None):
    """What a sends arrives at b, the same."""
    sender = threading.Thread(target=send or a.send, args=(data,))
    sender.start()
    got = b.recv_n(len(data))
    sender.join()
    assert got == data, 'other bytes arrived: %r for %r' % (got[:100],
                                                            data[:100])


def closed(w, n=1):
    return w.wait_log('tunnel_close', n)[n - 1]


# Bytes pass unchanged

def told(peer, by, how='closed'):
    """The other side's end arrives: a client hears in a Close of a server that
    went without one, a server sees the bare end."""
    if by == 'upstream':
        f = peer.frame()
        same((f.op, f.code(), f.data[2:]),
             (CLOSE, 1011, b'upstream_' + how.encode()), 'the farewell')
    peer.ended('eof')


def some_frames(mask):
    out = b''
    for n in 0, 1, 2, 124, 125, 126, 127, 1000, 65535, 65536, 70000:
        out += ws_frame(TEXT if n % 2 else BINARY_OP, b'x' * n, mask)
    out += ws_frame(TEXT, b'a', mask, fin=0)
    out += ws_frame(PING, b'between', mask)
    out += ws_frame(0, b'b', mask, fin=0) + ws_frame(0, b'', mask)
    out += ws_frame(PONG, b'', mask)
    return out


@case
def bytewise():
    """One byte at a time, both ways."""
    with Ends() as o, Weir('', o) as w:
        c, s = o.pair(w)
        for a, b, mask in (c, s, b'abcd'), (s, c, None):
            data = some_frames(mask)
            short = (ws_frame(TEXT, b'x' * 130, mask) +
                     ws_frame(BINARY_OP, b'y' * 65536, mask)[:14])
            carries(a, b, short, a.drip)
            carries(a, b, b'y' * (len(ws_frame(BINARY_OP, b'y' * 65536,
                                               mask)) - 14))
            carries(a, b, data)
        finish(c, s)
        line = closed(w)
        same((line['messages_in'], line['messages_out']), ('14', '14'),
             'messages')


@case
def odd_sizes():
    """Cut at places of all kinds."""
    dice = random.Random(5)
    with Ends() as o, Weir('', o) as w:
        c, s = o.pair(w)
        for a, b, mask in (c, s, b'abcd'), (s, c, None):
            data = some_frames(mask) * 3
            for step in 1000, 4093, 65521, 65536, 65537, 100003:
                def send(data):
                    a.send_cuts(data, range(step, len(data), step), 0)
                carries(a, b, data, send)
            cuts = sorted(dice.sample(range(len(data)), 300))
            carries(a, b, data, lambda d: a.send_cuts(d, cuts, 0.0003))
        finish(c, s)
        line = closed(w)
        same((line['messages_in'], line['messages_out']),
             (str(12 * 3 * 7), str(12 * 3 * 7)), 'messages')


@case
def at_once():
    """Both directions full at the same time."""
    dice = random.Random(6)
    with Ends() as o, Weir('', o) as w:
        c, s = o.pair(w)
        up = b''.join(ws_frame(BINARY_OP, dice.randbytes(200000))
                      for _ in range(60))
        down = b''.join(from_server(BINARY_OP, dice.randbytes(200000))
                        for _ in range(60))
        got = {}

        def read(peer, n):
            got[peer] = hashlib.sha256(peer.recv_n(n)).digest()
        threads = [threading.Thread(target=f, args=a) for f, a in (
            (c.send, (up,)), (s.send, (down,)), (read, (c, len(down))),
            (read, (s, len(up))))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        same(got[s], hashlib.sha256(up).digest(), 'sum at the upstream')
        same(got[c], hashlib.sha256(down).digest(), 'sum at the client')
        finish(c, s)
        line = closed(w)
        same((line['messages_in'], line['messages_out'], line['bytes_in'],
              line['bytes_out']),
             ('60', '60', str(len(up)), str(len(down))), 'log')


@case
def unknown():
    """Opcodes and reserved bits are the endpoints' business, and so are
    masks, fragments and lengths."""
    with Ends() as o, Weir('', o) as w:
        c, s = o.pair(w)
        for a, b, mask in (c, s, b'abcd'), (s, c, None), (c, s, None), \
                (s, c, b'abcd'):
            for op in set(range(16)) - {CLOSE}:
                for rsv in range(8):
                    for fin in 0, 1:
                        carries(a, b, ws_frame(op, b'ab', mask, fin, rsv))
            # a control frame that is too long, a continuation of nothing
            carries(a, b, ws_frame(PING, b'x' * 70000, mask))
            carries(a, b, ws_frame(0, b'x', mask))
            # text that is no UTF-8
            carries(a, b, ws_frame(TEXT, b'\xff\xfe', mask))
        # nobody has closed anything
        same(w.log('tunnel_close'), [], 'closes')
        finish(c, s)


@case
def long_lengths():
    """Lengths of eight bytes, beyond what would ever come; the tunnel does
    not wait for them."""
    with Ends() as o, Weir('', o) as w:
        for n in 0, 5, 65535, 65536, 1 << 31, 1 << 32, (1 << 32) + 1, \
                1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1:
            c, s = o.pair(w)
            head = bytes([0x82, 127]) + struct.pack('>Q', n)
            carries(s, c, head + b'abcde')
            head = bytes([0x82, 255]) + struct.pack('>Q', n) + b'mask'
            carries(c, s, head + b'abcde')
            # to those that expect frames these are empty ones
            carries(c, s, b'\0' * 100000)
            carries(s, c, b'\0' * 100000)
            finish(c, s)
        lines = w.wait_log('tunnel_close', 11)
        for line in lines:
            same(line['code'], '1006', 'code')
        for line in lines[4:]:
            same((line['messages_in'], line['messages_out']), ('0', '0'),
                 'messages')


@case
def not_minimal():
    """A length that could be shorter is followed all the same."""
    with Ends() as o, Weir('', o) as w:
        c, s = o.pair(w)
        data = b''
        for n in 0, 1, 125:
            data += bytes([0x81, 126]) + struct.pack('>H', n) + b'x' * n
            data += bytes([0x81, 127]) + struct.pack('>Q', n) + b'x' * n
        carries(s, c, data)
        close = bytes([0x88, 126]) + struct.pack('>H', 2) + b'\x0f\xa0'
        carries(s, c, close)
        finish(s, c)
        line = closed(w)
        same((line['messages_out'], line['code'], line['by']),
             ('6', '4000', 'upstream'), 'log')


@case
def counters():
    """Messages, not frames; and no control frames."""
    with Ends() as o, Weir('', o) as w:
        c, s = o.pair(w)
        up = (ws_frame(TEXT, b'one') + ws_frame(TEXT, b't', fin=0) +
              ws_frame(PING, b'x') + ws_frame(0, b'w', fin=0) +
              ws_frame(0, b'o') + ws_frame(BINARY_OP) +
              ws_frame(PONG, b'y'))
        down = (from_server(TEXT, b'a') * 5 +
                from_server(BINARY_OP, b'b', fin=0) + from_server(0, b'') +
                from_server(PING))
        carries(c, s, up)
        carries(s, c, down)
        # half a frame at the end counts its bytes, and no message
        carries(c, s, ws_frame(TEXT, b'abcdef')[:-1])
        finish(c, s)
        line = closed(w)
        same((line['messages_in'], line['messages_out'], line['bytes_in'],
              line['bytes_out']),
             ('3', '6', str(len(up) + 11), str(len(down))), 'log')


# Closes

CLOSES = [('code %d' % code, code, b'why') for code in
          (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
           1014, 1015, 1004, 1005, 1006, 999, 0, 2999, 3000, 3999, 4000,
           4999, 5000, 65535)] + [
    ('no reason', 1000, b''), ('the longest reason', 4321, b'r' * 123)]


@case
def close_codes():
    """Each code passes as it is, from either side, and is in the log."""
    with Ends() as o, Weir('', o) as w:
        done = []

        def check(name, code, text):
            for by in 'client', 'upstream':
                for drip in False, True:
                    c, s = o.pair(w)
                    a, b = (c, s) if by == 'client' else (s, c)
                    mask = b'abcd' if by == 'client' else None
                    back = None if by == 'client' else b'abcd'
                    data = ws_close(code, text, mask)
                    carries(a, b, data, a.drip if drip else None)
                    carries(b, a, ws_close(1000, b'', back))
                    finish(b, a)
                    done.append(code)
                    line = closed(w, len(done))
                    same((line['by'], line['code'], line['reason']),
                         (by, str(code), by + '_closed'), 'log')
        each(CLOSES, check)


@case
def close_without_code():
    with Ends() as o, Weir('', o) as w:
        for n, by in enumerate(('client', 'upstream')):
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)
            carries(a, b, ws_frame(CLOSE, b'', b'abcd' if a is c else None))
            carries(b, a, ws_close(1000, b'', b'abcd' if b is c else None))
            finish(c, s)
            line = closed(w, n + 1)
            same((line['by'], line['code']), (by, '1005'), 'log')


@case
def close_then_eof():
    """The usual end: Close, Close, then the server ends the connection."""
    with Ends() as o, Weir('', o) as w:
        c, s = o.pair(w)
        carries(c, s, ws_frame(TEXT, b'last') + ws_close(3001, b'bye'))
        s.send(from_server(TEXT, b'yes') + ws_close(3001, b'bye', None))
        finish(s)
        same([c.frame().data, c.frame().code()], [b'yes', 3001], 'frames')
        c.ended('eof')
        finish(c)
        line = closed(w)
        same((line['by'], line['code'], line['reason']),
             ('client', '3001', 'client_closed'), 'log')
        assert float(line['seconds']) < 3 * SLOW, line


@case
def close_and_eof_at_once():
    """A Close and the end in one go: nothing of it is lost."""
    for by in 'client', 'upstream':
        with Ends() as o, Weir('', o) as w:
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)
            mask = b'abcd' if by == 'client' else None
            a.send(ws_frame(BINARY_OP, b'x' * 3000000, mask) +
                   ws_close(4001, b'', mask))
            finish(a)
            same(len(b.frame().data), 3000000, 'last message')
            same(b.frame().code(), 4001, 'code')
            b.ended('eof')
            finish(b)
            line = closed(w)
            same((line['by'], line['code']), (by, '4001'), 'log')


# Ends of connections

@case
def half_close():
    """One side ends its sending; the other direction goes on."""
    for by in 'client', 'upstream':
        with Ends() as o, Weir('', o) as w:
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)
            to_a = None if by == 'client' else b'abcd'
            to_b = b'abcd' if by == 'client' else None
            a.send(ws_frame(TEXT, b'last', to_b))
            a.shut()
            same(b.frame().data, b'last', 'before the end')
            told(b, by)
            for i in range(5):
                carries(b, a, ws_frame(TEXT, b'after %d' % i, to_a))
                time.sleep(0.02)
            carries(b, a, ws_frame(BINARY_OP, b'x' * 5000000, to_a))
            same(w.log('tunnel_close'), [], 'closes')
            b.shut()
            a.ended('eof')
            line = closed(w)
            same((line['by'], line['code'], line['reason']),
                 (by, '1006' if by == 'client' else '1011',
                  by + '_closed'), 'log')
            same(line['messages_%s' % ('out' if by == 'client' else 'in')],
                 '6', 'messages after it')
            finish(c, s)


@case
def half_close_with_much():
    """What was sent before the end arrives, however slowly it is read."""
    data = random.Random(7).randbytes(20 << 20)
    for by in 'client', 'upstream':
        with Ends() as o, Weir('', o) as w:
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)
            t = threading.Thread(target=lambda: (a.send(data), a.shut()))
            t.start()
            time.sleep(0.3)
            got = b.recv_n(len(data))
            t.join()
            assert got == data, 'other bytes'
            b.ended('eof')
            finish(c, s)
            closed(w)


@case
def both_at_once():
    with Ends() as o, Weir('', o) as w:
        pairs = [o.pair(w) for _ in range(20)]
        for c, s in pairs:
            c.shut()
            s.shut()
        for c, s in pairs:
            c.recv_all()
            s.ended('eof')
            finish(c, s)
        for line in w.wait_log('tunnel_close', 20):
            within(line['code'], '1006|1011', 'code')


@case
def resets():
    """A reset of one side ends the other at once."""
    for by in 'client', 'upstream':
        with Ends() as o, Weir('', o) as w:
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)
            carries(a, b, b'\x81\x00' if a is s else ws_frame(TEXT))
            began = time.monotonic()
            a.reset()
            told(b, by, 'reset') if by == 'upstream' else b.ended()
            line = closed(w)
            assert time.monotonic() - began < 2 * SLOW, 'late'
            same((line['by'], line['code'], line['reason']),
                 (by, '1006' if by == 'client' else '1011',
                  by + '_reset'), 'log')
            assert float(line['seconds']) < 2 * SLOW, line
            finish(c, s)
            o.quiet()


@case
def reset_while_sending():
    """One side goes while the other sends as fast as it can."""
    for by in 'client', 'upstream':
        with Ends() as o, Weir('linger = 500ms', o) as w:
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)

            def flood():
                while b.send(b'\x82\x7d' + b'x' * 125):
                    pass
            t = threading.Thread(target=flood)
            t.start()
            a.recv_n(1000000)
            a.reset()
            t.join(3 * SLOW)
            late = t.is_alive()
            b.reset()
            t.join()
            assert not late, 'the sender was not told'
            line = closed(w)
            same((line['by'], line['code'], line['reason']),
                 (by, '1006' if by == 'client' else '1011',
                  by + '_reset'), 'log')
            finish(c, s)


@case
def reset_behind_bytes():
    """What a side sent before its reset may be lost, but nothing hangs and
    nothing leaks."""
    with Ends() as o, Weir('', o) as w:
        fds = w.fds()
        for i in range(50):
            c, s = o.pair(w)
            a, b = (c, s) if i % 2 else (s, c)
            a.send(b'\x82\x7d' + b'x' * (i * 1000))
            a.reset()
            b.recv_all()
            finish(c, s)
        w.wait_log('tunnel_close', 50)
        w.wait_fds(fds)


@case
def linger():
    """A side that does not follow is waited for so long and no longer, even
    if it goes on sending."""
    for by in 'client', 'upstream':
        for busy in False, True:
            with Ends() as o, Weir('linger = 500ms', o) as w:
                c, s = o.pair(w)
                a, b = (c, s) if by == 'client' else (s, c)
                a.shut()
                told(b, by)
                began = time.monotonic()
                while busy and b.send(b'\x81\x00') and \
                        time.monotonic() - began < 5 * SLOW:
                    time.sleep(0.02)
                a.recv_all()
                if not busy:
                    b.sock.settimeout(5 * SLOW)
                took = time.monotonic() - began
                assert 0.3 < took < 4 * SLOW, took
                line = closed(w)
                same((line['by'], line['code']), (by, '1006' if by == 'client' else '1011'),
                     'log')
                within(line['reason'], 'linger|%s_closed' % by, 'reason')
                finish(c, s)
                o.quiet()


@case
def linger_idle():
    """A half-closed tunnel costs no CPU."""
    with Ends() as o, Weir('linger = 60s', o) as w:
        c, s = o.pair(w)
        c.shut()
        s.ended('eof')
        d, t = o.pair(w)
        t.shut()
        told(d, 'upstream')
        w.idle()
        finish(c, s, d, t)
        w.wait_log('tunnel_close', 2)


# tunnel_idle

@case
def idle():
    """A tunnel without a byte ends with a Close to both sides."""
    with Ends() as o, Weir('tunnel_idle = 400ms', o) as w:
        c, s = o.pair(w)
        began = time.monotonic()
        f, g = c.frame(), s.frame()
        took = time.monotonic() - began
        assert 0.3 < took < 4 * SLOW, took
        same((f.op, f.code(), f.mask), (CLOSE, 1001, None), 'to the client')
        same((g.op, g.code()), (CLOSE, 1001), 'to the upstream')
        assert g.mask, 'a frame to a server is masked'
        s.send(ws_close(1001, b'', None))
        s.shut()
        c.send(ws_close(1001))
        c.shut()
        c.ended('eof')
        s.ended('eof')
        finish(c, s)
        line = closed(w)
        same((line['by'], line['code'], line['reason']),
             ('weir', '1001', 'idle'), 'log')


@case
def idle_no_more():
    """Bytes in either direction keep it up."""
    with Ends() as o, Weir('tunnel_idle = 500ms', o) as w:
        c, s = o.pair(w)
        for i in range(12):
            a, b = (c, s) if i // 6 else (s, c)
            carries(a, b, b'\x8a\x00' if a is s else ws_frame(PONG))
            time.sleep(0.15)
        same(w.log('tunnel_close'), [], 'closes')
        same(c.frame().code(), 1001, 'in the end')
        finish(c, s)


@case
def idle_in_a_frame():
    """No Close is put into the middle of a frame; the tunnel ends yet."""
    with Ends() as o, Weir('tunnel_idle = 300ms\nlinger = 500ms', o) as w:
        c, s = o.pair(w)
        half = ws_frame(TEXT, b'x' * 1000)[:500]
        carries(c, s, half)
        began = time.monotonic()
        got = s.recv_all()
        assert time.monotonic() - began < 8 * SLOW, 'it stays'
        same(got, b'', 'behind half a frame')
        finish(c, s)
        line = closed(w)
        same((line['by'], line['reason']), ('weir', 'idle'), 'log')


@case
def idle_deaf():
    """Sides that ignore the Close do not stay for ever."""
    with Ends() as o, Weir('tunnel_idle = 300ms\nlinger = 500ms', o) as w:
        c, s = o.pair(w)
        same((c.frame().op, s.frame().op), (CLOSE, CLOSE), 'closes')
        c.ended()
        s.ended()
        line = closed(w)
        same((line['by'], line['reason']), ('weir', 'idle'), 'log')
        finish(c, s)


@case
def after_close():
    """No Close of weir's follows one that has passed."""
    with Ends() as o, Weir('tunnel_idle = 300ms\nlinger = 500ms', o) as w:
        c, s = o.pair(w)
        carries(c, s, ws_close(1000))
        # the upstream does not answer it, and none is put to it again
        same(s.recv_all(), b'', 'to the upstream')
        f = c.frame()
        assert f is None or f.op == CLOSE, f
        line = closed(w)
        same((line['by'], line['code']), ('client', '1000'), 'log')
        finish(c, s)


# Lots of them

@case
def churn():
    """Tunnels come and go; nothing is left behind."""
    with Ends() as o, Weir('', o) as w:
        for c, s in [o.pair(w) for _ in range(50)]:
            finish(c, s)
        w.wait_log('tunnel_close', 50)
        fds, memory = w.fds(), w.memory_kb()
        for round in range(10):
            pairs = [o.pair(w) for _ in range(50)]
            for i, (c, s) in enumerate(pairs):
                c.send(ws_frame(TEXT, b'x' * 100))
                if i % 3 == 0:
                    c.send(ws_close())
                if i % 5 == 0:
                    s.reset()
                finish(c, s)
        w.wait_log('tunnel_close', 550)
        w.wait_fds(fds)
        assert w.memory_kb() - memory < 1000, (memory, w.memory_kb())


@case
def interleaved_pings():
    """Control frames of one direction do not wait for the other."""
    with Ends() as o, Weir('', o) as w:
        c, s = o.pair(w)
        # the client sends half a message and waits
        carries(c, s, ws_frame(TEXT, b'x' * 100000)[:50000])
        for i in range(10):
            carries(s, c, from_server(PING, b'%d' % i))
        carries(c, s, ws_frame(TEXT, b'x' * 100000)[50000:])
        finish(c, s)
        closed(w)


main()
