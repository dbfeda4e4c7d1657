"""Makes, each in a child of its own, the system calls that an escape would need. Says nothing: a tracer outside sees how they end."""
import ctypes, mmap, os, sys

libc = ctypes.CDLL(None, use_errno=True)


def child(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    os.waitpid(pid, 0)


def call(number, *args):
    six = [*args, 0, 0, 0, 0, 0, 0][:6]
    child(lambda: libc.syscall(ctypes.c_long(number), *[ctypes.c_long(arg) for arg in six]))


def int80():
    """alarm by the 32-bit door, which nothing else here calls: mov eax, 27; int 0x80; ret."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b'\xb8\x1b\x00\x00\x00\xcd\x80\xc3')
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


# x86_64's numbers; arguments with which the kernel does no harm even where it obeys.
kernel = [
    (103, 10), (250, 0, -1), (248,), (249,), (321, 0, 0, 0), (323, 0), (298,), (303,), (304,), (310, os.getpid()), (311, os.getpid()),
    (438, -1, 0, 0), (246, 0, 0, 0, 0), (175, 0, 0, 0), (313, -1, 0, 0), (176, 0, 0), (312, os.getpid(), os.getpid(), 0, 0, 0), (101, 17),
]
sockets = [(40, 1, 0), (38, 5, 0), (17, 3, 0), (2, 3, 1), (16, 3, 12)]
if sys.argv[1] == 'kernel':
    for number, *args in kernel: call(number, *args)
else:
    for family, kind, protocol in sockets: call(41, family, kind, protocol)
    call(425, 1, 0)
    child(lambda: libc.syscall(ctypes.c_long(0x40000000 + 39)))
    child(int80)
