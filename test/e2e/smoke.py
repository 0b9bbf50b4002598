"""The main job in a few seconds, by sockets alone: a request and a WebSocket
message pass through "weir LISTEN UPSTREAM" to "weir echo" and come back."""
from weir import (CLOSE, TEXT, Weir, case, free_port, listening, main, plain,
                  run_weir, same, until, ws_close, ws_frame)


class Echo(Weir):
    """weir as the echo server."""

    def __init__(self):
        port = free_port()
        super().__init__(args=['echo', '127.0.0.1:%d' % port], ready=False)
        self.port = port
        self.url = 'ws://127.0.0.1:%d' % port
        until(lambda: listening(port), 'the echo server')


class Line(Weir):
    """weir in one line."""

    def __init__(self, upstream):
        port = free_port()
        super().__init__(args=['127.0.0.1:%d' % port, upstream])
        self.port = port
        self.address = ('127.0.0.1', port)


@case
def request():
    with Echo() as e, Line(e.url) as w:
        r = w.get('/hello?a=b', method='POST', body=b'a body',
                  more='X-Mine: yes\r\n')
        same(r.status, 200, 'status')
        assert r.body.startswith(b'POST /hello?a=b HTTP/1.1\r\n'), r.body
        assert b'\r\nX-Mine: yes\r\n' in r.body, r.body
        assert r.body.endswith(b'\r\n\r\na body'), r.body
        line = w.next()
        same((line['method'], line['target'], line['status'],
              line['reason'], line['bytes_in']),
             ('POST', '/hello?a=b', '200', 'ok', '6'), 'log')
        with w.connect() as c:
            for _ in range(3):
                same(c.ask(plain('/again')).status, 200, 'status')


@case
def websocket():
    with Echo() as e, Line(e.url) as w:
        with w.tunnel('/chat') as c:
            for text in b'hello, weir', b'', b'x' * 70000:
                c.send(ws_frame(TEXT, text))
                f = c.frame()
                same((f.fin, f.op, f.mask, f.data), (1, TEXT, None, text),
                     'echo')
            c.send(ws_close(1000, b'done'))
            f = c.frame()
            same((f.op, f.code(), f.data[2:]), (CLOSE, 1000, b'done'),
                 'close')
            c.ended('eof')
        line = w.next('tunnel_close')
        same((line['by'], line['code'], line['messages_in'],
              line['messages_out']), ('client', '1000', '3', '3'), 'log')


@case
def version():
    status, out, _ = run_weir('-V')
    same(status, 0, 'exit status')
    assert out.startswith(b'weir '), out


main()
