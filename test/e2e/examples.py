"""The recipes in examples/: each is checked, and does what it promises.

What a recipe names is put in its place here: addresses, files, hosts. A recipe
whose keys this weir does not have yet is skipped.
"""
# timeout: 240
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from certs import root
from tls_peer import TlsPeer, client
from weir import (HERE, OK, TOP, WAIT, Origin, Skip, Weir, answer, case, each,
                  free_port, main, plain, refusal, run_weir, same, until,
                  ws_request, ws_serve)
sys.path.insert(0, os.path.join(HERE, 'js'))
from chromium import chromium  # noqa: E402
from node import Script, run  # noqa: E402

DIR = os.path.join(TOP, 'examples')
APPS = os.path.join(TOP, 'test/apps')


def recipe(name, *changes):
    """The text of a recipe, each of the changes made."""
    with open(os.path.join(DIR, name)) as f:
        text = f.read()
    for old, new in changes:
        assert old in text, '%s has no %s' % (name, old)
        text = text.replace(old, str(new))
    known = set(re.findall(r'^  ([a-z_]+) ', run_weir('-h')[1].decode(),
                           re.M)) | {'route'}
    lacks = set(re.findall(r'^([a-z_]+) *=', text, re.M)) - known
    if name.endswith('.conf') and lacks:
        raise Skip('weir has no %s' % ', '.join(sorted(lacks)))
    return text


def cert(host):
    """The change that puts a certificate of its own in a host's place."""
    c = root().leaf(host)
    return ('cert = /etc/weir/%s.pem' % host,
            'cert = %s\nkey = %s' % (c.chain, c.key))


def https(port):
    return 'listen = https://:443', 'listen = https://127.0.0.1:%d' % port


def http(port=80):
    return 'http://:%d' % port, 'http://127.0.0.1:@PORT@'


def secure(w, port, host):
    peer = TlsPeer(w.connect(('127.0.0.1', port)).sock, client(), host)
    peer.handshake()
    return peer


HOSTS = ['example.com', 'app.example.com', 'chat.example.com']


@case
def understood():
    """weir -n takes each of them, but for its files."""
    names = sorted(n for n in os.listdir(DIR) if n.endswith('.conf'))
    assert len(names) >= 6, names
    with tempfile.TemporaryDirectory() as top:
        def check(name):
            try:
                text = recipe(name)
            except Skip as e:
                print('%s: %s' % (name, e))
                return
            for host in HOSTS:
                text = text.replace(*cert(host))
            with open(top + '/keys', 'w') as f:
                f.write('somebody = sk-of-somebody-here\n')
            text = text.replace('/var/lib/weir', top)
            text = text.replace('/etc/weir/keys', top + '/keys')
            with open(top + '/' + name, 'w') as f:
                f.write(text)
            os.environ['OPENAI_API_KEY'] = 'sk-real'
            status, out, err = run_weir('-n', '-c', top + '/' + name)
            same((status, err), (0, b''), name)
            assert b'\nroute = ' in out, out
        each([(n,) for n in names], check)


@case
def two_apps():
    port = free_port()
    with tempfile.TemporaryDirectory() as top, \
            Origin(answer(OK)) as app, Origin(ws_serve) as chat, \
            Weir(recipe('two-apps.conf', http(), https(port),
                        ('/var/lib/weir', top),
                        ('http://127.0.0.1:3000', app.url),
                        ('http://127.0.0.1:9000', chat.url),
                        *map(cert, HOSTS[1:]))) as w:
        for host in HOSTS[1:]:
            r = w.get('/x?y', host=host)
            same((r.status, r.get('location')),
                 (308, 'https://%s:%d/x?y' % (host, port)), host)
        same(w.get('/x', host='www.example.com').get('location'),
             'https://app.example.com/x', 'www without TLS')
        with secure(w, port, 'app.example.com') as c:
            same(c.ask(plain(host='app.example.com')).body, b'ok', 'app')
            r = c.ask(plain('/x?y', host='www.example.com'))
            same((r.status, r.get('location')),
                 (301, 'https://app.example.com/x?y'), 'www')
            refusal(c.ask(plain(host='other.example')), 404, 'no_route')
        with secure(w, port, 'chat.example.com') as c:
            same(c.ask(ws_request(host='chat.example.com')).status, 101,
                 'chat')


@case
def home():
    with tempfile.TemporaryDirectory() as top, Origin(ws_serve) as house, \
            Origin(answer(b'HTTP/1.1 302 Found\r\nLocation: /live\r\n'
                          b'Content-Length: 0\r\n\r\n'),
                   path=top + '/camera.sock') as camera, \
            Weir(recipe('home.conf', http(8080), ('/run/', top + '/'),
                        ('http://192.168.1.20:8123', house.url))) as w:
        assert int(w.log('ready')[0]['memory_max']) < 2 << 20, 'memory'
        w.tunnel(host='home.lan').close()
        r = w.get('/camera/x', host='home.lan')
        same((r.status, r.get('location')), (302, '/camera/live'), 'camera')
        same(camera.requests[0].target, '/x', 'target')
        refusal(w.get(host='rebound.example'), 404, 'no_route')


# Applications that others wrote

def application(name):
    path = os.path.join(APPS, 'node_modules', name)
    if not shutil.which('node') or not os.path.isdir(path):
        raise Skip('no %s for node' % name)
    return path


@contextlib.contextmanager
def vite(top, port):
    program = os.path.join(application('vite'), 'bin/vite.js')
    log = open(top + '/vite.log', 'wb')
    p = subprocess.Popen(['node', program, '--host', '127.0.0.1', '--port',
                          str(port), '--strictPort'], cwd=top,
                         stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield p
    finally:
        p.kill()
        p.wait()
        log.close()
        with open(top + '/vite.log', errors='replace') as f:
            print('--- vite\n%s' % f.read()[-2000:], flush=True)


MODULE = '''
window.runs = (window.runs || 0) + 1;
fetch('/saw/%s/' + window.runs);
if (import.meta.hot) import.meta.hot.accept();
'''


@case
def vite_updates():
    """A file is saved, and the open page has the new module: no reload."""
    port = free_port()
    with tempfile.TemporaryDirectory() as top:
        def save(text):
            with open(top + '/main.js', 'w') as f:
                f.write(MODULE % text)
        with open(top + '/index.html', 'w') as f:
            f.write('<!doctype html><script type="module" src="/main.js">'
                    '</script>')
        save('first')
        conf = recipe('vite.conf', ('http://127.0.0.1:5173',
                                    'http://127.0.0.1:%d' % port),
                      ('127.0.0.1:8080', '127.0.0.1:@PORT@'))
        with vite(top, port), Weir(conf) as w:
            until(lambda: w.get(host='localhost').status == 200, 'vite',
                  6 * WAIT)
            with chromium('http://127.0.0.1:%d/' % w.port):
                until(lambda: w.log('request', target='/saw/first/1'),
                      'the page', 3 * WAIT)
                w.wait_log('tunnel_open', protocol='vite-hmr')
                save('second')
                until(lambda: w.log('request', target='/saw/second/2'),
                      'the update', 3 * WAIT)
            w.wait_log('tunnel_close')


@contextlib.contextmanager
def socketio():
    application('socket.io')
    with Script(os.path.join(APPS, 'socketio.js')) as s, \
            Weir(recipe('socketio.conf', http(8080),
                        ('http://127.0.0.1:3000', s.url))) as w:
        yield s, w


@case
def socketio_node():
    def check(how, transports, tunnels):
        with socketio() as (s, w):
            run(os.path.join(APPS, 'client.js'), 'http://127.0.0.1:%d'
                % w.port, how)
            s.wait('close')
            same([x['transport'] for x in s.lines if 'transport' in x],
                 transports, 'transports')
            if tunnels:
                w.wait_log('tunnel_close', tunnels)
            same(len(w.log('tunnel_open')), tunnels, 'tunnels')
    each([('both', ['polling', 'websocket'], 1),
          ('polling', ['polling'], 0),
          ('websocket', ['websocket'], 1)], check)


@case
def socketio_browser():
    with socketio() as (s, w), chromium('http://127.0.0.1:%d/' % w.port):
        same(s.wait('result', wait=6 * WAIT)[0]['body'],
             [['polling', 'websocket'], 'ä\U0001f30a', [0, 255]], 'result')
        same(s.of('upgrade'), [{'event': 'upgrade',
                                'transport': 'websocket'}], 'upgrade')


# Keys, addresses

@case
def openai_realtime():
    port = free_port()
    host = 'example.com'
    with tempfile.TemporaryDirectory() as top, Origin(ws_serve) as o:
        with open(top + '/keys', 'w') as f:
            f.write('somebody = sk-of-somebody-here\n')
        conf = recipe('openai-realtime.conf', https(port), cert(host),
                      ('https://api.openai.com', o.url),
                      ('/etc/weir/keys', top + '/keys'))
        with Weir(conf, env={'OPENAI_API_KEY': 'sk-real'}) as w:
            def check(why, more, status):
                with secure(w, port, host) as c:
                    r = c.ask(ws_request('/v1/realtime?model=x', host,
                                         more=more))
                    same(r.status, status, why)
                if status == 101:
                    q = o.requests[-1]
                    same(q.all('authorization'), ['Bearer sk-real'], why)
                    assert b'sk-of-somebody' not in q.raw, q.raw
                    same(q.get('host'), o.authority, 'Host')
                else:
                    assert b'sk-' not in r.raw + r.body, r
                    assert 'error' in json.loads(r.body), r.body
            each([
                ('SDK', 'Authorization: Bearer sk-of-somebody-here\r\n', 101),
                ('browser', 'Origin: https://example.com\r\n'
                 'Sec-WebSocket-Protocol: realtime, '
                 'openai-insecure-api-key.sk-of-somebody-here\r\n', 101),
                ('none', '', 401),
                ('wrong', 'Authorization: Bearer sk-of-nobody\r\n', 401),
                ('another page', 'Origin: https://evil.example\r\n'
                 'Authorization: Bearer sk-of-somebody-here\r\n', 403),
            ], check)
            same(len(o.requests), 2, 'requests upstream')
            assert b'sk-' not in w.stderr(), 'a key in the log'


@case
def chat_behind_cdn():
    port = free_port()
    host = 'chat.example.com'
    with Origin(ws_serve) as o, \
            Weir(recipe('chat-cdn.conf', https(port), cert(host),
                        ('192.0.2.0/24', '127.0.0.1/32'),
                        ('http://127.0.0.1:9000', o.url))) as w:
        with secure(w, port, host) as c:
            r = c.ask(ws_request('/', host, more='Origin: https://%s\r\n'
                                 'X-Forwarded-For: 203.0.113.9\r\n' % host))
            same(r.status, 101, 'status')
        same(w.wait_log('tunnel_open')[0]['client'], '203.0.113.9', 'log')
        assert o.requests[0].get('x-forwarded-for').startswith(
            '203.0.113.9'), o.requests[0]
        with secure(w, port, host) as c:
            r = c.ask(ws_request('/', host, more='Origin: https://evil\r\n'))
            same(r.status, 403, 'another page')


# Kubernetes, without a cluster: what the file says of weir is true

def documents():
    try:
        import yaml
    except ImportError:
        raise Skip('no yaml for python') from None
    return {d['kind']: d for d in yaml.safe_load_all(recipe('kubernetes.yaml'))}


@case
def kubernetes():
    d = documents()
    same(sorted(d), ['ConfigMap', 'Deployment', 'Service'], 'documents')
    pod = d['Deployment']['spec']['template']
    spec, c = pod['spec'], pod['spec']['containers'][0]
    port = c['ports'][0]
    # names that have to agree
    for labels in (d['Service']['spec']['selector'],
                   d['Deployment']['spec']['selector']['matchLabels']):
        same(labels, pod['metadata']['labels'], 'labels')
    same(d['Service']['spec']['ports'][0]['targetPort'], port['name'], 'port')
    same(spec['volumes'][0]['configMap']['name'],
         d['ConfigMap']['metadata']['name'], 'map')
    mount = c['volumeMounts'][0]
    same(mount['name'], spec['volumes'][0]['name'], 'volume')
    name, conf = d['ConfigMap']['data'].popitem()
    same(c['args'], ['-c', '%s/%s' % (mount['mountPath'], name)], 'args')
    # times that have to fit
    drain = int(re.search(r'^drain = (\d+)s$', conf, re.M).group(1))
    wait = c['lifecycle']['preStop']['sleep']['seconds']
    assert wait + drain < spec['terminationGracePeriodSeconds'], 'too long'
    listen = 'http://:%d' % port['containerPort']
    assert 'listen = %s\n' % listen in conf, conf
    with Origin(ws_serve) as o:
        conf = conf.replace(listen, 'http://127.0.0.1:@PORT@').replace(
            'http://chat:9000', o.url).replace('drain = %ds' % drain,
                                               'drain = 1s')
        with Weir(conf) as w:
            limit = c['resources']['limits']['memory']
            same(limit[-2:], 'Mi', 'unit')
            assert int(w.log('ready')[0]['memory_max']) < \
                int(limit[:-2]) << 20, 'memory'
            for probe in 'readinessProbe', 'livenessProbe':
                get = c[probe]['httpGet']
                same(get['port'], port['name'], 'port of a probe')
                same(w.get(get['path'], host='10.1.2.3:8080').status, 200,
                     probe)
            # the end of a Pod: each tunnel is told, and the status is 0
            tunnels = [w.tunnel() for _ in range(3)]
            w.signal(signal.SIGTERM)
            for t in tunnels:
                same(t.frame().code(), 1001, 'Close')
                t.close()
            same(w.wait_end(), 0, 'exit status')


if __name__ == '__main__':
    main()
