"""The programs of the bench: weir, its peers, the floors, and the origin.

Those that speak TLS are run once more with another listener for it, in
processes of their own. All of them show the same certificate and are held to
TLS 1.2 and one suite, so that the client's choice is nobody's advantage.

Each is started with a configuration made from a template in peers/, in a
directory of its own below the scratch directory, on one CPU, with the same
limit of descriptors. What it costs is read from the kernel's books.

A proxy may have FILES descriptors, two for each tunnel. Memory is Pss: pages
that processes share, such as a program's text, are divided among them, so
that copies of one program that run side by side look smaller than each alone.
"""
import ctypes
import os
import pwd
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = os.environ.get('PATH', '') + ':/usr/sbin:/usr/local/sbin:/sbin'
RELAY = os.path.join(HERE, 'relay')
ORIGIN = os.path.join(HERE, 'origin')

# Enough for 20,000 tunnels. More would only cost memory in those proxies that
# take all of it at their start.
FILES = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 40960)
TUNNELS = (FILES - 160) // 2
# What nginx is told, for as many: when a sixteenth of its connections is left
# it closes those that have yet to send a request.
NGINX = FILES * 17 // 16
# lighttpd does not accept while more than nine tenths of FILES are in use, and
# stunnel takes that many clients.
FEWER = {'lighttpd': (FILES * 9 // 10 - 60) // 2,
         'stunnel': FILES * 125 // 256 - 16}

SUITE = 'ECDHE-ECDSA-AES128-GCM-SHA256'

START = 10  # seconds to accept connections
STOP = 3    # seconds from SIGTERM to SIGKILL

PR_SET_PDEATHSIG = 1
prctl = ctypes.CDLL(None).prctl

_ports = set()


class Failed(Exception):
    """A program does not start; says what it printed last."""


def free_port():
    """A port of the loopback address, below those that clients are given."""
    while True:
        port = random.randrange(10000, 32000)
        if port in _ports:
            continue
        with socket.socket() as s:
            try:
                s.bind(('127.0.0.1', port))
            except OSError:
                continue
        _ports.add(port)
        return port


def accepts(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


class Server:
    """Programs that are started and stopped together.

    commands is their arguments, ports is where they will listen. templates
    is names of files in peers/, which are written to the directory that the
    programs run in, and values is what stands there between two @."""

    def __init__(self, name, scratch_dir, cpu, commands, ports, templates=(),
                 values=()):
        self.name = name
        self.cpu = cpu
        self.dir = os.path.join(scratch_dir, name.replace(' ', '-'))
        self.commands = commands
        self.ports = ports
        self.templates = templates
        self.values = dict(values, DIR=self.dir, FILES=FILES,
                           TUNNELS=TUNNELS, NGINX=NGINX, SUITE=SUITE)
        self.children = []
        self.cpu_times = {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()

    def start(self):
        """Returns when all ports accept connections and what there is to do
        at the start has been done. A thread that calls this has to outlive
        the programs: they end with it."""
        os.makedirs(self.dir, exist_ok=True)
        self.write_files()
        self.cpu_times = {}
        try:
            for command in self.commands:
                self.children.append(self.spawn(command))
            self.await_ports()
            self.await_rest()
        except BaseException:
            self.stop()
            raise

    def write_files(self):
        for name in self.templates:
            with open(os.path.join(HERE, 'peers', name)) as f:
                text = f.read()
            text = re.sub('@([A-Z]+)@', lambda m: str(self.values[m[1]]),
                          text)
            with open(os.path.join(self.dir, name), 'w') as f:
                f.write(text)

    def spawn(self, command):
        """Begins a session, whose number tells its processes."""
        env = dict(os.environ, PATH=PATH, HOME=self.dir, GOMAXPROCS='1',
                   XDG_CONFIG_HOME=self.dir, XDG_DATA_HOME=self.dir)
        with open(self.log_path(), 'ab') as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.dir, env=env, start_new_session=True,
                preexec_fn=self.prepare)

    def prepare(self):
        """In the child, before it becomes the program."""
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
        if self.cpu is not None and os.cpu_count() > 1:
            os.sched_setaffinity(0, {self.cpu})

    def await_ports(self):
        end = time.monotonic() + START
        while not all(map(accepts, self.ports)):
            if time.monotonic() > end:
                raise Failed('%s does not accept connections: %s'
                             % (self.name, self.last_words()))
            self.check()
            time.sleep(0.02)
        self.check()

    def await_rest(self):
        """Waits, at most 3 s, for 0.3 s without work."""
        before, quiet = self.cpu_ns(), 0
        for _ in range(30):
            time.sleep(0.1)
            now = self.cpu_ns()
            quiet = quiet + 1 if now - before < 1000000 else 0
            if quiet == 3:
                return
            before = now

    def check(self):
        """None of the programs may have ended."""
        for child in self.children:
            if child.poll() is not None:
                raise Failed('%s ended with status %d: %s' % (
                    self.name, child.returncode, self.last_words()))

    def log_path(self):
        return os.path.join(self.dir, 'log')

    def last_words(self):
        with open(self.log_path(), errors='replace') as f:
            return f.read()[-1000:].strip()

    def stop(self):
        """May be called at any time, and again."""
        for child in self.children:
            child.terminate()
        if not self.gone():
            for pid in self.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.gone()
        for child in self.children:
            child.wait()
        self.children = []

    def gone(self):
        end = time.monotonic() + STOP
        while self.pids():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def pids(self):
        """All of the processes that are alive, masters and workers."""
        return sessions([child.pid for child in self.children])

    def memory(self):
        """Bytes."""
        return sum(map(pss, self.pids()))

    def cpu_ns(self):
        """Nanoseconds on a CPU since the start. A process that has ended
        counts with what was seen of it last."""
        for pid in self.pids():
            self.cpu_times[pid] = max(self.cpu_times.get(pid, 0),
                                      cpu_time(pid))
        return sum(self.cpu_times.values())


def sessions(leaders):
    """The processes of these sessions."""
    found = []
    for name in os.listdir('/proc') if leaders else []:
        if not name.isdigit():
            continue
        try:
            with open('/proc/%s/stat' % name) as f:
                # the name of the program may hold blanks and parentheses
                state, _, _, session = f.read().rsplit(')', 1)[1].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(session) in leaders and state not in 'ZX':
            found.append(int(name))
    return found


def pss(pid):
    try:
        with open('/proc/%d/smaps_rollup' % pid) as f:
            return 1024 * int(re.search(r'^Pss:\s+(\d+) kB', f.read(),
                                        re.M)[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def cpu_time(pid):
    """Nanoseconds on a CPU of all its threads, those that have ended too: its
    clock in the kernel (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime_ns(~pid << 3 | 2)
    except OSError:
        return 0


class Proxy(Server):
    """What is measured. A proxy knows a route for tunnels, /ws, and one for
    requests, with a pool; a floor, which reads no path, is a relay for each.

    kind is 'weir', 'peer', 'floor', or 'static' for the static build of weir,
    whose memory at start and size are of interest; version is '' for a floor;
    tunnels is the most that it can hold at once; ca is the file of those that
    signed its certificate, None where the port that is measured is plain."""

    ca = None

    def __init__(self, name, kind, binary, version, *server):
        super().__init__(name, *server)
        self.kind = kind
        self.binary = binary
        self.version = version
        self.tunnels = FEWER.get(name, TUNNELS)
        self.port = self.ws_port = self.ports[0]
        self.http_port = self.ports[-1]

    def binary_size(self):
        """Of the file alone, without the libraries that it loads, and
        without what is for debuggers, as packages have it."""
        bare = os.path.join(self.dir, 'bare')
        os.makedirs(self.dir, exist_ok=True)
        try:
            subprocess.run(['strip', '-o', bare, self.binary], check=True,
                           stderr=subprocess.DEVNULL)
            return os.path.getsize(bare)
        except (OSError, subprocess.CalledProcessError):
            return os.path.getsize(self.binary)

    def memory(self):
        """Bytes; of a floor only the relay for WebSocket."""
        if self.kind == 'floor':
            return sum(map(pss, sessions([self.children[0].pid])))
        return super().memory()


class Origin(Server):
    """What answers behind all proxies: see origin.c."""

    def __init__(self, scratch_dir, port, cpu):
        self.port = port
        super().__init__('origin', scratch_dir, cpu,
                         [[ORIGIN, str(port)]], [port])


def find(program):
    """The path of an installed program, or None."""
    path = shutil.which(program, path=PATH)
    return path and os.path.realpath(path)


def nginx(binary, conf):
    """Its worker keeps the user of the bench, also when that is root."""
    command = [binary, '-e', 'stderr', '-p', '.', '-c', conf]
    if os.geteuid() == 0:
        command += ['-g', 'user %s;' % pwd.getpwuid(0).pw_name]
    return command


def haproxy(binary, *confs):
    """In the foreground, without the master that some set-ups add for
    reloads: this is the smallest it can be."""
    return [binary, '-db'] + [a for c in confs for a in ('-f', c)]


def hitch(binary):
    """It insists on another user than root."""
    other = ['-u', 'nobody', '-g', 'nogroup'] if os.geteuid() == 0 else []
    return [binary, '--config=hitch.conf'] + other


def version(name, binary, argument):
    """The name with the first number that the program prints."""
    run = subprocess.run([binary, argument], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, errors='replace')
    number = re.search(r'\d+(\.\d+)+', run.stdout)
    return '%s %s' % (name, number[0] if number else '?')


# name, templates, what asks for the version, the command of a binary
PEERS = [
    ('nginx', ['nginx.conf'], '-v', lambda b: nginx(b, 'nginx.conf')),
    ('nginx 64k', ['nginx.conf', 'nginx-64k.conf'], '-v',
     lambda b: nginx(b, 'nginx.conf')),
    ('haproxy', ['haproxy.cfg'], '-v', lambda b: haproxy(b, 'haproxy.cfg')),
    ('haproxy 64k', ['haproxy.cfg', 'haproxy-64k.cfg'], '-v',
     lambda b: haproxy(b, 'haproxy.cfg', 'haproxy-64k.cfg')),
    ('lighttpd', ['lighttpd.conf'], '-v',
     lambda b: [b, '-D', '-f', 'lighttpd.conf']),
    ('caddy', ['Caddyfile'], 'version',
     lambda b: [b, 'run', '--adapter', 'caddyfile', '--config', 'Caddyfile']),
]
WEIR = [(name, ['weir.conf'], '-V', lambda b: [b, '-c', 'weir.conf'])
        for name in ('weir', 'weir static')]
TLS = [
    ('weir', ['weir-tls.conf', 'weir.conf'], '-V',
     lambda b: [b, '-c', 'weir-tls.conf', '-c', 'weir.conf']),
    ('nginx', ['nginx.conf', 'nginx-tls.conf'], '-v',
     lambda b: nginx(b, 'nginx.conf')),
    ('haproxy', ['haproxy.cfg', 'haproxy-tls.cfg'], '-v',
     lambda b: haproxy(b, 'haproxy.cfg', 'haproxy-tls.cfg')),
    ('caddy', ['Caddyfile', 'tls.caddy'], 'version',
     lambda b: [b, 'run', '--adapter', 'caddyfile', '--config', 'Caddyfile']),
    ('hitch', ['hitch.conf'], '-V', hitch),
    ('stunnel', ['stunnel.conf'], '-version', lambda b: [b, 'stunnel.conf']),
]
KINDS = {'weir': 'weir', 'weir static': 'static'}
FLOORS = ['raw', 'poll', 'park']
TLS_FLOORS = ['park']


def listeners(rows, port, scratch_dir, weir_binary, cpu, values):
    """The proxies of these rows, each measured at the port that its templates
    call by this name, and the names of those that are not here."""
    found, missing = [], []
    for name, templates, argument, command in rows:
        binary = (shutil.which(os.path.abspath(
            weir_binary + name[len('weir'):].replace(' ', '-')))
            if name.startswith('weir') else find(name.split()[0]))
        if not binary:
            missing.append(name)
            continue
        ports = {'PORT': free_port(), 'TLSPORT': free_port()}
        found.append(Proxy(
            name, KINDS.get(name, 'peer'), binary,
            version(name.split()[0], binary, argument), scratch_dir, cpu,
            [command(binary)], [ports[port]], templates,
            dict(values, **ports)))
    return found, missing


def floors(names, scratch_dir, origin_port, cpu, *pem):
    """The relays of these names, over TLS with a file for it, and those that
    are not here."""
    if not os.access(RELAY, os.X_OK):
        return [], list(names)
    found = []
    for name in names:
        ports = [free_port(), free_port()]
        found.append(Proxy(
            name, 'floor', RELAY, '', scratch_dir, cpu,
            [[RELAY, name, str(p), str(origin_port), *pem] for p in ports],
            ports))
    return found, []


def proxies(scratch_dir, weir_binary, origin_port, cpu):
    """All proxies that can be started here, and the names of the others."""
    found, missing = listeners(WEIR + PEERS, 'PORT', scratch_dir, weir_binary,
                               cpu, {'ORIGIN': origin_port})
    relays, absent = floors(FLOORS, scratch_dir, origin_port, cpu)
    return found + relays, missing + absent


def tls_proxies(scratch_dir, weir_binary, origin_port, cpu):
    """The same for those with TLS."""
    scratch_dir = os.path.join(scratch_dir, 'tls')
    try:
        ca, pem = certificate(scratch_dir)
    except Failed as why:
        return [], ['a certificate (%s)' % why]
    found, missing = listeners(TLS, 'TLSPORT', scratch_dir, weir_binary, cpu,
                               {'ORIGIN': origin_port, 'PEM': pem})
    relays, absent = floors(TLS_FLOORS, scratch_dir, origin_port, cpu, pem)
    for proxy in found + relays:
        proxy.ca = ca
    return found + relays, missing + absent


def certificate(directory):
    """Makes a CA and a certificate of its, both ECDSA with P-256. Returns the
    file of the CA and that of the certificate with its key."""
    os.makedirs(directory, exist_ok=True)
    names = ('ca.pem', 'ca.key', 'leaf.pem', 'leaf.key', 'bench.pem')
    ca, ca_key, leaf, key, both = (os.path.join(directory, n) for n in names)
    request = ['openssl', 'req', '-x509', '-days', '30', '-nodes',
               '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    for more in (['-subj', '/CN=bench CA', '-out', ca, '-keyout', ca_key],
                 ['-subj', '/CN=bench.example', '-out', leaf, '-keyout', key,
                  '-CA', ca, '-CAkey', ca_key,
                  '-addext', 'basicConstraints=critical,CA:FALSE',
                  '-addext', 'subjectAltName=DNS:bench.example,IP:127.0.0.1']):
        try:
            subprocess.run(request + more, capture_output=True, text=True,
                           check=True)
        except OSError as why:
            raise Failed(why) from None
        except subprocess.CalledProcessError as why:
            raise Failed('openssl: ' + why.stderr.strip()) from None
    with open(both, 'w') as f:
        for part in leaf, key:
            with open(part) as g:
                f.write(g.read())
    return ca, both
