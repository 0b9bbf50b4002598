#!/usr/bin/python3
"""Tests of report.py, on figures made up for them."""
import contextlib
import copy
import io
import os
import re
import shutil
import stat
import sys
import tempfile
import unittest
import xml.dom.minidom
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import report  # noqa: E402

NAMES = ['weir', 'nginx', 'nginx 64k', 'haproxy', 'haproxy 64k', 'caddy',
         'lighttpd', 'raw', 'poll', 'park']
KINDS = {'weir': 'weir', 'raw': 'floor', 'poll': 'floor', 'park': 'floor'}
# costs in the order of NAMES
SCENARIOS = [
    ('ws_64', 'WebSocket echo 125 B, 64 tunnels', 'message',
     [10.4, 10.6, None, 12.1, None, 13.9, 12.3, 10.5, 10.5, 10.6]),
    ('ws_512', 'WebSocket echo 125 B, 512 tunnels', 'message',
     [13.1, 14.7, None, 16.9, None, 19.4, 13.8, 11.9, 12.6, 12.9]),
    ('ws_16k', 'WebSocket echo 16 KB, 16 tunnels, 4 in flight', 'message',
     [12.1, 61, 14.2, 20.8, 13.9, 15.5, 18.8, 10.8, 11.7, 11.9]),
    ('churn', 'connect, handshake, one message, close', 'connection',
     [94, 98, None, 99, None, 291, 110, 104, 89, 91]),
    ('http_1k', 'GET 1 KB, keep-alive', 'request',
     [13.1, 15.7, None, 15.8, None, 64, 53, 11.4, 13.2, 12.3]),
    ('http_1m', 'GET 1 MB', 'request',
     [214, 1124, 266, 472, 260, 469, 683, 209, 212, 211]),
]
# over TLS, costs in the order of TLS_NAMES
TLS_NAMES = ['weir', 'nginx', 'haproxy', 'caddy', 'hitch', 'stunnel', 'park']
TLS_SCENARIOS = [
    ('ws_64_tls', 'WebSocket echo 125 B, 64 tunnels', 'message',
     [13.3, 14.8, 16.1, 15.8, 16.2, 40, 13.2]),
    ('ws_16k_tls', 'WebSocket echo 16 KB, 16 tunnels, 4 in flight', 'message',
     [32, 70, 39, 37, 39, 50, 31.3]),
    ('churn_tls', 'connect, full handshakes, one message, close', 'connection',
     [1150, 347, 371, 539, 341, 612, 1118]),
    ('churn_resumed_tls', 'connect, resumed handshakes, one message, close',
     'connection', [180, 190, 230, 360, 170, 420, 175]),
    ('http_1k_tls', 'GET 1 KB, keep-alive', 'request',
     [14.2, 23, 19.9, 67, 16.9, 37, 13.7]),
]
# bytes of a tunnel over TLS, KB at start
IDLE_TLS = {'weir': (1210, 640), 'nginx': (42200, 16400),
            'haproxy': (18980, 18800), 'caddy': (80690, 33600),
            'hitch': (40350, 5800), 'stunnel': (74570, 8300),
            'park': (4240, 330)}
# bytes of a tunnel, KB at start, cost beside none and beside 10,000
IDLE = {'weir': (430, 480, 10.4, 10.5), 'nginx': (18120, 13816, 10.6, 10.9),
        'nginx 64k': (18150, 13900, 10.6, 10.9),
        'haproxy': (4690, 9660, 12.1, 13.2),
        'haproxy 64k': (4700, 9700, 12.1, 13.3),
        'caddy': (76560, 27420, 13.9, 14.7),
        'lighttpd': (10440, 928, 12.3, 13.8), 'raw': (128, 200, 10.5, 10.8),
        'poll': (159, 203, 10.5, 290), 'park': (136, 181, 10.6, 10.9)}
TUNNELS = [0, 1000, 2500, 5000, 10000]
# what the rounds do to all proxies alike
DAYS = [1, 1.02, 0.98, 1.3, 1.01]


def figures(cost):
    return [{'cpu_us': cost * d, 'rate': 8e5 / cost / d, 'p50': 800 * d,
             'p99': 1200 * d, 'p999': 1900 * d} for d in DAYS]


def scenarios(names, rows, tls):
    return [{'key': key, 'title': title, 'unit': unit, 'tls': tls,
             'rounds': {n: figures(c) for n, c in zip(names, costs) if c}}
            for key, title, unit, costs in rows]


def about(name):
    facts = {'name': name, 'kind': KINDS.get(name, 'peer'),
             'version': name.split()[0] + ' 1.2.3', 'binary': 194 << 10}
    for what, sizes in ('start', IDLE), ('start_tls', IDLE_TLS):
        if name in sizes:
            facts[what] = sizes[name][1] << 10
    return facts


def whole():
    """A result in which nothing is missing and all targets are met."""
    return {
        'machine': {'cpu': 'Some CPU @ 2.80GHz', 'cores': 2,
                    'kernel': '6.18.5', 'compiler': 'gcc 12.2.0',
                    'date': '2026-11-21', 'commit': 'abc1234', 'rounds': 5,
                    'quick': False},
        'proxies': [*map(about, NAMES),
                    dict(about('weir static'), kind='static',
                         start=264 << 10), about('hitch'), about('stunnel')],
        'scenarios': (scenarios(NAMES, SCENARIOS, False)
                      + scenarios(TLS_NAMES, TLS_SCENARIOS, True)),
        'idle_tls': {n: [{'tunnels': t, 'memory': (start << 10) + size * t}
                         for t in (0, 2000, 9856)]
                     for n, (size, start) in IDLE_TLS.items()},
        'idle': {n: [{'tunnels': t, 'memory': (start << 10) + size * t,
                      'rounds': [(a + (b - a) * t / 10000) * d
                                 for d in DAYS]}
                     for t in TUNNELS]
                 for n, (size, start, a, b) in IDLE.items()}}


def rounds(result, key, name):
    return report.one_of(result['scenarios'], 'key', key)['rounds'][name]


def target(result, words):
    found = [t for t in report.targets(result) if words in t[0]]
    assert len(found) == 1, found
    return found[0]


class Figures(unittest.TestCase):
    def test_median(self):
        self.assertIsNone(report.median([]))
        self.assertIsNone(report.median([None, None]))
        self.assertIsNone(report.median(None))
        self.assertEqual(report.median([7.5]), 7.5)
        self.assertEqual(report.median([3, None, 1, 2]), 2)
        self.assertEqual(report.median([4, 1]), 2.5)
        self.assertEqual(report.median([0, 0, 5]), 0)

    def test_spread(self):
        self.assertIsNone(report.spread([]))
        self.assertIsNone(report.spread([8, None]))
        self.assertEqual(report.spread([8, None, 9, 8.5]), 0.5)
        self.assertEqual(report.spread([8, 8]), 0)

    def test_ratio(self):
        # the medians say 1.5 (30 to 20), the rounds say 1.5, 2, 0.5
        self.assertEqual(report.ratio([15, 40, 30], [10, 20, 60]), 1.5)
        # every round says 2, though the medians say 1
        self.assertEqual(report.ratio([2, 20, None], [1, 10, 11]), 2)
        # a hole moves nobody else's round
        self.assertEqual(report.ratio([None, 4, 9], [1, 2, 3]), 2.5)
        self.assertEqual(report.ratio([2, 4], [None, 2]), 2)
        self.assertEqual(report.ratio([2, 4, 6], [1]), 2)
        self.assertEqual(report.ratio([3], [2]), 1.5)
        for a, b in ([], [1]), ([1], []), ([None], [1]), ([1], [0]):
            self.assertIsNone(report.ratio(a, b))

    def test_rounds_of_an_absent_one(self):
        s = {'rounds': {'a': [{'cpu_us': 1}, None, {}, {'cpu_us': None}],
                        'b': None}}
        self.assertEqual(report.per_round(s, 'a'), [1, None, None, None])
        self.assertEqual(report.per_round(s, 'b'), [])
        self.assertEqual(report.per_round(s, 'c'), [])
        self.assertEqual(report.per_round({}, 'a'), [])

    def test_tunnel_bytes(self):
        r = whole()
        self.assertEqual(report.tunnel_bytes(r, 'weir'), 430)
        self.assertIsNone(report.tunnel_bytes(r, 'apache'))
        # only the ends count, and their order does not
        r['idle']['weir'][2]['memory'] = 1 << 30
        r['idle']['weir'].reverse()
        self.assertEqual(report.tunnel_bytes(r, 'weir'), 430)
        # the most that has a figure
        r['idle']['weir'][0]['memory'] = None
        self.assertEqual(report.tunnel_bytes(r, 'weir'), 430)
        del r['idle']['weir'][-1]['memory']
        self.assertIsNone(report.tunnel_bytes(r, 'weir'))
        r['idle']['weir'] = whole()['idle']['weir'][:1]
        self.assertIsNone(report.tunnel_bytes(r, 'weir'))
        del r['idle']
        self.assertIsNone(report.tunnel_bytes(r, 'weir'))

    def test_idle_ratio(self):
        r = whole()
        self.assertAlmostEqual(report.idle_ratio(r, 'weir'), 10.5 / 10.4)
        # others got further: weir's beside the most is not measured
        del r['idle']['weir'][-1]
        self.assertIsNone(report.idle_ratio(r, 'weir'))
        r['idle'] = {'weir': [{'tunnels': 0, 'memory': 1, 'rounds': [8]}]}
        self.assertIsNone(report.idle_ratio(r, 'weir'))
        r['idle'] = {'weir': [{'tunnels': 0, 'rounds': [8, None, 10]},
                              {'tunnels': 9, 'rounds': [9, 9, 10]}]}
        self.assertEqual(report.idle_ratio(r, 'weir'), (9 / 8 + 1) / 2)


class Targets(unittest.TestCase):
    def test_all_met(self):
        found = report.targets(whole())
        self.assertEqual(len(found), len(report.TARGETS))
        for text, value, limit, met in found:
            self.assertIs(met, True, (text, value, limit))

    def test_ties(self):
        r = whole()
        for key in 'ws_64', 'ws_16k':
            for s in r['scenarios']:
                if s['key'] == key:
                    for n in 'nginx', 'nginx 64k':
                        s['rounds'][n] = copy.deepcopy(s['rounds']['weir'])
        # below is missed by a tie, at most is met by it
        self.assertEqual(target(r, '64 tunnels, to nginx')[1:],
                         (1, 1, False))
        self.assertEqual(target(r, '16 KB, to nginx 64k')[1:], (1, 1, True))
        static = report.one_of(r['proxies'], 'name', 'weir static')
        static['start'] = 500 * 1024
        self.assertEqual(target(r, 'at start')[1:], (500, 500, True))
        static['start'] += 1
        self.assertIs(target(r, 'at start')[3], False)
        r['idle']['weir'] = [{'tunnels': 0, 'memory': 9, 'rounds': [100]},
                             {'tunnels': 10000, 'memory': 9 + 5120000,
                              'rounds': [105]}]
        self.assertEqual(target(r, 'idle tunnel, bytes')[1:],
                         (512, 512, True))
        self.assertEqual(target(r, 'most idle')[1:], (1.05, 1.05, True))

    def test_missed(self):
        r = whole()
        for one in rounds(r, 'churn', 'weir'):
            one['cpu_us'] *= 1.1
        text, value, limit, met = target(r, 'connect')
        self.assertEqual((limit, met), (1.05, False))
        self.assertAlmostEqual(value, 94 * 1.1 / 91)

    def test_not_measured(self):
        empty = {'machine': whole()['machine'], 'proxies': [],
                 'scenarios': [], 'idle': {}}
        for _, value, _, met in report.targets(empty):
            self.assertIsNone(value)
            self.assertIsNone(met)
        r = whole()
        for s in r['scenarios']:
            s['rounds'].pop('haproxy', None)
        self.assertIsNone(target(r, '64 tunnels, to haproxy')[3])
        self.assertIs(target(r, '64 tunnels, to nginx')[3], True)

    def test_holes_and_one_round(self):
        r = whole()
        weir = rounds(r, 'ws_64', 'weir')
        weir[0] = None
        weir[1]['cpu_us'] = None
        del weir[2]['cpu_us']
        del weir[4]
        # the round left is the slow one, for the floor too
        self.assertAlmostEqual(target(r, '64 tunnels, to park')[1],
                               10.4 / 10.6)
        r = whole()
        for s in r['scenarios']:
            s['rounds'] = {n: x[:1] for n, x in s['rounds'].items()}
        self.assertTrue(all(t[3] for t in report.targets(r)))

    def test_print(self):
        r = whole()
        r['scenarios'] = r['scenarios'][:1]
        report.one_of(r['proxies'], 'name',
                      'weir static')['start'] = 600 << 10
        out = io.StringIO()
        self.assertEqual(report.print_targets(r, out), 1)
        lines = out.getvalue().splitlines()
        self.assertEqual(len(lines), len(report.TARGETS))
        self.assertRegex(lines[0], r'^met +0\.981  .*to park <= 1\.05$')
        self.assertRegex(lines[1], r'^met +0\.981  .*to nginx < 1\.00$')
        self.assertRegex(lines[3], r'^not measured +-  ')
        self.assertRegex(lines[18], r'^MISSED +600\.0  .*KB <= 500$')
        self.assertRegex(lines[-1], r'^met +1210\.0  .*TLS.* <= 1500$')

    def test_tls(self):
        r = whole()
        for peer, cost in zip(TLS_NAMES[1:-1], (14.8, 16.1, 15.8, 16.2, 40)):
            text, value, limit, met = target(
                r, '125 B over TLS, to %s <' % peer)
            self.assertAlmostEqual(value, 13.3 / cost)
            self.assertEqual((limit, met), (1, True))
        for key, peer, words in (
                ('ws_16k_tls', 'caddy', '16 KB over TLS, to caddy'),
                ('http_1k_tls', 'hitch', '1 KB over TLS, to hitch'),
                ('churn_resumed_tls', 'nginx', 'close, to nginx')):
            tie = whole()
            for s in tie['scenarios']:
                if s['key'] == key:
                    s['rounds'][peer] = s['rounds']['weir']
            # only handshakes may cost what the peer's do
            self.assertEqual(target(tie, words)[1:], (1, 1, key[:5] == 'churn'))
        # the floor's may be had for a twentieth more
        for words, value in (('125 B over TLS, to park <=', 13.3 / 13.2),
                             ('16 KB over TLS, to park', 32 / 31.3),
                             ('1 KB over TLS, to park', 14.2 / 13.7),
                             ('full handshake of TLS', 1150 / 1118),
                             ('resumed handshake of TLS, message, close, to '
                              'park', 180 / 175)):
            text, got, limit, met = target(r, words)
            self.assertAlmostEqual(got, value)
            self.assertEqual((limit, met), (1.05, True))
        # not what plain tunnels take
        r['idle'] = {}
        self.assertEqual(target(r, 'TLS tunnel, bytes')[1:],
                         (1210, 1500, True))
        self.assertIsNone(target(r, 'idle tunnel, bytes')[3])
        del r['idle_tls']
        self.assertIsNone(target(r, 'TLS tunnel, bytes')[3])


class Table(unittest.TestCase):
    def test_shape(self):
        text = report.table(whole())
        for x in text.splitlines():
            self.assertLess(len(x), 100)
            self.assertEqual(x, x.rstrip())
        self.assertTrue(text.isascii())
        self.assertEqual(len(re.findall('^> weir ', text, re.M)),
                         len(SCENARIOS + TLS_SCENARIOS) + 2)
        self.assertEqual(text.count('\nTLS: '), len(TLS_SCENARIOS))
        self.assertEqual(text.count('\n> '),
                         len(SCENARIOS + TLS_SCENARIOS) + 2)
        # 10.4 in the middle round; 1.3 to 0.98 of it
        self.assertRegex(text, r'\n> weir +10\.50 +1\.66 +0\.981 +76,161 +')
        self.assertRegex(text, r'\n> weir +430 +480 +194 +1,210 +640  weir '
                         r'1\.2\.3\n')
        self.assertRegex(text, r'\n  hitch +- +- +194 +40,350 +5,800  hitch ')
        self.assertRegex(text, r'\n> weir +13\.43 +2\.13 +1\.008 +59,')
        self.assertRegex(text, r'\n +0 +1,000 +2,500 +5,000 +10,000 +most/0')
        # numbers end in the same columns
        rows = [x for x in text.splitlines() if re.match(r'. \w+ .*\.\d{3} ',
                                                         x)]
        for end in range(23, 78, 9):
            self.assertTrue(all(x[end - 1].isdigit() and x[end:end + 1] in
                                ('', ' ') for x in rows), end)

    def test_holes(self):
        r = whole()
        weir = rounds(r, 'ws_64', 'weir')
        weir[0] = None
        weir[1]['cpu_us'] = None
        for one in rounds(r, 'ws_64', 'caddy'):
            one.clear()
        del r['idle']['weir'][3]
        r['idle']['nginx'][1]['rounds'] = [None]
        r['proxies'][0]['version'] = None
        del r['proxies'][1]['binary']
        text = report.table(r)
        self.assertRegex(text, r'\n> weir .*3 of 5\n')
        self.assertRegex(text, r'\n  caddy( +-){7} +0 of 5\n')
        self.assertRegex(text, r'\n  nginx +10\.\d\d +- +10\.')
        self.assertRegex(text, r'\n  nginx +18,120 +13,816 +- +42,200 ')
        r['scenarios'], r['idle'] = [], {}
        report.table(r)

    def test_no_floor_and_one_round(self):
        r = whole()
        r['machine'].update(rounds=1, quick=True)
        s = r['scenarios'][0]
        s['rounds'] = {'weir': s['rounds']['weir'][:1]}
        text = report.table(r)
        self.assertRegex(text, r'\n> weir +10\.40 +- +- +76,923 ')
        self.assertIn('a quick run', text)


class Readme(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix='weir-report-')
        self.addCleanup(shutil.rmtree, self.top)
        self.path = os.path.join(self.top, 'README.md')

    def write(self, text):
        with open(self.path, 'wb') as f:
            f.write(text.encode())

    def read(self):
        with open(self.path, 'rb') as f:
            return f.read().decode()

    def test_block(self):
        text = report.readme(whole())
        rows = [x for x in text.splitlines() if x.startswith('|')]
        self.assertEqual(len(rows), 2 + len(SCENARIOS) + 3
                         + 2 + len(TLS_SCENARIOS) + 2)
        self.assertEqual({x.count('|') for x in rows}, {8, 9})
        self.assertIn('| weir | nginx | haproxy | caddy | lighttpd | '
                      'bare relay |', rows[0])
        self.assertIn('| GET 1 MB | 216 | 1,135 (269) | 477 (263) | 474 |',
                      text)
        self.assertIn('| memory of an idle tunnel, bytes | 430 | 18,120 |',
                      text)
        self.assertIn('| memory at start, KB | 480 (static: 264) | 13,816 |', text)
        words = ' '.join(text.split())
        for x in ('Some CPU @ 2.80GHz', '6.18.5', 'nginx 1.2.3', '5 rounds',
                  '2026-11-21', 'abc1234', 'loopback', '`make bench`',
                  '](test/bench/cost.svg)', '](test/bench/memory.svg)'):
            self.assertIn(x, words)
        self.assertEqual(words.count('nginx 1.2.3'), 1)
        # a tenth counts for it and against it, less or nothing does not
        s = {'rounds': {'a': [{'cpu_us': 10}], 'b': []}}
        for large, want in ((8.9, '10.0 (8.9)'), (11.5, '10.0 (11.5)'),
                            (9.1, '10.0'), (10, '10.0'), (None, '10.0')):
            s['rounds']['a 64k'] = s['rounds']['b 64k'] = [{'cpu_us': large}]
            self.assertEqual(report.readme_cell(s, 'a'), want)
            self.assertEqual(report.readme_cell(s, 'b'), '-')
        self.assertIn('](doc/cost.svg)', report.readme(whole(), 'doc'))

    def test_holes(self):
        r = whole()
        del rounds(r, 'ws_64', 'nginx')[:]
        r['proxies'] = [p for p in r['proxies'] if p['name'] != 'caddy']
        r['idle'] = {}
        text = report.readme(r)
        self.assertIn('64 tunnels | 10.5 | - | 12.2 |', text)
        self.assertIn('bytes | - | - | - | - | - | - |', text)
        self.assertIn('start, KB | 480 (static: 264) | 13,816 | 9,660 | - | 928 |', text)

    def test_tls(self):
        r = whole()
        plain, rest = report.readme(r).split('| The same over TLS 1.2 |')
        self.assertTrue(plain.endswith('|\n\n'))
        self.assertNotIn('hitch', plain)
        self.assertTrue(rest.startswith(
            ' weir | nginx | haproxy | caddy | hitch | stunnel | '
            'bare relay |\n'))
        self.assertIn('handshakes, one message, close | 1,162 | 350 |', rest)
        self.assertIn('| 1,210 | 42,200 | 18,980 | 80,690 | 40,350 | 74,570 | 4,240 '
                      '|', rest)
        self.assertIn('start, KB | 640 | 16,400 | 18,800 |', rest)
        self.assertRegex(' '.join(rest.split()), r'hitch 1\.2\.3, stunnel 1.*'
                         'ECDHE-ECDSA-AES128-GCM-SHA256')
        # a peer's that fails is a hole, weir's is no table
        for s in r['scenarios']:
            if s['tls']:
                s['rounds'].pop('hitch')
        self.assertIn('| 14.3 | 23.2 | 20.1 | 67.7 | - | 37.4 | 13.8 |',
                      report.readme(r))
        for s in r['scenarios']:
            if s['tls']:
                s['rounds']['weir'] = [{}] * 5
        self.assertNotIn('TLS', report.readme(r))
        self.assertNotIn('hitch', report.readme(r))
        r['scenarios'] = [s for s in r['scenarios'] if not s['tls']]
        self.assertEqual(report.readme(r).count('| ---'), 1)
        self.assertNotIn('TLS', report.readme(r))

    def test_replace(self):
        before, after = '# weir\n\nµ text \n\n', '\n## Next\r\nno newline'
        self.write(before + report.BEGIN + '\nold\n\nold\n' + report.END +
                   '\n' + after)
        os.chmod(self.path, 0o664)
        report.write_readme(self.path, whole())
        want = (before + report.BEGIN + '\n' + report.readme(whole()) +
                report.END + '\n' + after)
        self.assertEqual(self.read(), want)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o664)
        self.assertEqual(os.listdir(self.top), ['README.md'])
        # once more changes nothing
        report.write_readme(self.path, whole())
        self.assertEqual(self.read(), want)

    def test_nothing_between(self):
        self.write('%s\n%s' % (report.BEGIN, report.END))
        report.write_readme(self.path, whole())
        self.assertEqual(self.read(), '%s\n%s%s' % (
            report.BEGIN, report.readme(whole()), report.END))

    def test_link(self):
        link = os.path.join(self.top, 'link')
        os.symlink('README.md', link)
        self.write('%s\n%s\n' % (report.BEGIN, report.END))
        report.write_readme(link, whole())
        self.assertTrue(os.path.islink(link))
        self.assertIn('GET 1 MB', self.read())

    def test_marks(self):
        b, e = report.BEGIN + '\n', report.END + '\n'
        for text in ('', 'x\n', b, e, b + 'x\n', e + b, b + b + e,
                     b + e + e, b + e + b + e, b + e + b,
                     'see ' + b + e, ' ' + b + e):
            self.write(text)
            with self.assertRaises(ValueError, msg=repr(text)) as c:
                report.write_readme(self.path, whole())
            self.assertIn(self.path, str(c.exception))
            self.assertEqual(self.read(), text)
        # not a line of its own, so not a mark
        self.write('see ' + b + b + 'x\n' + e)
        report.write_readme(self.path, whole())
        self.assertTrue(self.read().startswith('see ' + b + b + '|'))


class Plots(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix='weir-report-')
        self.addCleanup(shutil.rmtree, self.top)

    def plots(self, result):
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            report.plots(result, self.top)
        files = {}
        for name in os.listdir(self.top):
            with open(os.path.join(self.top, name), encoding='utf-8') as f:
                files[name] = f.read()
        return files, err.getvalue()

    def test_apart(self):
        for places in ([0.5], [0, 0, 0, 0], [1, 1, 1], [0.2, 0.21, 0.9],
                       [0.1] * 20, [0.5, 0.52, 0.54, 0.97, 0.98]):
            moved = report.apart(list(places), 0.05)
            self.assertGreater(moved[0], -1e-9)
            self.assertLess(moved[-1], 1 + 1e-9)
            for a, b in zip(moved, moved[1:]):
                self.assertGreater(b - a, 0.049)
        self.assertEqual(report.apart([0.1, 0.5, 0.9], 0.05),
                         [0.1, 0.5, 0.9])

    @unittest.skipUnless(shutil.which('gnuplot'), 'no gnuplot')
    def test_files(self):
        files, err = self.plots(whole())
        self.assertEqual((sorted(files), err),
                         (['cost.svg', 'memory.svg'], ''))
        for text in files.values():
            self.assertLess(len(text), 25000)
            xml.dom.minidom.parseString(text)
            for name in IDLE:
                self.assertRegex(text, r'>%s [\d.]+<' % name)
        self.assertIn('>poll 293<', files['cost.svg'])
        self.assertIn('>weir 4.6<', files['memory.svg'])
        self.assertEqual(self.plots(whole())[0], files)

    @unittest.skipUnless(shutil.which('gnuplot'), 'no gnuplot')
    def test_holes(self):
        r = whole()
        del r['idle']['poll'][2:]
        r['idle']['caddy'][1].update(rounds=[None], memory=None)
        r['idle']['raw'] = []
        r['idle']['nginx'] = r['idle']['nginx'][:1]
        del r['idle']['park']
        files, err = self.plots(r)
        self.assertEqual(err, '')
        self.assertNotIn('>raw', files['cost.svg'])
        self.assertNotIn('>park', files['cost.svg'])
        self.assertIn('>nginx 10.7<', files['cost.svg'])
        # all in one line, and one alone
        r['idle'] = {'weir': [{'tunnels': t, 'memory': 500000,
                               'rounds': [8.0]} for t in (0, 9)]}
        self.assertEqual(self.plots(r)[1], '')

    def test_nothing_measured(self):
        for idle in ({}, {'weir': []}, {'weir': [{'tunnels': 0, 'memory': 1,
                                                  'rounds': [8]}]}):
            files, err = self.plots(dict(whole(), idle=idle))
            self.assertEqual(files, {})
            self.assertEqual(err.count('nothing measured'), 2)

    def test_no_gnuplot(self):
        with mock.patch.dict(os.environ, PATH=self.top):
            files, err = self.plots(whole())
        self.assertEqual(files, {})
        self.assertIn('needs gnuplot', err)

    def test_gnuplot_fails(self):
        bad = os.path.join(self.top, 'gnuplot')
        with open(bad, 'w') as f:
            f.write('#!/bin/sh\nread x; exit 3\n')
        os.chmod(bad, 0o755)
        with mock.patch.dict(os.environ, PATH=self.top):
            files, err = self.plots(whole())
        self.assertEqual(list(files), ['gnuplot'])
        self.assertIn('exit status 3', err)


if __name__ == '__main__':
    unittest.main()
