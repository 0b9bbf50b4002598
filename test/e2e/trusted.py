#!/usr/bin/python3
"""Whom a request is from, when trusted proxies say so."""
import json
import os
import shutil
import socket
import subprocess
import tempfile

from weir import Origin, Peer, Skip, WAIT, Weir, case, describe, free_port
from weir import each, listening, main, plain, refusal, same, until
from weir import ws_request, ws_serve, KEY

XFF = 'X-Forwarded-For: '


def come(w, source):
    s = socket.socket()
    s.settimeout(WAIT)
    s.bind((source, 0))
    s.connect(w.address)
    return Peer(s)


def told(w, more, source='127.0.0.1', target='/'):
    """What the upstream sees of a request with these fields."""
    with come(w, source) as c:
        r = c.ask(plain(target, more))
    same(r.status, 200, 'status')
    fields = json.loads(r.body)['fields']
    return {k.lower(): v for k, v in fields}


@case
def the_log_and_the_upstream_agree():
    rows = [('127.0.0.1', XFF + '192.0.2.7\r\n', '192.0.2.7',
             '192.0.2.7, 127.0.0.1'),
            ('127.0.0.1', XFF + '6.6.6.6, 192.0.2.7, 10.0.0.9\r\n',
             '192.0.2.7', '192.0.2.7, 10.0.0.9, 127.0.0.1'),
            ('127.0.0.1', XFF + 'x\r\n', '127.0.0.1', '127.0.0.1'),
            ('127.0.0.1', '', '127.0.0.1', '127.0.0.1'),
            ('127.0.0.2', XFF + '192.0.2.7\r\n', '127.0.0.2', '127.0.0.2')]
    with Origin(describe) as u, \
            Weir('trusted_proxy = 127.0.0.1, 10.0.0.0/8', u) as w:
        def check(source, more, client, chain):
            fields = told(w, more, source)
            same(fields['x-forwarded-for'], chain, 'X-Forwarded-For')
            same(w.next()['client'], client, 'client in the log')
        each(rows, check)


@case
def one_connection_many_clients():
    with Origin(describe) as u, \
            Weir('trusted_proxy = 127.0.0.1\n', u) as w:
        with w.connect() as c:
            for i in range(1, 5):
                c.ask(plain(more=XFF + '192.0.2.%d\r\n' % i))
                same(w.next()['client'], '192.0.2.%d' % i, 'client')
            c.ask(plain())
            same(w.next()['client'], '127.0.0.1', 'nobody told')


@case
def other_fields_are_kept_or_replaced():
    more = ('X-Forwarded-Proto: https\r\nX-Forwarded-Host: b.example\r\n'
            'X-Forwarded-Port: 8443\r\nX-Request-Id: trace-1\r\n')
    with Origin(describe) as u, \
            Weir('trusted_proxy = 127.0.0.1\n', u) as w:
        f = told(w, more)
        same([f['x-forwarded-proto'], f['x-forwarded-host'],
              f['x-forwarded-port'], f['x-request-id']],
             ['https', 'b.example', '8443', 'trace-1'], 'kept')
        same(w.next()['request_id'], 'trace-1', 'in the log')
        f = told(w, more, '127.0.0.2')
        line = w.next()
        same([f['x-forwarded-proto'], f['x-forwarded-host'],
              f.get('x-forwarded-port'), f['x-request-id']],
             ['http', 'example.com', None, line['id']], 'replaced')
        same('request_id' in line, False, 'in the log')


@case
def fields_of_other_names():
    conf = 'trusted_proxy = 127.0.0.1\nclient_address = CF-Connecting-IP\n'
    with Origin(describe) as u, Weir(conf, u) as w:
        more = 'CF-Connecting-IP: 192.0.2.7\r\n' + XFF + '6.6.6.6\r\n'
        f = told(w, more)
        same(f['x-forwarded-for'], '192.0.2.7, 127.0.0.1', 'chain')
        same(f['cf-connecting-ip'], '192.0.2.7', 'passed on')
        f = told(w, more, '127.0.0.2')
        same(f['x-forwarded-for'], '127.0.0.2', 'not trusted')
        same('cf-connecting-ip' in f, False, 'not passed on')
    conf = ('trusted_proxy = 127.0.0.1\nclient_address = Forwarded\n'
            'forwarded = yes\n')
    with Origin(describe) as u, Weir(conf, u) as w:
        f = told(w, 'Forwarded: for=6.6.6.6, for="[2001:db8::1]:7"\r\n')
        same(f['forwarded'], 'for="[2001:db8::1]";host="example.com";'
             'proto=http, for=127.0.0.1', 'Forwarded')


@case
def no_redirect_behind_tls():
    conf = 'trusted_proxy = 127.0.0.1\nredirect = https\n'
    with Origin() as u, Weir(conf, u) as w:
        https = 'X-Forwarded-Proto: https\r\n'
        with come(w, '127.0.0.1') as c:
            same(c.ask(plain(more=https)).status, 200, 'https')
            same(c.ask(plain()).status, 308, 'http')
        with come(w, '127.0.0.2') as c:
            same(c.ask(plain(more=https)).status, 308, 'not trusted')


@case
def rules_see_the_client():
    conf = '''trusted_proxy = 127.0.0.1
max_connections_per_address = 1
deny = 192.0.2.0/24
'''
    with Origin(ws_serve) as u, Weir(conf, u) as w:
        with come(w, '127.0.0.1') as c:
            refusal(c.ask(plain(more=XFF + '192.0.2.7\r\n')), 403, 'denied')
            refusal(c.ask(plain(more=XFF + '1.2.3.4, 192.0.2.7\r\n')), 403,
                    'denied')
        # the proxy's connections are its clients'
        tunnels = []
        for last in (1, 2, 3):
            c = come(w, '127.0.0.1')
            r = c.ask(ws_request(more=XFF + '198.51.100.%d\r\n' % last))
            same(r.status, 101, 'status')
            tunnels.append(c)
        same([x['client'] for x in w.wait_log('tunnel_open', 3)],
             ['198.51.100.%d' % i for i in (1, 2, 3)], 'clients')
        with come(w, '127.0.0.1') as c:
            r = c.ask(ws_request(more=XFF + '198.51.100.2\r\n'))
            refusal(r, 429, 'too_many_address')
        tunnels[1].close()
        w.wait_log('tunnel_close', client='198.51.100.2')
        with come(w, '127.0.0.1') as c:
            r = c.ask(ws_request(more=XFF + '198.51.100.2\r\n'))
            same(r.status, 101, 'after one has left')
        for c in tunnels:
            c.close()


@case
def a_page_behind_a_proxy_is_of_its_host():
    more = ('Cookie: a=b\r\nOrigin: https://b.example\r\n'
            'X-Forwarded-Host: b.example\r\n')
    with Origin(ws_serve) as u, Weir('trusted_proxy = 127.0.0.1', u) as w:
        with come(w, '127.0.0.1') as c:
            same(c.ask(ws_request(more=more)).status, 101, 'trusted')
        with come(w, '127.0.0.2') as c:
            refusal(c.ask(ws_request(more=more)), 403, 'origin')


@case
def a_unix_socket_is_trusted():
    conf = 'listen = unix:@DIR@/s\ntrusted_proxy = unix\n'
    with Origin(describe) as u, Weir(conf, u) as w:
        with w.connect(w.dir + '/s') as c:
            c.ask(plain(more=XFF + '192.0.2.7\r\n'))
        same(w.next()['client'], '192.0.2.7', 'client')


@case
def a_reload_changes_trust():
    with Origin(describe) as u, Weir('', u) as w:
        more = XFF + '192.0.2.7\r\n'
        with w.connect() as c:
            c.ask(plain(more=more))
            same(w.next()['client'], '127.0.0.1', 'before')
            w.reload('trusted_proxy = 127.0.0.1\n')
            c.ask(plain(more=more))
            same(w.next()['client'], '192.0.2.7', 'after')


@case
def nginx_in_front():
    program = shutil.which('nginx') or '/usr/sbin/nginx'
    if not os.access(program, os.X_OK):
        raise Skip('no nginx')
    port = free_port()
    with Origin(describe) as u, \
            Weir('trusted_proxy = 127.0.0.1\n', u) as w, \
            tempfile.TemporaryDirectory(prefix='weir-nginx-') as d:
        with open(d + '/conf', 'w') as f:
            f.write('''daemon off; master_process off; pid %s/pid;
error_log %s/log; events { }
http { access_log off; client_body_temp_path %s/a; proxy_temp_path %s/b;
fastcgi_temp_path %s/c; uwsgi_temp_path %s/d; scgi_temp_path %s/e;
server { listen 127.0.0.1:%d; location / {
proxy_pass http://127.0.0.1:%d;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Request-Id $request_id; } } }
''' % (d, d, d, d, d, d, d, port, w.port))
        p = subprocess.Popen([program, '-p', d, '-c', d + '/conf'],
                             stdin=subprocess.DEVNULL)
        try:
            until(lambda: listening(port), 'nginx')
            with socket.socket() as s:
                s.bind(('127.0.0.9', 0))
                s.connect(('127.0.0.1', port))
                r = Peer(s).ask(plain(more=XFF + '6.6.6.6\r\n'))
            fields = {k.lower(): v for k, v in json.loads(r.body)['fields']}
            same(fields['x-forwarded-for'], '127.0.0.9, 127.0.0.1', 'chain')
            line = w.next()
            same(line['client'], '127.0.0.9', 'client')
            same(line['request_id'], fields['x-request-id'], 'id')
        finally:
            p.terminate()
            p.wait()


main()
