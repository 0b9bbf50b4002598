"""What fuzzing begins with: the texts and bytes of a unit test, and files.

    seeds.py DIR FILE...     puts each into a file of its own in DIR

A FILE in C has been preprocessed, so that its strings are whole; of it come
each string, and each array of bytes. Any other is taken as it is, and what
stands in it as PEM also as DER.
"""
import base64
import hashlib
import os
import re
import sys

STRING = r'"(?:[^"\\\n]|\\.)*"'
STRINGS = re.compile(r'%s(?:\s+%s)*' % (STRING, STRING))
ESCAPE = re.compile(rb'\\(x[0-9a-fA-F]+|[0-7]{1,3}|.)', re.S)
PLAIN = {b'n': b'\n', b'r': b'\r', b't': b'\t'}
ARRAY = re.compile(r'\{\s*((?:0x[0-9a-f]{2},\s*)+0x[0-9a-f]{2})\s*\}')
PEM = re.compile(rb'-----BEGIN [^-]*-----(.*?)-----END', re.S)


def unescape(m):
    s = m.group(1)
    if s[:1] == b'x':
        return bytes([int(s[1:], 16) & 255])
    if s[:1].isdigit():
        return bytes([int(s, 8) & 255])
    return PLAIN.get(s, s)


def of_c(text):
    # what the preprocessor says of lines and files
    text = re.sub(r'^#.*\n', '', text, flags=re.M)
    for m in STRINGS.finditer(text):
        parts = re.findall(STRING, m.group())
        yield b''.join(ESCAPE.sub(unescape, p[1:-1].encode('latin-1'))
                       for p in parts)
    for m in ARRAY.finditer(text):
        yield bytes(int(x, 16) for x in m.group(1).split(','))


def of_file(path):
    with open(path, 'rb') as f:
        data = f.read()
    if path.endswith('.i'):
        yield from of_c(data.decode('latin-1'))
        return
    yield data
    for m in PEM.finditer(data):
        yield base64.b64decode(m.group(1))


top = sys.argv[1]
for path in sys.argv[2:]:
    for seed in of_file(path):
        if 1 < len(seed) < 20000:
            name = hashlib.sha1(seed).hexdigest()
            with open(os.path.join(top, name), 'wb') as f:
                f.write(seed)
