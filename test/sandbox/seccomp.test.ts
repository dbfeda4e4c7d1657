import { expect, test } from 'vitest';
import { groups, seccompProfile } from '../../src/sandbox/seccomp.ts';

const profile = seccompProfile('x86_64');
const names = profile.syscalls.flatMap((rule) => rule.names);
const freely = profile.syscalls
  .filter((rule) => rule.action === 'SCMP_ACT_ALLOW' && (rule.args ?? []).length === 0)
  .flatMap((rule) => rule.names);

test('what is not listed is refused', () => {
  expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
});

test.each(
  `mount umount umount2 pivot_root fsopen fsmount fspick open_tree move_mount mount_setattr unshare setns ptrace
  process_vm_readv process_vm_writev pidfd_getfd kcmp keyctl add_key request_key bpf perf_event_open userfaultfd
  io_uring_setup io_uring_enter io_uring_register open_by_handle_at name_to_handle_at init_module finit_module
  delete_module kexec_load kexec_file_load reboot swapon swapoff syslog acct quotactl settimeofday clock_settime
  clock_adjtime adjtimex iopl ioperm modify_ldt vm86 uselib nfsservctl lookup_dcookie chroot sethostname setdomainname
  vhangup fanotify_init move_pages migrate_pages mbind process_madvise statmount listmount socketcall io_setup`.split(
    /\s+/,
  ),
)('%s is not listed', (name) => {
  expect(names).not.toContain(name);
});

test('calls that are safe only with some arguments are never allowed freely', () => {
  for (const name of ['socket', 'socketpair', 'clone', 'clone3', 'mknod', 'mknodat', 'personality']) {
    expect(freely).not.toContain(name);
  }
});

test('clone is allowed only without a namespace, and clone3 is not there at all', () => {
  expect(profile.syscalls.filter((rule) => rule.names.includes('clone'))).toEqual([
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
  ]);
  expect(profile.syscalls).toContainEqual({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
});

test('only unix, internet and route sockets can be made', () => {
  const families = profile.syscalls
    .filter((rule) => rule.names.includes('socket'))
    .map((rule) => rule.args?.find((arg) => arg.index === 0)?.value);
  expect(new Set(families)).toEqual(new Set([1, 2, 10, 16]));
});

test('each name is listed once, for the native ABI alone', () => {
  expect(freely.length).toBe(new Set(freely).size);
  expect(profile.architectures).toEqual(['SCMP_ARCH_X86_64']);
  expect(seccompProfile('aarch64').architectures).toEqual(['SCMP_ARCH_AARCH64']);
});

test('each group of calls has its reason', () => {
  for (const { why, calls } of groups) {
    expect(why.length).toBeGreaterThan(40);
    expect(calls.trim()).toBe(calls);
  }
});

test('an architecture that it was not written for is an error', () => {
  expect(() => seccompProfile('riscv64')).toThrow('riscv64');
});
