/** Python in which an attack is written: sockets, a way through the proxy, and TLS greetings made by hand. */
export function python(word: string, body: string): string {
  return `python3 - <<'END'\n${prelude}\nword = b'${word}'\n${body}\nEND\ntrue\n`;
}

const prelude = `
import os, socket, struct, sys, time
def tcp(host, port, family=socket.AF_INET):
    try:
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(3)
        s.connect((host, port))
        return s
    except OSError as error:
        print(host, port, error)
def say(s, data):
    try:
        if s: s.sendall(data); return s.recv(4096)
    except OSError as error:
        print(error)
def tunnel(authority, port=3128):
    s = tcp('127.0.0.1', port)
    if not s: return
    authority = authority if isinstance(authority, bytes) else authority.encode()
    answer = say(s, b'CONNECT ' + authority + b' HTTP/1.1\\r\\nhost: ' + authority + b'\\r\\n\\r\\n')
    print(authority, answer and answer[:60])
    return s if answer and b' 200 ' in answer[:20] else None
def ext(kind, body): return struct.pack('!HH', kind, len(body)) + body
def sni(*names):
    each = b''.join(b'\\0' + struct.pack('!H', len(n)) + n.encode() for n in names)
    return ext(0, struct.pack('!H', len(each)) + each)
def alpn(data): return ext(16, struct.pack('!HB', len(data) + 1, len(data)) + data)
def handshake(*exts):
    e = b''.join(exts)
    body = b'\\3\\3' + b'\\1' * 32 + b'\\0' + struct.pack('!H', 2) + b'\\x13\\1' + b'\\1\\0' + struct.pack('!H', len(e)) + e
    return b'\\1' + struct.pack('!I', len(body))[1:] + body
def record(data): return b'\\x16\\3\\1' + struct.pack('!H', len(data)) + data
def hello(*exts): return record(handshake(*exts))
`;
