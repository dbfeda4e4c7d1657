import { describe, expect, test } from 'vitest';
import { isPublicAddress } from '../../src/gateway/addresses.ts';
import { checkConnect, normaliseHost } from '../../src/gateway/hosts.ts';
import { bypasses } from '../../src/gateway/way-out.ts';

const allow = (host: string) => host === 'registry.example.com';

describe('the authority of a CONNECT request', () => {
  test.each(['registry.example.com:443', 'REGISTRY.Example.com:443', 'registry.example.com.:443'])(
    '%s is the listed host',
    (authority) => {
      expect(checkConnect(authority, allow)).toEqual({ type: 'host', host: 'registry.example.com' });
    },
  );

  test.each([
    'example.com:443',
    'evil.registry.example.com:443',
    'registry.example.com.evil.net:443',
    'xregistry.example.com:443',
    'registry.example.com:80',
    'registry.example.com:22',
    'registry.example.com:0443:443',
    'registry.example.com',
    'registry.example.com..:443',
    'user@registry.example.com:443',
    'registry.example.com@evil.net:443',
    'registry.example.com#.evil.net:443',
    'registry.example.com/x:443',
    'registry.example.com\u0000.evil.net:443',
    'régistry.example.com:443',
    '93.184.216.34:443',
    '[2606:2800:220:1::1]:443',
    '2606:2800:220:1::1:443',
    '1572395042:443',
    '0x5db8d822:443',
    '0x5d.0xb8.0xd8.0x22:443',
    'localhost:443',
    '*.example.com:443',
    '',
  ])('%j is refused', (authority) => {
    expect(checkConnect(authority, allow)).toMatchObject({ type: 'refused' });
  });

  test('an address is refused though somebody listed it', () => {
    expect(checkConnect('93.184.216.34:443', () => true)).toMatchObject({ type: 'refused' });
  });
});

test.each(['a b.example', 'a..example', '-a.example', 'a_/x.example', 'localhost', '1.2.3.4', '1.2.3.0x7f', ''])(
  '%j is no name that could be listed',
  (text) => {
    expect(normaliseHost(text)).toBeUndefined();
  },
);

describe('addresses', () => {
  test.each(['93.184.216.34', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::200e'])(
    '%s is public',
    (a) => {
      expect(isPublicAddress(a)).toBe(true);
    },
  );

  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:93.184.216.34',
    '::7f00:1',
    '64:ff9b::a00:1',
    '2002:a00:1::1',
    '2001::1',
    '2001:db8::1',
    'not an address',
    '',
  ])('%j is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

test.each([
  ['example.com', 'example.com', true],
  ['.example.com', 'a.example.com', true],
  ['*.example.com, other.net', 'a.b.example.com', true],
  ['*', 'anything.net', true],
  ['example.com', 'badexample.com', false],
  ['', 'example.com', false],
])('NO_PROXY %j covers %s: %s', (noProxy, host, covered) => {
  expect(bypasses(noProxy, host)).toBe(covered);
});
