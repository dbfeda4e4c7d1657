interface Group {
  /** What work needs it, and what near it is left out. */
  readonly why: string;
  /** Names of calls, parted by spaces. */
  readonly calls: string;
}

/**
 * The system calls a sandbox may make; everything else is EPERM. Written from the manual pages of section 2 and the
 * kernel's own tables: what compilers, interpreters, git, databases under test and file watchers need, and no more.
 * In no group, on purpose: namespaces and mounts (a way to other files), keyrings, bpf, perf and io_uring (a kernel's worth of code behind one
 * call each, and io_uring passes by this very list), modules, kexec, the console, kernel AIO, swap, quotas, and `socketcall`, behind which a
 * 32-bit program would hide what kind of socket it makes.
 */
export const groups: readonly Group[] = [
  {
    why: 'Every program opens, reads, writes, renames and links files, and package managers set their times, owners and attributes. What can be reached is up to mounts and uid; handles that pass by those (open_by_handle_at) are not here.',
    calls: `access faccessat faccessat2 open openat openat2 creat close close_range read write readv writev pread64 pwrite64
    preadv pwritev preadv2 pwritev2 lseek stat fstat lstat newfstatat statx statfs fstatfs truncate ftruncate fallocate
    fadvise64 readahead copy_file_range sendfile splice tee sync syncfs fsync fdatasync sync_file_range cachestat
    getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat
    symlink symlinkat readlink readlinkat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat umask utime utimes
    futimesat utimensat flock fcntl ioctl dup dup2 dup3 pipe pipe2 memfd_create
    getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr
    listxattrat removexattr lremovexattr fremovexattr removexattrat`,
  },
  {
    why: "Servers and test runners wait for many things at once; inotify is how watchers of tsc, vite and jest see a change. fanotify, which sees other users' files, is not here.",
    calls: `poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old
    epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 inotify_init inotify_init1 inotify_add_watch
    inotify_rm_watch timerfd_create timerfd_settime timerfd_gettime`,
  },
  {
    why: "Interpreters map, protect and give back memory. userfaultfd, a tool of exploits, is not here, nor placement on NUMA nodes, nor reading another's memory.",
    calls: `brk mmap munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock munlockall membarrier
    pkey_alloc pkey_free pkey_mprotect map_shadow_stack mseal`,
  },
  {
    why: 'Builds start processes and threads, wait for them and end their own. ptrace and all that looks into another process are not here; landlock and seccomp only take rights away.',
    calls: `fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pidfd_open pidfd_send_signal
    getpid gettid getppid getpgid setpgid getpgrp getsid setsid prctl arch_prctl set_tid_address set_thread_area
    get_thread_area set_robust_list get_robust_list rseq futex futex_waitv futex_wake futex_wait futex_requeue
    restart_syscall seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self`,
  },
  {
    why: "libc's way to handle and send signals, which the kernel allows within one uid.",
    calls: `rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait sigaltstack alarm pause`,
  },
  {
    why: "Programs ask who they are, and give up rights they don't have. Without capabilities none of these gains one.",
    calls: `getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid
    setfsuid setfsgid setgroups capget capset`,
  },
  {
    why: 'Runtimes ask for cores and priorities; only lowering works without a capability.',
    calls: `sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler
    sched_setscheduler sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min sched_rr_get_interval
    getpriority setpriority ioprio_get ioprio_set getrlimit setrlimit prlimit64 getrusage getcpu`,
  },
  {
    why: 'Reading clocks, sleeping, timers. Setting a clock is not here.',
    calls: `time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep times getitimer setitimer timer_create
    timer_settime timer_gettime timer_getoverrun timer_delete`,
  },
  {
    why: "The kernel's name, memory figures, random numbers.",
    calls: 'uname sysinfo getrandom',
  },
  {
    why: 'Work on a socket once there is one; which kinds can be made is said below.',
    calls: `bind connect listen accept accept4 shutdown getsockname getpeername getsockopt setsockopt sendto recvfrom sendmsg
    recvmsg sendmmsg recvmmsg`,
  },
  {
    why: "Shared memory, semaphores and queues of databases under test; they end at the container's own IPC namespace.",
    calls: `shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend
    mq_timedreceive mq_notify mq_getsetattr`,
  },
];

/** Of all address families these. AF_VSOCK leads to the hypervisor, AF_ALG into the kernel's crypto (CVE-2026-31431), packet and raw sockets to forged packets. */
const af = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const sock = { stream: 1, dgram: 2, raw: 3, seqpacket: 5 } as const;
/** Low bits of socket(2)'s type; the rest are SOCK_NONBLOCK and SOCK_CLOEXEC. */
const sockTypeMask = 0xf;
const netlinkRoute = 0;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const cloneNamespaces = 0x7e020000;
const fileTypeMask = 0o170000;
const makeable = [0, 0o100000, 0o010000]; // a regular file (written either way), a FIFO; no device
const enosys = 38;

interface Argument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
}

interface Rule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly Argument[];
}

export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly architectures: readonly string[];
  readonly syscalls: readonly Rule[];
}

const equal = (index: number, value: number): Argument => ({ index, value, op: 'SCMP_CMP_EQ' });
const masked = (index: number, mask: number, value: number): Argument => ({
  index,
  value: mask,
  valueTwo: value,
  op: 'SCMP_CMP_MASKED_EQ',
});
const allow = (name: string, ...args: Argument[]): Rule => ({ names: [name], action: 'SCMP_ACT_ALLOW', args });

/**
 * The profile for one machine architecture as `docker info` spells it (`x86_64`, `aarch64`). Only the native ABI is
 * listed, so a 32-bit or x32 call, whose numbers mean other calls, kills the caller. Throws on an architecture it was not written for.
 */
export function seccompProfile(architecture: string): SeccompProfile {
  const native = { x86_64: 'SCMP_ARCH_X86_64', aarch64: 'SCMP_ARCH_AARCH64' }[architecture];
  if (native === undefined) throw new Error(`no seccomp profile for the architecture ${architecture}`);
  const socketTypes: readonly (readonly [number, number])[] = [
    [af.unix, sock.stream],
    [af.unix, sock.dgram],
    [af.unix, sock.seqpacket],
    [af.inet, sock.stream],
    [af.inet, sock.dgram],
    [af.inet6, sock.stream],
    [af.inet6, sock.dgram],
  ];
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: [native],
    syscalls: [
      { names: groups.flatMap(({ calls }) => calls.split(/\s+/)), action: 'SCMP_ACT_ALLOW' },
      ...socketTypes.map(([family, type]) => allow('socket', equal(0, family), masked(1, sockTypeMask, type))),
      // getifaddrs, and so os.networkInterfaces() of every dev server; this namespace has only `lo` to tell of.
      ...[sock.raw, sock.dgram].map((type) =>
        allow('socket', equal(0, af.netlink), masked(1, sockTypeMask, type), equal(2, netlinkRoute)),
      ),
      allow('socketpair', equal(0, af.unix)),
      allow('clone', masked(0, cloneNamespaces, 0)),
      // Its flags lie behind a pointer where no filter can look; "not there" makes every libc fall back to clone.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
      ...makeable.map((type) => allow('mknod', masked(1, fileTypeMask, type))),
      ...makeable.map((type) => allow('mknodat', masked(2, fileTypeMask, type))),
      allow('personality', equal(0, 0)),
      allow('personality', equal(0, 0xffffffff)), // only asks
    ],
  };
}
