"""What a page in Chromium is told when a tunnel ends: its CloseEvents."""
# timeout: 240
import os
import signal
import sys
import urllib.parse

from weir import HERE, SLOW, WAIT, Weir, case, main, same, until
sys.path.insert(0, os.path.join(HERE, 'js'))
from chromium import chromium  # noqa: E402
from node import Script  # noqa: E402

HEARTBEATS = 'ping = 200ms\nping_timeout = %dms\n' % (3000 * SLOW)
# name, more of the route's keys, code and reason
ENDS = {
    'killed': ('', 1011, 'upstream_closed'),
    'stopped': (HEARTBEATS, 1011, 'upstream_silent'),
    'big': ('max_message = 1999\n', 1009, 'message_too_big'),
    'old': ('lifetime = %dms\n' % (5000 * SLOW), 1001, 'lifetime'),
    'gone': ('', 1012, 'route_gone'),
    'frozen': (HEARTBEATS, 1001, 'client_silent'),
    'drained': ('', 1001, 'drain'),
}
BY_UPSTREAM = ('killed',)


def conf(urls, *but):
    text = 'ping = 0\ndrain = 1s\n'
    for name, (more, _, _) in ENDS.items():
        if name not in but:
            text += 'route = /%s\nstrip_prefix = /%s\nupstream = %s\n%s' % (
                name, name, urls.get(name, urls['']), more)
    return text


def told(page, w, name):
    """The page, and the log, say what is documented."""
    _, code, reason = ENDS[name]

    def events():
        return [x['body'] for x in page.of('end')
                if x['body']['name'] == name]
    until(events, 'the CloseEvent of ' + name, 3 * WAIT)
    same(events(), [{'name': name, 'code': code, 'reason': reason,
                     'wasClean': True}], name + ': CloseEvent')
    line = w.wait_log('tunnel_close', route='/' + name)[0]
    same((line['by'], line['code'], line['reason']),
         ('upstream' if name in BY_UPSTREAM else 'weir', str(code), reason),
         name + ': log')


def at_server(s, code, reason):
    """The upstream was told the same."""
    until(lambda: (code, reason) in [(x['code'], x['reason'])
                                     for x in s.of('close')],
          '%d %s at the server' % (code, reason))


@case
def ends():
    with Script('server.js') as page, Script('server.js') as server, \
            Script('server.js') as victim, Script('server.js') as sleeper:
        urls = {'': server.url, 'killed': victim.url, 'stopped': sleeper.url}
        with Weir('', server.url) as w:
            w.reload(conf(urls))
            url = '%s/ends?%s' % (page.url, urllib.parse.urlencode(
                {'weir': w.port, 'names': ' '.join(ENDS)}))
            with chromium(url) as browser:
                page.wait('ready', wait=6 * WAIT)
                try:
                    all_of_them(page, server, victim, sleeper, w, urls,
                                browser)
                finally:
                    os.kill(sleeper.proc.pid, signal.SIGCONT)


def all_of_them(page, server, victim, sleeper, w, urls, browser):
    told(page, w, 'big')
    at_server(server, 1009, 'message_too_big')
    victim.proc.kill()
    told(page, w, 'killed')
    os.kill(sleeper.proc.pid, signal.SIGSTOP)
    told(page, w, 'stopped')
    told(page, w, 'old')
    at_server(server, 1001, 'lifetime')
    w.reload(conf(urls, 'gone'))
    told(page, w, 'gone')
    at_server(server, 1012, 'route_gone')
    # the whole browser, as a line that is cut
    os.killpg(browser.pid, signal.SIGSTOP)
    line = w.wait_log('tunnel_close', route='/frozen')[0]
    same((line['by'], line['code'], line['reason']),
         ('weir', '1001', 'client_silent'), 'frozen: log')
    assert int(line['rtt_client']) >= 0, line
    at_server(server, 1001, 'client_silent')
    os.killpg(browser.pid, signal.SIGCONT)
    told(page, w, 'frozen')
    w.signal(signal.SIGTERM)
    told(page, w, 'drained')
    at_server(server, 1001, 'drain')
    w.wait_end()


main()
