"""The Makefile links the BearSSL that it is told to, or says what lacks."""
import os
import shutil
import subprocess
import tempfile

from weir import TOP, WAIT, Skip, case, main, same

# stands for weir, and a library that no system has
PROGRAM = 'int weir_test_answer(void);\n' \
          'int main(void)\n{\n\treturn weir_test_answer();\n}\n'
LIBRARY = 'int weir_test_answer(void);\n' \
          'int weir_test_answer(void)\n{\n\treturn 42;\n}\n'


class Tree:
    """A source tree of that program, and of a BearSSL that may be built."""

    def __init__(self, top, built):
        self.top = top
        os.makedirs(top + '/lib')
        for name in 'Makefile', 'lib/static.ld':
            shutil.copy(os.path.join(TOP, name), os.path.join(top, name))
        self.lib = os.path.join(top, 'bear')
        os.makedirs(self.lib + '/inc')
        os.makedirs(self.lib + '/build')
        for name, text in (('proxy.c', PROGRAM), ('bear/x.c', LIBRARY)):
            with open(os.path.join(top, name), 'w') as f:
                f.write(text)
        if built:
            self.run('cc', '-c', '-o', 'x.o', 'bear/x.c')
            self.run('ar', 'rc', 'bear/build/libbearssl.a', 'x.o')

    def run(self, *args):
        """Its exit status and what it says."""
        p = subprocess.run(args, cwd=self.top, capture_output=True,
                           timeout=3 * WAIT)
        return p.returncode, (p.stdout + p.stderr).decode('latin-1')

    def make(self, *args):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith('MAKE') and k != 'MFLAGS'}
        p = subprocess.run(('make', 'OBJ=', 'HDR=') + args, cwd=self.top,
                           env=env, capture_output=True, timeout=3 * WAIT)
        return p.returncode, (p.stdout + p.stderr).decode('latin-1')


def tools():
    for tool in 'make', 'cc', 'ar':
        if not shutil.which(tool):
            raise Skip('no ' + tool)


def links(target, name):
    tools()
    for place in 'bear', None:
        with tempfile.TemporaryDirectory() as top:
            t = Tree(top, True)
            status, said = t.make('BEARSSL=' + (place or t.lib), target)
            same(status, 0, 'status of make (%s)' % said)
            same(t.run('./' + name)[0], 42, 'its answer')
    with tempfile.TemporaryDirectory() as top:
        t = Tree(top, False)
        status, said = t.make('BEARSSL=bear', target)
        assert status != 0, said
        assert 'make -C bear lib' in said, said
        # nor is the system's taken without being asked for
        same(t.make('BEARSSL=', target)[0] != 0, True, 'the answer')


@case
def program():
    links('weir', 'weir')


@case
def static():
    if not shutil.which('musl-gcc'):
        raise Skip('no musl-gcc')
    links('static', 'weir-static')


main()
