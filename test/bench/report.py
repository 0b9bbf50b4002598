"""What the bench found: a table, the targets, the README's block, two plots.

All of it is made from one result, the dict that run also keeps as JSON. A
value that is None, or not there, was not measured; none is made up. Proxies
are compared within a round, since the machine changes from one round to the
next, and the median of these ratios is the figure.
"""
import math
import os
import re
import statistics
import subprocess
import sys
import textwrap

TLS_PEERS = ['nginx', 'haproxy', 'caddy', 'hitch', 'stunnel']
# What is asked of weir: in words, what is measured, of whom, the limit.
# Measured is the cost in a scenario (the key of one with TLS ends in _tls);
# "idle", that beside the most idle tunnels; "tunnel", the bytes of an idle
# tunnel, "tunnel_tls", of one over TLS; "start" and "file", the KB of memory at
# start and of the static build.
TARGETS = [
    ('WebSocket 125 B, 64 tunnels', 'ws_64', 'park', '<=', 1.05),
    ('WebSocket 125 B, 64 tunnels', 'ws_64', 'nginx', '<', 1.00),
    ('WebSocket 125 B, 64 tunnels', 'ws_64', 'haproxy', '<', 1.00),
    ('WebSocket 125 B, 512 tunnels', 'ws_512', 'park', '<=', 1.05),
    ('WebSocket 125 B, 512 tunnels', 'ws_512', 'nginx', '<', 1.00),
    ('WebSocket 125 B, 512 tunnels', 'ws_512', 'haproxy', '<', 1.00),
    ('WebSocket 16 KB', 'ws_16k', 'park', '<=', 1.05),
    ('WebSocket 16 KB', 'ws_16k', 'nginx', '<=', 0.25),
    ('WebSocket 16 KB', 'ws_16k', 'nginx 64k', '<=', 1.00),
    ('WebSocket 16 KB', 'ws_16k', 'haproxy 64k', '<=', 1.00),
    ('beside the most idle tunnels', 'idle', 'none', '<=', 1.05),
    ('connect, handshake, message, close', 'churn', 'park', '<=', 1.05),
    ('GET 1 KB', 'http_1k', 'park', '<=', 1.12),
    ('GET 1 KB', 'http_1k', 'nginx', '<=', 0.85),
    ('GET 1 MB', 'http_1m', 'park', '<=', 1.05),
    ('GET 1 MB', 'http_1m', 'nginx 64k', '<', 1.00),
    ('GET 1 MB', 'http_1m', 'haproxy 64k', '<', 1.00),
    ('idle tunnel, bytes', 'tunnel', None, '<=', 512),
    ('memory of the static build at start, KB', 'start', None, '<=', 500),
    ('size of the static build, KB', 'file', None, '<', 400),
    ('WebSocket 125 B over TLS', 'ws_64_tls', 'park', '<=', 1.05),
    *(('WebSocket 125 B over TLS', 'ws_64_tls', peer, '<', 1.00)
      for peer in TLS_PEERS),
    ('WebSocket 16 KB over TLS', 'ws_16k_tls', 'park', '<=', 1.05),
    *(('WebSocket 16 KB over TLS', 'ws_16k_tls', peer, '<', 1.00)
      for peer in TLS_PEERS),
    ('GET 1 KB over TLS', 'http_1k_tls', 'park', '<=', 1.05),
    *(('GET 1 KB over TLS', 'http_1k_tls', peer, '<', 1.00)
      for peer in TLS_PEERS),
    ('full handshake of TLS, message, close', 'churn_tls', 'park', '<=',
     1.05),
    ('resumed handshake of TLS, message, close', 'churn_resumed_tls', 'park',
     '<=', 1.05),
    ('resumed handshake of TLS, message, close', 'churn_resumed_tls', 'nginx',
     '<=', 1.00),
    ('idle TLS tunnel, bytes', 'tunnel_tls', None, '<=', 1500),
]

BEGIN = '<!-- bench: written by make bench -->'
END = '<!-- /bench -->'
COLUMNS = {'weir': 'weir', 'nginx': 'nginx', 'haproxy': 'haproxy',
           'caddy': 'caddy', 'lighttpd': 'lighttpd', 'park': 'bare relay'}
TLS_COLUMNS = {**{n: n for n in ['weir', *TLS_PEERS]}, 'park': 'bare relay'}

COLOURS = {'weir': ['#0057b8'],
           'peer': ['#d1495b', '#00875a', '#b36b00', '#8e44ad', '#0097a7',
                    '#a0522d', '#c2185b', '#5d7a00'],
           'floor': ['#444444', '#666666', '#888888']}
LOOKS = {'weir': 'lw 4 pt 7 ps 0.7', 'peer': 'lw 1.8 pt 7 ps 0.4',
         'floor': 'lw 1.5 dt 2 pt 7 ps 0.3'}
SETTINGS = """set encoding utf8; unset key; set border 3; set rmargin 19
set terminal svg size 720,440 noenhanced font 'sans-serif,13' \\
    background '#ffffff'
set xlabel 'idle tunnels'; set tics nomirror out scale 0.5
set logscale y; set format y '%g'
set grid ytics lt 1 lw 0.5 lc rgb '#cccccc'"""


# figures
def known(values):
    return [v for v in values or [] if v is not None]


def median(values):
    return statistics.median(known(values)) if known(values) else None


def spread(values):
    """Half the range: so few rounds have no quartiles worth the name."""
    v = known(values)
    return (max(v) - min(v)) / 2 if len(v) > 1 else None


def ratio(values, others):
    """The median of the ratios in the rounds that have both."""
    return median([a / b for a, b in zip(values, others)
                   if a is not None and b])


def one_of(rows, field, value):
    return next((r for r in rows or [] if r[field] == value), {})


def per_round(scenario, name, what='cpu_us'):
    rounds = scenario.get('rounds', {}).get(name) or []
    return [(r or {}).get(what) for r in rounds]


def names(result, measured):
    """Those measured, in the order of the proxies."""
    return [p['name'] for p in result['proxies'] if p['name'] in measured]


def beside(result, name, idle='idle'):
    """Numbers of idle tunnels, and what was measured beside each."""
    rows = result.get(idle, {}).get(name) or []
    return {row['tunnels']: row for row in rows}


def tunnel_counts(result):
    idle = result.get('idle', {})
    return sorted({n for name in idle for n in beside(result, name)})


def idle_cost(result, name, tunnels):
    return beside(result, name).get(tunnels, {}).get('rounds') or []


def idle_ratio(result, name):
    """The cost beside the most idle tunnels, of any proxy's, to none."""
    most = max(tunnel_counts(result), default=0)
    return None if most == 0 else ratio(
        idle_cost(result, name, most), idle_cost(result, name, 0))


def tunnel_bytes(result, name, idle='idle'):
    """The memory of one idle tunnel: the slope from none to the most. That of
    one over TLS is in 'idle_tls'."""
    memory = {n: row['memory'] for n, row in beside(result, name, idle).items()
              if row.get('memory') is not None}
    most = max(memory, default=0)
    return (memory[most] - memory[0]) / most if most and 0 in memory else None


def kb(result, name, what):
    size = one_of(result['proxies'], 'name', name).get(what)
    return None if size is None else size / 1024


def show(value, form):
    return '-' if value is None else format(value, form)


def short(value):
    return show(value, '.1f' if value is not None and value < 100 else ',.0f')


def machine(result):
    m = result['machine']
    return ('%(cpu)s, %(cores)s cores, Linux %(kernel)s, %(compiler)s, '
            'medians of %(rounds)s rounds, %(date)s, commit %(commit)s' % m
            + (', a quick run' if m.get('quick') else ''))


# the terminal's table
def line(name, cells):
    mark = '>' if name == 'weir' else ' '
    return '%s %-12s' % (mark, name) + ''.join(c.rjust(9) for c in cells)


def scenario_lines(result, scenario):
    yield '%s%s, per %s' % ('TLS: ' if scenario.get('tls') else '',
                            scenario['title'], scenario['unit'])
    floor = per_round(scenario, 'park')
    for name in names(result, scenario['rounds']):
        cost = per_round(scenario, name)
        cells = [show(median(cost), ',.2f'), show(spread(cost), ',.2f'),
                 show(ratio(cost, floor), '.3f')]
        cells += [show(median(per_round(scenario, name, what)), ',.0f')
                  for what in ('rate', 'p50', 'p99', 'p999')]
        some, every = len(known(cost)), result['machine']['rounds']
        cells.append('%d of %d' % (some, every) if some < every else '')
        yield line(name, cells)


def memory(result, name):
    """Bytes of an idle tunnel, KB at start, KB of the executable."""
    return [show(v, ',.0f') for v in (
        tunnel_bytes(result, name), kb(result, name, 'start'),
        kb(result, name, 'binary'))]


def tls_memory(result, name):
    """Bytes of an idle tunnel over TLS, KB at start with it."""
    return [show(v, ',.0f') for v in (
        tunnel_bytes(result, name, 'idle_tls'),
        kb(result, name, 'start_tls'))]


def table(result):
    """Room for eight numbers of idle tunnels."""
    lines = [textwrap.fill(machine(result), 95), textwrap.fill(
        'us: CPU of the whole proxy. +-: half the range of the rounds, least '
        'to most. /park: ratio to the bare relay, within a round. p: latency '
        'in us. "3 of 5": rounds that have a figure, if some have none.', 95),
        '', line('', ['us', '+-', '/park', 'rate/s', 'p50', 'p99', 'p99.9'])]
    for s in result['scenarios']:
        lines += [*scenario_lines(result, s), '']
    lines += ['Memory (PSS), and the executable without shared libraries',
              line('', ['tunnel B', 'start KB', 'file KB', 'B, TLS',
                        'KB, TLS', 'version'])]
    lines += ['%s  %.36s' % (
        line(p['name'], memory(result, p['name'])
             + tls_memory(result, p['name'])), p.get('version') or '')
              for p in result['proxies']]
    counts = tunnel_counts(result)
    lines += ['', 'WebSocket beside idle tunnels, us per message',
              line('', [format(n, ',') for n in counts] + ['most/0'])]
    for name in names(result, result.get('idle', {})):
        cells = [show(median(idle_cost(result, name, n)), ',.2f')
                 for n in counts]
        lines.append(line(name, cells + [show(idle_ratio(result, name),
                                              '.3f')]))
    return '\n'.join(x.rstrip() for x in lines) + '\n'


# targets
def measure(result, key, other):
    own = {'idle': idle_ratio(result, 'weir'),
           'tunnel': tunnel_bytes(result, 'weir'),
           'tunnel_tls': tunnel_bytes(result, 'weir', 'idle_tls'),
           'start': kb(result, 'weir static', 'start'),
           'file': kb(result, 'weir static', 'binary')}
    s = one_of(result['scenarios'], 'key', key)
    return own[key] if key in own else ratio(
        per_round(s, 'weir'), per_round(s, other))


def targets(result):
    """A list of text, measured, limit, met; met is None if not measured."""
    found = []
    for text, key, other, sign, limit in TARGETS:
        value = measure(result, key, other)
        met = None if value is None else (
            value < limit or sign == '<=' and value == limit)
        text += ', to %s %s' % (other, sign) if other else ' ' + sign
        found.append((text, value, limit, met))
    return found


def print_targets(result, file=None):
    """Returns how many were missed."""
    words = {True: 'met', False: 'MISSED', None: 'not measured'}
    for text, value, limit, met in targets(result):
        digits = 3 if limit < 10 else 1
        print('%-12s %9s  %s %.*f' % (words[met], show(
            value, '.%df' % digits), text, digits - 1, limit), file=file)
    return sum(met is False for *_, met in targets(result))


# the README's block
def readme_cell(scenario, name):
    """With 64 KB buffers too, where they change it by more than a tenth."""
    cost = median(per_round(scenario, name))
    large = median(per_round(scenario, name + ' 64k')) or cost
    differs = cost and abs(large / cost - 1) > 0.1
    return short(cost) + (' (%s)' % short(large) if differs else '')


def readme_table(heading, columns, scenarios, sizes):
    """Costs in the scenarios, then the rows that sizes are."""
    rows = [[heading, *columns.values()], ['---'] + ['--:'] * len(columns)]
    rows += [[s['title'], *(readme_cell(s, n) for n in columns)]
             for s in scenarios]
    return ['| %s |' % ' | '.join(r) for r in rows + sizes] + ['']


def plain_table(result):
    sizes = [list(row) for row in zip(
        ['memory of an idle tunnel, bytes', 'memory at start, KB',
         'executable, KB'], *(memory(result, n) for n in COLUMNS))]
    for row, what in zip(sizes[1:], ('start', 'binary')):
        static = kb(result, 'weir static', what)
        row[1] += ' (static: %s)' % short(static) if static else ''
    return readme_table(
        'CPU µs per message, request or connection', COLUMNS,
        [s for s in result['scenarios'] if not s.get('tls')], sizes)


def tls_table(result):
    """Nothing where nothing of weir was measured."""
    scenarios = [s for s in result['scenarios'] if s.get('tls')]
    if not any(known(per_round(s, 'weir')) for s in scenarios):
        return []
    sizes = map(list, zip(
        ['memory of an idle tunnel, bytes', 'memory at start, KB'],
        *(tls_memory(result, n) for n in TLS_COLUMNS)))
    return readme_table('The same over TLS 1.2', TLS_COLUMNS, scenarios,
                        list(sizes))


def readme(result, images='test/bench'):
    """The Markdown; images is the way from the README to the plots."""
    over_tls = tls_table(result)
    columns = {**COLUMNS, **(TLS_COLUMNS if over_tls else {})}
    versions = [p['version'] for p in result['proxies']
                if p['name'] in columns and p.get('version')]
    caption = ('Less is better. %s; %s. All over loopback, the proxy on one '
               'core, load and origin on the other. In brackets: with 64 KB '
               'buffers, where it differs by a tenth. The bare relay parses '
               'nothing. Executables without shared libraries. %sMore: `make '
               'bench`.' % (machine(result), ', '.join(versions), (
                   'TLS: ECDHE-ECDSA-AES128-GCM-SHA256 with P-256 in, plain '
                   'out; the bare relay has BearSSL as it is; hitch and '
                   'stunnel do not read what they pass on. '
                   if over_tls else '')))
    return '\n'.join([
        *plain_table(result), *over_tls,
        textwrap.fill(caption, 79, break_on_hyphens=False), '',
        '![CPU per message beside idle tunnels](%s/cost.svg)' % images,
        '![Memory with idle tunnels](%s/memory.svg)' % images, ''])


def replace_file(path, text):
    """The whole new file or still the old one; its mode stays."""
    path = os.path.realpath(path)
    new = path + '.new'
    with open(new, 'w', encoding='utf-8', newline='') as f:
        f.write(text)
    if os.path.exists(path):
        os.chmod(new, os.stat(path).st_mode & 0o7777)
    os.replace(new, path)


def write_readme(path, result):
    """Replaces what stands between the two marks; ValueError without them."""
    with open(path, encoding='utf-8', newline='') as f:
        lines = f.readlines()
    bare = [x.rstrip('\r\n') for x in lines]
    if [x for x in bare if x in (BEGIN, END)] != [BEGIN, END]:
        raise ValueError('%s: needs the lines %s and %s, in this order, once'
                         % (path, BEGIN, END))
    replace_file(path, ''.join(lines[:bare.index(BEGIN) + 1]) +
                 readme(result) + ''.join(lines[bare.index(END):]))


# plots
def apart(places, gap):
    """Moves ascending places between 0 and 1 until they are a gap apart."""
    last = len(places) - 1
    for _ in range(500):
        for i in range(last):
            lack = max(gap - (places[i + 1] - places[i]), 0)
            places[i] -= lack / 2
            places[i + 1] += lack / 2
        places = [min(max(p, i * gap), 1 - (last - i) * gap)
                  for i, p in enumerate(places)]
    return places


def script(result, heading, series):
    """gnuplot's commands: log scale, each line with its name at its end."""
    xs, ys = zip(*sum(series.values(), []))
    low, high = min(ys) / 1.3, max(ys) * 1.3
    steps = (1, 2, 5) if high / low < 200 else (1,)
    ticks = ['%g' % (n * 10.0 ** e) for e in range(-3, 7) for n in steps]
    out = [SETTINGS, "set title '%s (dashed: bare relays)'" % heading,
           'set xrange [0:%d]' % max(xs), 'set yrange [%g:%g]' % (low, high),
           'set ytics (%s)' % ', '.join(ticks)]
    order = sorted(series, key=lambda n: series[n][-1][1])
    ends = [math.log(series[n][-1][1] / low, high / low) for n in order]
    kinds, lines = {p['name']: p['kind'] for p in result['proxies']}, {}
    for i, (n, place) in enumerate(zip(order, apart(ends, 0.05))):
        alike = [other for other in kinds if kinds[other] == kinds[n]]
        colours, (x, y) = COLOURS[kinds[n]], series[n][-1]
        colour = "rgb '%s'" % colours[alike.index(n) % len(colours)]
        out += ["set label '%s %s' at graph 1.045, graph %.4f tc %s" % (
                    n, short(y), place, colour),
                'set arrow from %d,%g to graph 1.035, graph %.4f nohead '
                'lw 0.7 lc %s' % (x, y, place, colour),
                '$d%d << EOD' % i, *('%d %g' % p for p in series[n]), 'EOD']
        lines[n] = '$d%d w linespoints %s lc %s' % (i, LOOKS[kinds[n]], colour)
    # weir's above the others
    last = [lines.pop('weir')] if 'weir' in lines else []
    out.append('plot ' + ', '.join([*lines.values(), *last]))
    return '\n'.join(out) + '\n'


def plots(result, directory):
    """Writes cost.svg and memory.svg, or says why not."""
    for file, heading, value in (
            ('cost.svg', 'CPU µs per message beside idle tunnels',
             lambda row: median(row.get('rounds'))),
            ('memory.svg', 'Memory with idle tunnels, MB',
             lambda row: (row.get('memory') or 0) / (1 << 20))):
        series = {name: [(n, value(row)) for n, row in
                         sorted(beside(result, name).items()) if value(row)]
                  for name in names(result, result.get('idle', {}))}
        series = {name: points for name, points in series.items() if points}
        if not any(points[-1][0] for points in series.values()):
            print('no %s: nothing measured' % file, file=sys.stderr)
            continue
        try:
            svg = subprocess.run(
                ['gnuplot', '-d'], input=script(result, heading, series),
                stdout=subprocess.PIPE, check=True, encoding='utf-8').stdout
        except (OSError, subprocess.SubprocessError) as e:
            print('no %s: needs gnuplot: %s' % (file, e), file=sys.stderr)
            continue
        svg = re.sub('<g [^>]*>\n</g>\n', '', svg)  # groups of nothing
        replace_file(os.path.join(directory, file), svg)
